/** How findings speak of values and of what a schema asks for. */
import type { Schema, SchemaValidator } from './schema-validator.ts'

const SHOWN_LENGTH = 60

/** The value as a person would point at it: scalars as they are, cut to 60 characters; of lists and mappings only the kind. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') {
    const shown = value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value
    return JSON.stringify(shown)
  }
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return typeof value === 'object' ? 'a mapping' : literalText(value)
}

/** The kind of the value alone, for one that must not be shown. */
export function kindText(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text'
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return 'true or false'
  return valueText(value)
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  null: 'empty',
}

export function typeText(type: Schema['type']): string {
  const types = type === undefined ? ['anything'] : typeof type === 'string' ? [type] : type
  return types.map((one) => TYPE_WORDS[one] ?? one).join(' or ')
}

/** What a schema asks for, in a few words: its constants, its description where it has a pattern, or its type. */
export function expectationText(part: Schema, validator: SchemaValidator): string {
  const schema = validator.resolve(part)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  const branches = schema.oneOf ?? schema.anyOf
  if (branches !== undefined) return branches.map((branch) => expectationText(branch, validator)).join(' or ')
  if (schema.pattern !== undefined && schema.description !== undefined) return phrase(schema.description)
  if (schema.type === 'array' && schema.items !== undefined)
    return `a list, each ${expectationText(schema.items, validator)}`
  return typeText(schema.type)
}

/** The words a schema allows literally. */
export function constantsOf(part: Schema, validator: SchemaValidator): string[] {
  const schema = validator.resolve(part)
  if (schema.const !== undefined) return [literalText(schema.const)]
  if (schema.enum !== undefined) return schema.enum.map(literalText)
  return (schema.oneOf ?? schema.anyOf ?? []).flatMap((branch) => constantsOf(branch, validator))
}

function literalText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The first sentence of a description as part of another: no capital, no full stop. */
export function phrase(description: string): string {
  const sentence = /^.*?[.;](?=\s|$)/.exec(description)?.[0] ?? description
  const text = sentence.replace(/[.;]$/, '')
  return text.charAt(0).toLowerCase() + text.slice(1)
}
