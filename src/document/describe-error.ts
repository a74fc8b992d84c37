/** Turns one error of the schema validator into a remark for people: what, where, and what to do. */
import type { ErrorObject } from 'ajv/dist/2020.js'
import { nearest, suggest } from '../domain/suggestion.ts'
import { type Schema, type SchemaValidator, schemaAround } from './schema-validator.ts'
import { constantsOf, expectationText, kindText, phrase, typeText, valueText } from './wording.ts'
import { type DocumentPath, pathText, type Remark } from './yaml-document.ts'

export interface ErrorContext {
  readonly path: DocumentPath
  /** The value must not be shown. */
  readonly isSecret: boolean
  readonly validator: SchemaValidator
}

/** The key an error complains of as unknown; null for errors about anything else. */
export function unknownKeyOf(error: ErrorObject): string | null {
  if (error.keyword === 'additionalProperties') return String(error.params.additionalProperty)
  if (error.keyword === 'unevaluatedProperties') return String(error.params.unevaluatedProperty)
  return null
}

/** Null for errors that others say better. Codes are `schema_…` and stable. */
export function describeError(error: ErrorObject, { path, isSecret, validator }: ErrorContext): Remark | null {
  const { data, keyword, params } = error
  const schema = schemaAround(error)
  const where = pathText(path)
  const seen = isSecret ? kindText(data) : valueText(data)
  const about = schema.description ?? null
  const nearHint = (words: readonly string[]): string | null =>
    typeof data === 'string' && !isSecret ? nearestHint(data, words) : null
  const remark = (code: string, message: string, hint: string | null): Remark => ({
    path,
    code: `schema_${code}`,
    message,
    hint,
  })
  const bound = (message: string, hint: string | null = about): Remark => remark('out_of_bounds', message, hint)

  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return describeUnknownKey(String(unknownKeyOf(error)), path, schema)
    case 'required':
      return describeMissingKey(String(params.missingProperty), path, schema)
    case 'dependentRequired':
      return describeMissingKey(String(params.missingProperty), path, schema, String(params.property))
    case 'type':
      return remark(
        'wrong_type',
        `${where} must be ${typeText(params.type)}, not ${seen}`,
        typeHint(data, params.type) ?? about,
      )
    case 'enum':
    case 'const': {
      const words = constantsOf(schema, validator)
      return remark('not_allowed', `${where} is ${seen}, which is not one of ${words.join(', ')}`, nearHint(words))
    }
    case 'oneOf':
    case 'anyOf': {
      const hint = nearHint(constantsOf(schema, validator)) ?? about
      return remark(
        'wrong_type',
        `${where} must be ${expectationText({ [keyword]: schema[keyword] }, validator)}, not ${seen}`,
        hint,
      )
    }
    case 'discriminator':
      return describeTag(error, path, validator)
    case 'pattern':
      // Under `propertyNames` the pattern is about the key.
      if (error.propertyName !== undefined) return describeKey(error.propertyName, path, schema)
      return remark(
        'bad_format',
        `${where} is ${seen}, which has not the right form`,
        about ?? `It must match ${schema.pattern}.`,
      )
    case 'format': {
      const hint = params.format === 'date-time' ? 'Write it like 2026-03-02T10:00:00Z.' : about
      return remark('bad_format', `${where} is ${seen}, which is no ${params.format}`, hint)
    }
    case 'minLength':
      return bound(
        data === '' ? `${where} is empty` : `${where} is too short`,
        about ?? `Give it at least ${count(params.limit, 'character')}.`,
      )
    case 'maxLength':
      return bound(`${where} is too long`, about ?? `Give it at most ${count(params.limit, 'character')}.`)
    case 'minItems':
    case 'minProperties':
      return bound(`${where} must have at least ${count(params.limit, 'entry')}`)
    case 'maxItems':
    case 'maxProperties':
      return bound(`${where} must have at most ${count(params.limit, 'entry')}`)
    case 'uniqueItems':
      return {
        ...remark('duplicate', `${where} names the same thing twice`, 'Remove one of them.'),
        path: [...path, Math.max(Number(params.i), Number(params.j))],
      }
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
    case 'multipleOf':
      return bound(`${where} is ${seen} but ${error.message}`)
    // Said already by the errors inside them.
    case 'propertyNames':
    case 'if':
      return null
    default:
      return remark('invalid', `${where} ${error.message}`, about)
  }
}

function describeUnknownKey(key: string, path: DocumentPath, schema: Schema): Remark {
  const within = path.length === 0 ? '' : ` in ${pathText(path)}`
  const hint =
    key === '<<'
      ? 'Merge keys are not supported; write the values out.'
      : suggest(key, Object.keys(schema.properties ?? {}))
  return {
    path: [...path, key],
    atKey: true,
    code: 'schema_unknown_key',
    message: `unknown key ${valueText(key)}${within}`,
    hint,
  }
}

function describeMissingKey(key: string, path: DocumentPath, schema: Schema, because?: string): Remark {
  const description = schema.properties?.[key]?.description
  const reason = because === undefined ? '' : `"${because}" but `
  return {
    path,
    atKey: true,
    code: 'schema_missing_key',
    message: `${pathText(path)} has ${reason}no "${key}"`,
    hint: description === undefined ? `Add "${key}: …".` : `Add "${key}: …": ${phrase(description)}.`,
  }
}

function describeKey(key: string, path: DocumentPath, schema: Schema): Remark {
  const hint = schema.description ?? `Keys must match ${schema.pattern}.`
  return {
    path: [...path, key],
    atKey: true,
    code: 'schema_bad_key',
    message: `the key ${valueText(key)} has not the right form`,
    hint,
  }
}

/** A union told apart by the value of one member, the tag. */
function describeTag(error: ErrorObject, path: DocumentPath, validator: SchemaValidator): Remark {
  const schema = schemaAround(error)
  const tag = String(error.params.tag)
  const words = (schema.oneOf ?? []).flatMap((branch) =>
    constantsOf(validator.resolve(branch).properties?.[tag] ?? {}, validator),
  )
  const allowed = words.join(', ')
  if (error.params.error === 'tag') {
    return {
      path,
      atKey: true,
      code: 'schema_missing_key',
      message: `${pathText(path)} has no "${tag}"`,
      hint: `Give it as one of ${allowed}.`,
    }
  }
  const at = [...path, tag]
  const message = `${pathText(at)} is ${valueText(error.params.tagValue)}, which is not one of ${allowed}`
  return { path: at, code: 'schema_not_allowed', message, hint: nearestHint(String(error.params.tagValue), words) }
}

function typeHint(data: unknown, type: unknown): string | null {
  if (typeof data === 'string' && (type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(data))
    return 'Write it without quotes.'
  if ((typeof data === 'number' || typeof data === 'boolean') && type === 'string') return 'Put it in quotes.'
  if (type === 'array' && data !== null && typeof data !== 'object') return 'Put it in brackets: [ … ].'
  return null
}

function nearestHint(word: string, words: readonly string[]): string | null {
  const near = nearest(word, words)
  return near === null ? null : `Did you mean "${near}"?`
}

function count(amount: unknown, noun: 'character' | 'entry'): string {
  if (amount === 1) return `1 ${noun}`
  return `${String(amount)} ${noun === 'entry' ? 'entries' : 'characters'}`
}
