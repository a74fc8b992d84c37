/**
 * Where an alternative's timestamp stands: a place of the request, or a part of a composite signature. It is kept as text, because
 * the text is what was signed; timestamp.ts says what time it is.
 */
import { andThen, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { compilePlace, describePlace, type Located, type PlaceContext } from './place.ts'
import { invalidClause, isRefusal, type Refusal, refuse } from './scheme.ts'
import { type AgeRule, compileAgeRule } from './timestamp.ts'
import type { ExpressionCompiler } from './verifier.ts'

export interface TimestampReader {
  readonly age: AgeRule
  read(context: PlaceContext, parts: ReadonlyMap<string, string>): MaybePromise<string | Refusal>
}

/** Undefined for an alternative without a timestamp. */
export function compileTimestamp(
  alternative: Alternative,
  placeholders: readonly string[],
  compileExpression: ExpressionCompiler,
): TimestampReader | undefined {
  const { timestamp, tolerance } = alternative
  if (timestamp === undefined) {
    if (tolerance !== undefined) throw invalidClause(alternative, 'tolerance', 'a tolerance needs a timestamp clause')
    return undefined
  }
  const age = compileAgeRule(timestamp.unit, tolerance)
  const { part } = timestamp
  const locate = compilePlace(timestamp, compileExpression)
  if ((part === undefined) === (locate === undefined)) {
    throw invalidClause(alternative, 'timestamp', 'the timestamp needs exactly one of header, query, form, body, part')
  }
  if (part !== undefined) {
    if (!placeholders.includes(part)) {
      throw invalidClause(alternative, 'timestamp', `the signature's format has no placeholder {${part}}`)
    }
    const missing = refuse('timestamp_missing', `The signature's value has no {${part}}.`)
    return { age, read: (_, parts) => parts.get(part) ?? missing }
  }
  const place = describePlace(timestamp)
  const missing = refuse('timestamp_missing', `The ${place} with the timestamp is missing.`)
  const ambiguous = refuse('signature_ambiguous', `The ${place} with the timestamp was sent more than once.`)
  const interpret = (located: Located): string | Refusal => {
    if (located === undefined) return missing
    if (isRefusal(located)) return located
    return located.length === 1 ? located[0]! : ambiguous
  }
  return { age, read: (context) => andThen(locate!(context), interpret) }
}
