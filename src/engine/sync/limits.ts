/** What an answer says about the provider's rate limit: `Retry-After` (RFC 9110 §10.2.3) and the headers that a declaration names. */
import type { CompiledRateLimit } from '../../spec/compiled-sync.ts'
import type { ApiAnswer } from './ports/api-client.ts'

export interface Limit {
  /** This answer is a refusal because of too many calls. */
  readonly isRefusal: boolean
  /** No call before; null where nothing is said. */
  readonly until: number | null
}

/** Without a word from the provider. */
const DEFAULT_WAIT_MS = 1_000
/** A provider that asks for more has made a mistake in its units, and the schedule goes on meanwhile. */
const MAX_WAIT_MS = 24 * 3_600_000

export function limitOf(
  answer: Extract<ApiAnswer, { kind: 'answered' }>,
  rule: CompiledRateLimit | null,
  now: number,
): Limit {
  const remaining = rule === null ? undefined : answer.headers[rule.remaining]
  const isUsedUp = remaining !== undefined && Number.parseFloat(remaining) < 1
  const isNamed = rule?.statuses.has(answer.status) === true
  const isRefusal = answer.status === 429 || (isNamed && (isUsedUp || answer.headers['retry-after'] !== undefined))
  const afterMs = isRefusal ? retryAfterMs(answer.headers['retry-after'], now) : null
  if (afterMs !== null) return { isRefusal, until: now + afterMs }
  const resetAt = rule !== null && isUsedUp ? resetTime(answer.headers[rule.reset], rule.unit, now) : null
  if (resetAt !== null) return { isRefusal, until: Math.min(resetAt, now + MAX_WAIT_MS) }
  return { isRefusal, until: isRefusal ? now + DEFAULT_WAIT_MS : null }
}

function resetTime(text: string | undefined, unit: CompiledRateLimit['unit'], now: number): number | null {
  const value = Number.parseFloat(text ?? '')
  if (!Number.isFinite(value) || value < 0) return null
  switch (unit) {
    case 'seconds':
      return now + value * 1_000
    case 'milliseconds':
      return now + value
    case 'epoch_seconds':
      return Math.max(now, value * 1_000)
    case 'epoch_milliseconds':
      return Math.max(now, value)
  }
}

/** Seconds or an HTTP date, in ms from now; null where it is absent or neither. */
export function retryAfterMs(text: string | undefined, now: number): number | null {
  if (text === undefined) return null
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isNaN(seconds) ? null : Math.min(Math.max(0, Math.ceil(seconds)), MAX_WAIT_MS)
}
