/**
 * Where in a request a value stands: a header, a query parameter, a form field, the body, or an expression over what is not yet
 * verified. Reads it from the request as it came, with its repetitions; whether a repetition is an ambiguity is for the caller to say.
 */
import { andThen, type CompiledExpression, type MaybePromise, type RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'
import { readFields, readQuery, valuesOf } from './form.ts'
import { type Refusal, refuse } from './scheme.ts'
import type { ExpressionCompiler } from './verifier.ts'
import { strictView } from './view.ts'

export interface Place {
  readonly header?: string
  /** Read instead of `header`, the first that is there, in a request that does not have it. */
  readonly aliases?: readonly string[]
  readonly header_option?: string
  readonly numbered_header?: string
  readonly query?: string
  readonly form?: string
  readonly body?: string
  readonly expression?: string
  readonly whole_body?: true
}

/** Headers of one numbered name, at most. */
export const MAX_NUMBERED = 100

export interface PlaceContext {
  readonly request: InboundRequest
  readonly view: RequestView
}

/** Every value that stands there, in order; undefined where there is none, a refusal where it cannot be read. */
export type Located = readonly string[] | Refusal | undefined

const KINDS = [
  'header',
  'header_option',
  'numbered_header',
  'query',
  'form',
  'body',
  'expression',
  'whole_body',
] as const satisfies readonly (keyof Place)[]

/** Undefined unless exactly one place is named. */
export function compilePlace(
  place: Place,
  compileExpression: ExpressionCompiler,
): ((context: PlaceContext) => MaybePromise<Located>) | undefined {
  if (KINDS.filter((kind) => place[kind] !== undefined).length !== 1) return undefined
  const {
    header,
    aliases = [],
    header_option: option,
    numbered_header: numbered,
    query,
    form,
    body,
    expression,
  } = place
  if (header !== undefined) {
    const names = [header, ...aliases].map((name) => name.toLowerCase())
    if (names.length === 1) return ({ request }) => present(request.headers.all(names[0]!))
    return ({ request }) => present(request.headers.all(names.find((name) => request.headers.has(name)) ?? ''))
  }
  if (option !== undefined) {
    return ({ request, view }) => present(request.headers.all(optionalHeader(view, option) ?? ''))
  }
  if (numbered !== undefined) return ({ request }) => present(readNumbered(request, numbered))
  if (query !== undefined) return ({ request }) => present(valuesOf(readQuery(request.url), query))
  if (form !== undefined) return ({ request }) => present(valuesOf(readFields(request.rawBody), form))
  if (body !== undefined) {
    const compiled = compileExpression(body)
    return ({ view }) => evaluateText(compiled, view)
  }
  if (expression !== undefined) {
    const compiled = compileExpression(expression)
    return ({ request, view }) => evaluateText(compiled, strictView(view, request))
  }
  return ({ request }) => (request.rawBody.length === 0 ? undefined : [Buffer.from(request.rawBody).toString('latin1')])
}

/** The header's name in lower case that the operator has set as this option. */
export function optionalHeader(view: RequestView, option: string): string | undefined {
  const name = Object.hasOwn(view.options, option) ? view.options[option]!.trim().toLowerCase() : ''
  return name === '' ? undefined : name
}

function readNumbered(request: InboundRequest, prefix: string): string[] {
  const values: string[] = []
  for (let number = 1; number <= MAX_NUMBERED; number += 1) values.push(...request.headers.all(`${prefix}${number}`))
  return values
}

/** What an expression finds in the not yet verified body, as text: a number in its digits, an array item by item. */
export function evaluateText(expression: CompiledExpression, view: RequestView): MaybePromise<Located> {
  return andThen(expression.evaluate(view), (result) => {
    if (!result.ok) return refuse('expression_failed', `${expression.source}: ${result.detail}`)
    const texts: string[] = []
    for (const value of Array.isArray(result.value) ? (result.value as unknown[]) : [result.value]) {
      if (value === undefined || value === null) continue
      if (typeof value !== 'string' && typeof value !== 'number') {
        return refuse('signature_malformed', `${expression.source} is neither text nor a number.`)
      }
      texts.push(String(value))
    }
    return present(texts)
  })
}

/** For people: `header x-signature`, `body item.token`. */
export function describePlace(place: Place): string {
  if (place.header !== undefined) return `header ${place.header.toLowerCase()}`
  if (place.header_option !== undefined) return `header of the option ${place.header_option}`
  if (place.numbered_header !== undefined) return `header ${place.numbered_header.toLowerCase()}1`
  if (place.query !== undefined) return `query parameter ${place.query}`
  if (place.form !== undefined) return `form field ${place.form}`
  if (place.whole_body === true) return 'body'
  if (place.expression !== undefined) return `value of ${place.expression}`
  return `body member ${place.body ?? ''}`
}

/** Whether the two name the same place. */
export function isSamePlace(a: Place, b: Place): boolean {
  return (
    a.header?.toLowerCase() === b.header?.toLowerCase() &&
    a.numbered_header?.toLowerCase() === b.numbered_header?.toLowerCase() &&
    a.header_option === b.header_option &&
    a.query === b.query &&
    a.form === b.form &&
    a.body === b.body &&
    a.expression === b.expression &&
    a.whole_body === b.whole_body
  )
}

function present(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values
}
