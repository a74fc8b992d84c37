/**
 * What can go wrong in an expression, and what may be said of it. Values never appear: a message holds the code, the position and
 * words of the expression's own text, because what the expression was looking at may be a secret.
 */
import type { ExpressionResult } from '../domain/expression.ts'

/** An expression could not be computed from these values. The message is ours and quotes nothing. */
export class ExpressionFailure extends Error {}

/** An expression asked for more than its bounds allow. */
export class BoundExceeded extends Error {}

/** JSONata's codes for its own guards: stack, timeout, range and sequence. */
const BOUND_CODES = new Set(['D1011', 'D1012', 'D2014', 'D2015'])

/** JSONata's messages embed the values; these are its meanings without them. */
const MEANINGS: Readonly<Record<string, string>> = {
  D1001: 'a number is out of range',
  D1002: 'only a number can be negated',
  D1004: 'the regular expression matches nothing, again and again',
  D1009: 'two keys of an object are the same',
  D1011: 'the recursion is too deep',
  D1012: 'it took too long',
  D1013: 'a key of an object is reserved',
  D2014: 'the range is too long',
  D2015: 'the sequence is too long',
  D3001: 'a number is out of range',
  D3030: 'the value cannot be read as a number',
  D3070: 'only numbers or only texts can be sorted without a comparison',
  D3110: 'the text is not an ISO 8601 time',
  D3137: '$error was called',
  D3138: '$single found more than one',
  D3139: '$single found none',
  D3140: 'the text is not a well-formed URL',
  D3141: 'the assertion does not hold',
  T0410: 'an argument has the wrong type',
  T0411: 'the context has the wrong type for an argument',
  T0412: 'an argument is an array of the wrong type',
  T1003: 'a key of an object is not text',
  T1005: 'what is called is not a function',
  T1006: 'what is called is not a function',
  T1007: 'what is called is not a function',
  T1008: 'what is called is not a function',
  T1010: 'a matcher did not return a match',
  T2001: 'the left side is not a number',
  T2002: 'the right side is not a number',
  T2003: 'the left side is not an integer',
  T2004: 'the right side is not an integer',
  T2006: 'the right side is not a function',
  T2007: 'values of different types cannot be sorted',
  T2008: 'only numbers and texts can be sorted',
  T2009: 'the two sides have different types',
  T2010: 'only numbers and texts can be compared',
  T2011: 'the update is not an object',
  T2012: 'the deletion is not a list of names',
}

/** The result for anything that was thrown while `source` was evaluated. */
export function failureOf(thrown: unknown, source: string): ExpressionResult & { ok: false } {
  if (thrown instanceof ExpressionFailure) return { ok: false, reason: 'failed', detail: thrown.message }
  if (thrown instanceof BoundExceeded) return { ok: false, reason: 'bound_exceeded', detail: thrown.message }
  const { code, position, token, name } = membersOf(thrown)
  if (typeof code === 'string' && /^[STD]\d{4}$/.test(code)) {
    const reason = BOUND_CODES.has(code) ? 'bound_exceeded' : 'failed'
    return {
      ok: false,
      reason,
      detail: `${code}${placeIn(source, position, token)}: ${MEANINGS[code] ?? 'it cannot be computed'}`,
    }
  }
  // V8 says so when the stack, a string or an array outgrows its own limits.
  if (name === 'RangeError') return { ok: false, reason: 'bound_exceeded', detail: 'too deep or too large' }
  return { ok: false, reason: 'failed', detail: 'it cannot be computed from these values' }
}

/** ` at character 12 ($contains)`, as far as that is known and is text of the expression. */
function placeIn(source: string, position: unknown, token: unknown): string {
  const place =
    Number.isInteger(position) && Number(position) <= source.length ? ` at character ${String(position)}` : ''
  const isOwnText = typeof token === 'string' && token.length > 0 && token.length <= 64 && source.includes(token)
  return isOwnText ? `${place} (${token})` : place
}

/** The members that matter, of whatever was thrown and in whatever realm it was made. */
function membersOf(thrown: unknown): { code?: unknown; position?: unknown; token?: unknown; name?: unknown } {
  return typeof thrown === 'object' && thrown !== null ? thrown : {}
}
