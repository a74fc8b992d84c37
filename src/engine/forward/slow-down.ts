/**
 * Listens to a destination that says it is too much: 429 or 503. Its wish to be left alone (`Retry-After`) is honoured for all of its
 * deliveries, and the attempts under way at once are halved, then come back one by one as it answers well again: additive increase,
 * multiplicative decrease, as TCP does it.
 */
import type { Outcome } from '../../domain/delivery.ts'

export interface SlowDown {
  /** Attempts that may be under way at once, as a fraction between the steps; Infinity when it has never said so. */
  readonly allowed: number
  /** When it was halved last: attempts that began before do not halve it again. */
  readonly halvedAt: number
  /** Nothing begins before this; 0 when nothing was asked for. */
  readonly holdUntil: number
}

export const NO_SLOW_DOWN: SlowDown = {
  allowed: Number.POSITIVE_INFINITY,
  halvedAt: Number.NEGATIVE_INFINITY,
  holdUntil: 0,
}

/** A wish for longer concerns the one delivery, which honours it by its own schedule; the others ask again after this. */
const LONGEST_HOLD_MS = 300_000

/** The state after an attempt that began at `startedAt` and ended at `now`. `concurrency` is what the settings allow. */
export function slowedBy(
  state: SlowDown,
  end: { outcome: Outcome; startedAt: number; now: number; concurrency: number },
): SlowDown {
  const { outcome, startedAt, now, concurrency } = end
  if (outcome.kind === 'accepted') {
    if (state.allowed === Number.POSITIVE_INFINITY) return state
    const allowed = state.allowed + 1 / state.allowed
    return { ...state, allowed: allowed >= concurrency ? Number.POSITIVE_INFINITY : allowed }
  }
  if (outcome.kind !== 'retryable' || (outcome.status !== 429 && outcome.status !== 503)) return state
  const wishMs = Math.min(outcome.retryAfterMs ?? 0, LONGEST_HOLD_MS)
  const holdUntil = wishMs > 0 ? Math.max(heldUntil(state, now), now + wishMs) : state.holdUntil
  if (startedAt <= state.halvedAt && state.halvedAt <= now) return { ...state, holdUntil }
  return { allowed: Math.max(1, Math.min(state.allowed, concurrency) / 2), halvedAt: now, holdUntil }
}

/** When it may be asked again; in the past when it may be now. A clock that was set back does not lengthen the wait. */
export function heldUntil(state: SlowDown, now: number): number {
  return state.holdUntil > now + LONGEST_HOLD_MS ? now + LONGEST_HOLD_MS : state.holdUntil
}

/** Whole attempts under way at once. */
export function slotsOf(state: SlowDown, concurrency: number): number {
  return Math.min(concurrency, Math.max(1, Math.floor(state.allowed)))
}
