/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` in every text of the configuration; `$${` stands for a plain `${`. What
 * cannot be replaced is a finding with the place and the remedy: a secret that is silently empty would accept forged requests.
 */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type DocumentPath, locate, pathText } from '../document/yaml-document.ts'
import type { Finding } from '../domain/finding.ts'
import { nearest } from '../domain/suggestion.ts'
import { type Draft, isMapping } from './draft.ts'

export interface InterpolationSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths of `${file:…}` start here. */
  readonly directory: string
}

const MAX_FILE_BYTES = 64 * 1024

/** Interpolates the draft in place. Answers with the findings and the names of all variables that were asked for. */
export function interpolate(
  draft: Draft,
  sources: InterpolationSources,
): { findings: Finding[]; variables: ReadonlySet<string> } {
  const findings: Finding[] = []
  const variables = new Set<string>()
  const replace = (value: unknown, path: DocumentPath): unknown => {
    if (typeof value === 'string') return value.includes('${') ? replaceText(value, path) : value
    if (Array.isArray(value)) return value.map((item, at) => replace(item, [...path, at]))
    if (!isMapping(value)) return value
    for (const [key, item] of Object.entries(value)) value[key] = replace(item, [...path, key])
    return value
  }
  const replaceText = (text: string, path: DocumentPath): string => {
    const references: string[] = []
    const replaced = text.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (found, expression: string | undefined, end: string) => {
      if (expression === undefined) return '${'
      const resolved = end === '' ? MALFORMED : evaluate(expression, sources, variables)
      if (typeof resolved === 'string') {
        references.push(`\${${expression.replace(/:-.*$/s, ':-…')}}`)
        return resolved
      }
      findings.push(locate(draft, { path, ...resolved, message: `${pathText(path)} ${resolved.message}` }))
      return found
    })
    if (references.length > 0) draft.markInterpolated(path, references)
    return replaced
  }
  replace(draft.data, [])
  return { findings, variables }
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string
}

const MALFORMED: Failure = {
  code: 'config_malformed_reference',
  message: 'has a reference that cannot be read',
  hint: 'Write ${NAME}, ${NAME:-default} or ${file:/path}; a plain ${ is written $${.',
}

function evaluate(expression: string, sources: InterpolationSources, variables: Set<string>): string | Failure {
  const path = /^file:(.+)$/s.exec(expression)?.[1]
  if (path !== undefined) return readSecretFile(resolve(sources.directory, path))
  const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(expression)
  if (parts === null) return MALFORMED
  const name = parts[1]!
  variables.add(name)
  const value = sources.env[name]
  if (value !== undefined && value !== '') return value
  const fallback = parts[2]
  if (fallback !== undefined) return fallback
  const near = value === undefined ? nearest(name, Object.keys(sources.env)) : null
  return {
    code: 'config_missing_variable',
    message: `needs the environment variable ${name}, which is ${value === undefined ? 'not set' : 'empty'}`,
    hint: near === null ? `Set it, or give a default: \${${name}:-…}.` : `Did you mean ${near}? Otherwise set ${name}.`,
  }
}

/** The text of the file without the line break that editors and secret stores put at the end. */
export function readSecretFile(path: string): string | Failure {
  try {
    const { size } = statSync(path)
    if (size > MAX_FILE_BYTES) {
      return {
        code: 'config_unreadable_file',
        message: `reads ${path}, which is larger than 64 KB`,
        hint: 'Name the file that holds the value alone.',
      }
    }
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    if (text !== '') return text
    return {
      code: 'config_unreadable_file',
      message: `reads ${path}, which is empty`,
      hint: 'Write the value into it.',
    }
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    return {
      code: 'config_unreadable_file',
      message: `reads ${path}, which ${reason}`,
      hint: 'Create it, readable for the user of the gateway.',
    }
  }
}
