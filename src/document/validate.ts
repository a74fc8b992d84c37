/**
 * Checks a document against a schema and says what is wrong in few, exact sentences: one finding per mistake, at the key or value it
 * is about, with the nearest known name where one was mistyped. Values of secret members are never shown.
 */
import type { ErrorObject } from 'ajv/dist/2020.js'
import { type Finding, sortFindings } from '../domain/finding.ts'
import { nearest } from '../domain/suggestion.ts'
import { withoutForeignBranches } from './alternatives.ts'
import { describeError, unknownKeyOf } from './describe-error.ts'
import type { SchemaValidator } from './schema-validator.ts'
import { type DocumentPath, locate, type YamlDocument } from './yaml-document.ts'

export { createSchemaValidator, type SchemaValidator } from './schema-validator.ts'

export interface ValidateOptions {
  /** Whether the value at this path must not be shown, besides all under `secrets`, `keys`, `ingress_tokens`, `credentials` and `headers`. */
  readonly isHidden?: (path: DocumentPath) => boolean
  readonly maxFindings?: number
}

const HIDDEN_MEMBERS = new Set(['secrets', 'keys', 'ingress_tokens', 'credentials', 'headers'])
const DEFAULT_MAX_FINDINGS = 20

/** Findings by position, at most 20 and one that counts the rest; empty when the document is valid. */
export function validateDocument(
  document: YamlDocument,
  validator: SchemaValidator,
  options: ValidateOptions = {},
): Finding[] {
  const { isHidden = () => false, maxFindings = DEFAULT_MAX_FINDINGS } = options
  const errors = withoutForeignBranches(validator.check(document.data), validator)
  const found = new Map<string, Finding>()
  for (const error of errors) {
    // A key that is missing because it was mistyped is one mistake, and the mistyped key is where it is corrected.
    if (error.keyword === 'required' && isMistyped(error, errors)) continue
    const path = pathOf(error.instancePath, document.data)
    const isSecret = path.some((step) => HIDDEN_MEMBERS.has(String(step))) || isHidden(path)
    const remark = describeError(error, { path, isSecret, validator })
    if (remark === null) continue
    const finding = locate(document, remark)
    found.set(`${finding.line}:${finding.column}:${finding.message}`, finding)
  }
  return capFindings(sortFindings([...found.values()]), maxFindings)
}

/** The first `limit` findings and, when there are more, one that says how many. */
export function capFindings(findings: readonly Finding[], limit: number): Finding[] {
  const next = findings[limit]
  if (next === undefined) return [...findings]
  const omitted = findings.length - limit
  const message = `and ${omitted} more finding${omitted === 1 ? '' : 's'} from here on`
  return [
    ...findings.slice(0, limit),
    { ...next, code: 'findings_omitted', message, hint: 'Correct the ones above first.' },
  ]
}

/** Whether some unknown key of the same mapping is near to the one that is missing. */
function isMistyped(missing: ErrorObject, errors: readonly ErrorObject[]): boolean {
  const wanted = String(missing.params.missingProperty)
  return errors.some((error) => {
    const key = error.instancePath === missing.instancePath ? unknownKeyOf(error) : null
    return key !== null && nearest(key, [wanted]) !== null
  })
}

/** A JSON pointer as a path; steps into lists become numbers. */
function pathOf(pointer: string, data: unknown): DocumentPath {
  if (pointer === '') return []
  const path: (string | number)[] = []
  let value = data
  for (const part of pointer.slice(1).split('/')) {
    const step = part.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(value) ? Number(step) : step)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
  }
  return path
}
