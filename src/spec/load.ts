/**
 * From YAML files to specs: found, read, validated against `schemas/provider-spec.schema.json`, linted. Everything that is wrong
 * comes back as findings with places; a spec with an error among them is not given out.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { packageFile } from '../document/package-file.ts'
import { readYaml } from '../document/read-yaml.ts'
import { createSchemaValidator, type SchemaValidator, validateDocument } from '../document/validate.ts'
import { locate, type YamlDocument } from '../document/yaml-document.ts'
import { type Finding, sortFindings } from '../domain/finding.ts'
import type { ProviderSpec } from '../domain/provider-spec.gen.ts'
import { lintSpec } from './lint.ts'

export interface LoadedSpec {
  readonly file: string
  readonly spec: ProviderSpec
  /** For the positions of what examples and reports point at. */
  readonly yaml: YamlDocument
}

export interface SpecReading {
  /** Null when there is an error among the findings. */
  readonly loaded: LoadedSpec | null
  readonly findings: readonly Finding[]
}

/** A larger file is not a spec; the largest of ours has a few dozen KB. */
const MAX_SPEC_BYTES = 1_048_576

let validator: SchemaValidator | undefined

/** Digests of the built-in specs in which schema and linter have found no error, by file; `npm run schemas` writes them. */
let soundSpecs: Readonly<Record<string, string>> | undefined

/** Reads one spec. Throws only what the file system throws. */
export function readSpecFile(file: string): SpecReading {
  const { size } = statSync(file)
  if (size > MAX_SPEC_BYTES) {
    const finding: Finding = {
      code: 'spec_too_large',
      severity: 'error',
      file,
      line: 1,
      column: 1,
      message: `the file has ${size} bytes, more than ${MAX_SPEC_BYTES}`,
      hint: 'A spec is one provider with its examples; move recordings elsewhere.',
    }
    return { loaded: null, findings: [finding] }
  }
  return readSpecText(readFileSync(file, 'utf8'), file)
}

/**
 * Reads a spec that comes with the program. One that is byte for byte what was checked when the program was made is not checked again:
 * schema and linter would be 16 MB and a tenth of a second of every start. One that somebody has changed is checked like any other.
 */
export function readBuiltInSpec(file: string): SpecReading {
  const text = readFileSync(file, 'utf8')
  soundSpecs ??= JSON.parse(readFileSync(packageFile('schemas/sound-specs.json'), 'utf8')) as Record<string, string>
  if (soundSpecs[basename(file)] !== specDigest(text)) return readSpecText(text, file)
  const yaml = readYaml(text, file)
  if (yaml.findings.length > 0) return { loaded: null, findings: yaml.findings }
  return { loaded: { file, spec: yaml.data as ProviderSpec, yaml }, findings: [] }
}

/** What tells whether a spec is still the one that was checked. */
export function specDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Reads a spec from text; `file` is for the findings and for the rule that a file is named after its provider. */
export function readSpecText(text: string, file: string): SpecReading {
  const yaml = readYaml(text, file)
  if (yaml.findings.length > 0) return { loaded: null, findings: yaml.findings }
  validator ??= createSchemaValidator(
    JSON.parse(readFileSync(packageFile('schemas/provider-spec.schema.json'), 'utf8')) as object,
  )
  const shape = validateDocument(yaml, validator)
  if (shape.length > 0) return { loaded: null, findings: shape }
  const spec = yaml.data as ProviderSpec
  const findings: Finding[] = []
  lintSpec(spec, (remark) => findings.push(locate(yaml, remark)))
  const expected = basename(file, extname(file))
  if (expected !== spec.provider) {
    findings.push(
      locate(yaml, {
        path: ['provider'],
        code: 'spec_misnamed_file',
        severity: 'warning',
        message: `the file is called ${basename(file)} but its provider is "${spec.provider}"`,
        hint: `Rename it to ${spec.provider}.yaml.`,
      }),
    )
  }
  const hasError = findings.some((finding) => finding.severity === 'error')
  return { loaded: hasError ? null : { file, spec, yaml }, findings: sortFindings(findings) }
}

/** The .yaml and .yml files under the given files and folders, sorted, each once. Throws for a path that does not exist. */
export function findSpecFiles(paths: readonly string[]): string[] {
  const found = new Set<string>()
  const visit = (path: string, depth: number): void => {
    if (!statSync(path).isDirectory()) {
      found.add(path)
      return
    }
    if (depth > 8) return
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      if (entry.isDirectory()) visit(join(path, entry.name), depth + 1)
      else if (/\.ya?ml$/.test(entry.name)) found.add(join(path, entry.name))
    }
  }
  for (const path of paths) visit(path, 0)
  return [...found].sort()
}

/** The folder of the specs that come with the program. */
export function builtInSpecs(): string {
  return packageFile('specs')
}
