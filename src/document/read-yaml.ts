/**
 * Reads YAML 1.2. Reading never throws: what is wrong comes back as findings, all of them at once. Bounds on size, depth and aliases
 * make a hostile file as harmless as a wrong one.
 */
import { type Document, isNode, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import type { Finding } from '../domain/finding.ts'
import { type Excess, findExcess } from './complexity.ts'
import { createDocument, keyText, type YamlDocument } from './yaml-document.ts'

export type { YamlDocument } from './yaml-document.ts'

const MAX_BYTES = 1024 * 1024
const MAX_DEPTH = 64
const MAX_TOKENS = 200_000
const MAX_ALIASES = 100
const MAX_FINDINGS = 20

/**
 * Reads YAML 1.2, and so JSON. `file` is the name used in findings. When there are findings, at most 20, the document holds no data.
 */
export function readYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter()
  const finding: MakeFinding = (offset, code, message, hint) => {
    const { line, col } = lines.linePos(offset)
    return { code, severity: 'error', file, line: Math.max(line, 1), column: Math.max(col, 1), message, hint }
  }
  const refuse = (findings: readonly Finding[]): YamlDocument => ({
    file,
    data: null,
    findings: findings.slice(0, MAX_FINDINGS),
    positionOf: () => ({ file, line: 1, column: 1 }),
  })

  const excess =
    Buffer.byteLength(text) > MAX_BYTES ? 'bytes' : findExcess(text, { depth: MAX_DEPTH, tokens: MAX_TOKENS })
  if (excess === 'bytes')
    return refuse([finding(0, 'yaml_too_large', 'the file is larger than 1 MB', 'Split it into several files.')])
  if (excess !== null) return refuse([{ severity: 'error', file, ...describeExcess(excess) }])

  // Merge keys stay off: they are not YAML 1.2, and what a file says should stand where it is read.
  const parsed = parseDocument(text, {
    version: '1.2',
    merge: false,
    uniqueKeys: false, // checked below: the parser's own check takes 30 s for 60,000 keys
    strict: true,
    prettyErrors: false,
    lineCounter: lines,
  })
  const faults = [...parsed.errors, ...parsed.warnings]
  if (faults.length > 0) return refuse(faults.slice(0, MAX_FINDINGS).map((fault) => ofParser(fault, finding)))
  const findings = inspect(parsed, finding)
  if (findings.length > 0) return refuse(findings)
  try {
    return createDocument(parsed, lines, file, MAX_ALIASES)
  } catch {
    // Few aliases, each multiplying the last: what they stand for together is beyond the bound of `toJS`.
    return refuse([
      finding(0, 'yaml_too_many_aliases', 'the aliases of the file expand without bound', 'Write the values out.'),
    ])
  }
}

function describeExcess({
  kind,
  line,
  column,
}: Excess): Pick<Finding, 'code' | 'line' | 'column' | 'message' | 'hint'> {
  return kind === 'depth'
    ? {
        code: 'yaml_too_deep',
        line,
        column,
        message: 'the file nests too deeply here',
        hint: `${MAX_DEPTH} levels are enough for any sensible file.`,
      }
    : {
        code: 'yaml_too_large',
        line,
        column,
        message: 'the file holds too many values',
        hint: 'Split it into several files.',
      }
}

type MakeFinding = (offset: number, code: string, message: string, hint: string | null) => Finding

const REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent with spaces.',
  MULTIPLE_DOCS: 'Remove the line "---"; one file holds one document.',
  TAG_RESOLVE_FAILED: 'Write the value without a tag (the part that begins with "!").',
  BAD_INDENT: 'Close the bracket or quote, or give all keys of one level the same indentation.',
}

function ofParser(fault: YAMLError, finding: MakeFinding): Finding {
  const code = `yaml_${fault.code.toLowerCase()}`
  // The parser quotes what it stumbled over, which may be a piece of a secret.
  const message = fault.message
    .replace(/: ".*$/s, '')
    .replace(/; please use.*$/, '')
    .replace(/[.\s]+$/, '')
  return finding(fault.pos[0], code, `not valid YAML: ${message}`, REMEDIES[fault.code] ?? null)
}

/** What is valid YAML but not a document we can trust: aliases that explode or bite their tail, numbers that lose digits. */
function inspect(parsed: Document.Parsed, finding: MakeFinding): Finding[] {
  const findings: Finding[] = []
  const remark = (node: unknown, code: string, message: string, hint: string): void => {
    findings.push(finding(isNode(node) ? (node.range?.[0] ?? 0) : 0, code, message, hint))
  }
  if (parsed.directives?.yaml.explicit === true && parsed.directives.yaml.version !== '1.2') {
    remark(
      null,
      'yaml_version',
      'the file asks for another version of YAML',
      'Remove the line "%YAML"; files are read as YAML 1.2.',
    )
  }
  let aliases = 0
  visit(parsed, {
    Alias(_, node, path) {
      aliases += 1
      if (aliases > MAX_ALIASES) {
        remark(node, 'yaml_too_many_aliases', `more than ${MAX_ALIASES} aliases`, 'Write the values out.')
        return visit.BREAK
      }
      const name = `the alias "*${node.source}"`
      const target = node.resolve(parsed)
      if (target === undefined) {
        remark(
          node,
          'yaml_unknown_alias',
          `${name} stands for nothing`,
          'Define it before its use, or put the text in quotes.',
        )
      } else if (path.includes(target)) {
        remark(node, 'yaml_cyclic_alias', `${name} stands inside the value it repeats`, 'Write the value out.')
      }
      return undefined
    },
    Map(_, map) {
      const seen = new Set<string>()
      for (const { key } of map.items) {
        const name = keyText(key)
        if (name === null)
          remark(key, 'yaml_forbidden_key', 'a key must be a simple text', 'Write it as one word or in quotes.')
        else if (name === '__proto__')
          remark(key, 'yaml_forbidden_key', 'the key "__proto__" is not allowed', 'Choose another name.')
        else if (seen.has(name))
          remark(key, 'yaml_duplicate_key', `the key "${name}" stands here twice`, 'Keep one of the two.')
        else seen.add(name)
      }
    },
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'number' || isExact(node.value)) return
      const digits = (node.source ?? '').slice(0, 40)
      remark(
        node,
        'yaml_inexact_number',
        `the number ${digits} cannot be kept exactly`,
        'Put it in quotes; as text all its digits are kept.',
      )
    },
  })
  return findings
}

function isExact(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
}
