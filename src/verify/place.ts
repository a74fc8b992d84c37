/**
 * Where in a request a value stands: a header, a query parameter, a form field, or an expression over the decoded body. Reads it
 * from the request as it came, with its repetitions; whether a repetition is an ambiguity is for the caller to say.
 */
import { andThen, type CompiledExpression, type MaybePromise, type RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'
import { readForm, readQuery, valuesOf } from './form.ts'
import { type Refusal, refuse } from './scheme.ts'
import type { ExpressionCompiler } from './verifier.ts'

export interface Place {
  readonly header?: string
  readonly query?: string
  readonly form?: string
  readonly body?: string
}

export interface PlaceContext {
  readonly request: InboundRequest
  readonly view: RequestView
}

/** Every value that stands there, in order; undefined where there is none, a refusal where it cannot be read. */
export type Located = readonly string[] | Refusal | undefined

/** Undefined unless exactly one place is named. */
export function compilePlace(
  place: Place,
  compileExpression: ExpressionCompiler,
): ((context: PlaceContext) => MaybePromise<Located>) | undefined {
  const { header, query, form, body } = place
  if ([header, query, form, body].filter((one) => one !== undefined).length !== 1) return undefined
  if (header !== undefined) {
    const name = header.toLowerCase()
    return ({ request }) => present(request.headers.all(name))
  }
  if (query !== undefined) return ({ request }) => present(valuesOf(readQuery(request.url), query))
  if (form !== undefined) return ({ request }) => present(valuesOf(readForm(request.rawBody), form))
  const expression = compileExpression(body!)
  return ({ view }) => evaluateText(expression, view)
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
  if (place.query !== undefined) return `query parameter ${place.query}`
  if (place.form !== undefined) return `form field ${place.form}`
  return `body member ${place.body ?? ''}`
}

/** Whether the two name the same place. */
export function isSamePlace(a: Place, b: Place): boolean {
  return (
    a.header?.toLowerCase() === b.header?.toLowerCase() && a.query === b.query && a.form === b.form && a.body === b.body
  )
}

function present(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values
}
