/**
 * Makes sense of `oneOf` and `anyOf`: the validator reports the errors of every branch, most of which are about branches nobody meant.
 * The branch that was meant is the one whose kind the value has; only its errors stay. When the value fits the kind of none, one
 * error says what all of them ask for.
 */
import type { ErrorObject } from 'ajv/dist/2020.js'
import { type SchemaValidator, schemaAround } from './schema-validator.ts'

/** Keywords that tell at the value itself, not inside it, that a branch was not meant. */
const KIND_KEYWORDS = new Set(['type', 'const', 'enum', 'oneOf', 'anyOf'])

/** The errors with each `oneOf` and `anyOf` reduced as described above; all others as they are. */
export function withoutForeignBranches(errors: readonly ErrorObject[], validator: SchemaValidator): ErrorObject[] {
  let kept = [...errors]
  const settled: ErrorObject[] = []
  // An outer choice is reported after the choices inside it, so going backwards settles it first and takes them along.
  for (let at = kept.length - 1; at >= 0; at = Math.min(at, kept.length) - 1) {
    const error = kept[at]!
    if (error.keyword !== 'oneOf' && error.keyword !== 'anyOf') continue
    const branches = schemaAround(error)[error.keyword] ?? []
    const byBranch = branches.map((branch) => validator.checkPart(branch, error.data))
    const known = new Set(byBranch.flat().map((one) => identityOf(one, error.instancePath)))
    kept = kept.filter((other, index) => index > at || (index < at && !known.has(identityOf(other, ''))))
    const meant = meantBranch(byBranch.map((branch) => withoutForeignBranches(branch, validator)))
    if (meant === null) settled.push(error)
    else for (const one of meant) settled.push({ ...one, instancePath: error.instancePath + one.instancePath })
  }
  return [...kept, ...settled]
}

/** Of the errors by branch, those of the branch that was meant; paths are relative to the value. Null where that cannot be said. */
function meantBranch(byBranch: readonly ErrorObject[][]): ErrorObject[] | null {
  if (byBranch.some((errors) => errors.length === 0)) return null // several fit where one should
  const entered = byBranch.filter((errors) => !errors.some((one) => isAtRoot(one) && KIND_KEYWORDS.has(one.keyword)))
  const nearest = entered.toSorted((a, b) => a.length - b.length)[0]
  if (nearest === undefined) return null
  // A text that fits no pattern is better told what all branches would take: `of` is neither a duration nor quite `off`.
  return nearest.every((one) => isAtRoot(one) && one.keyword === 'pattern') ? null : nearest
}

function isAtRoot(error: ErrorObject): boolean {
  return error.instancePath === ''
}

function identityOf(error: ErrorObject, base: string): string {
  return `${base}${error.instancePath}\n${error.keyword}\n${JSON.stringify(error.params)}`
}
