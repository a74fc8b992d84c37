/**
 * A file that people write, as plain data of which every part still knows where it stands. Whoever changes the data (defaults, values
 * from the environment) makes a document of its own around it and answers for the positions.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter } from 'yaml'
import type { Finding } from '../domain/finding.ts'

/** A place in a document: member names and indexes from the root. */
export type DocumentPath = readonly (string | number)[]

export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface YamlDocument {
  readonly file: string
  /** Plain data; null for an empty file, and where there are findings. */
  readonly data: unknown
  /** What kept the file from being read; empty when `data` can be used. */
  readonly findings: readonly Finding[]
  /**
   * Where the value stands, or its key with `atKey` (for an item of a list: the item). For what is not there, the nearest thing
   * around it that is.
   */
  positionOf(path: DocumentPath, atKey?: boolean): Position
}

/** What a check reports; the document knows the place. */
export interface Remark {
  readonly path: DocumentPath
  /** Point at the key instead of the value. */
  readonly atKey?: boolean
  readonly code: string
  /** An error by default. */
  readonly severity?: 'error' | 'warning'
  readonly message: string
  readonly hint: string | null
}

/** The remark as a finding, with its place. */
export function locate(document: YamlDocument, remark: Remark): Finding {
  const { path, atKey, code, severity, message, hint } = remark
  return { code, severity: severity ?? 'error', ...document.positionOf(path, atKey), message, hint }
}

/** The path as people write it: `verify[0].signature`; `the document` for the root. */
export function pathText(path: DocumentPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? step : `.${step}`
  }
  return text === '' ? 'the document' : text
}

/** Wraps what the YAML parser made. Throws where its aliases expand beyond `maxAliases`. */
export function createDocument(
  parsed: Document.Parsed,
  lines: LineCounter,
  file: string,
  maxAliases: number,
): YamlDocument {
  const at = (node: unknown): Position | null => {
    if (!isNode(node) || node.range === null || node.range === undefined) return null
    const { line, col } = lines.linePos(node.range[0])
    return { file, line, column: col }
  }
  const start: Position = { file, line: 1, column: 1 }
  const positionOf = (path: DocumentPath, atKey = false): Position => {
    let node: unknown = parsed.contents
    let position = at(node) ?? start
    for (const [depth, step] of path.entries()) {
      const resolved: unknown = isAlias(node) ? node.resolve(parsed) : node
      if (isSeq(resolved)) {
        node = resolved.items[Number(step)]
        position = at(node) ?? position
      } else if (isMap(resolved)) {
        const pair = resolved.items.find((item) => keyText(item.key) === String(step))
        if (pair === undefined) break
        node = pair.value
        const isKey = atKey || depth < path.length - 1
        position = (isKey ? at(pair.key) : (at(pair.value) ?? at(pair.key))) ?? position
      } else break
    }
    return position
  }
  return {
    file,
    data: parsed.toJS({ maxAliasCount: maxAliases }) as unknown,
    findings: [],
    positionOf,
  }
}

/** The name under which the key's value stands in the plain data, or null for a key that is no scalar. */
export function keyText(key: unknown): string | null {
  if (!isScalar(key)) return null
  const { value } = key
  if (value === null || value === undefined) return ''
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}
