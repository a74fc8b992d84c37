/**
 * The circuit breaker of one destination. While it is open nothing is claimed for the destination, so its deliveries keep their tries
 * and nobody holds a lease on them; an open breaker postpones, it never drops.
 *
 * | state     | enters by                                            | leaves by                                              |
 * |-----------|------------------------------------------------------|--------------------------------------------------------|
 * | closed    | start; a probe that is answered                      | too large a share of the window's attempts failed      |
 * | open      | that; a probe that fails (for twice as long)         | its time has passed                                    |
 * | half_open | the time of an open one has passed                   | the outcome of the one delivery that is let through    |
 *
 * A failure is what says that the destination is in trouble: no answer, or 5xx. An answer of 4xx is about the one event.
 */
import type { BreakerSettings, Outcome } from '../../domain/delivery.ts'

export type BreakerState =
  | { readonly kind: 'closed'; readonly window: Window }
  | { readonly kind: 'open'; readonly since: number; readonly until: number; readonly openForMs: number }
  | { readonly kind: 'half_open'; readonly since: number; readonly openForMs: number; readonly isProbing: boolean }

/** Two halves, the older of which is dropped whole: the share is that of the last half to whole window. */
interface Window {
  readonly startedAt: number
  readonly attempts: number
  readonly failures: number
  readonly earlierAttempts: number
  readonly earlierFailures: number
}

/** Longest time between two probes, unless the settings say more: who is back should not wait for long. */
const LONGEST_OPEN_MS = 120_000

export function closedBreaker(now: number): BreakerState {
  return {
    kind: 'closed',
    window: { startedAt: now, attempts: 0, failures: 0, earlierAttempts: 0, earlierFailures: 0 },
  }
}

/** The state at this time: an open breaker whose time has passed is half open. */
export function breakerAt(state: BreakerState, now: number): BreakerState {
  if (state.kind !== 'open') return state
  // A clock that was set back must not keep it open for longer than it was opened for.
  const isOver = now >= state.until || now < state.since
  return isOver ? { kind: 'half_open', since: state.since, openForMs: state.openForMs, isProbing: false } : state
}

/** How many attempts may begin now. */
export function attemptsAllowed(state: BreakerState): number {
  if (state.kind === 'closed') return Number.POSITIVE_INFINITY
  return state.kind === 'half_open' && !state.isProbing ? 1 : 0
}

export function attemptBegan(state: BreakerState): BreakerState {
  return state.kind === 'half_open' ? { ...state, isProbing: true } : state
}

/** The state after an outcome. Of an open breaker nothing changes: the attempt began before it opened. */
export function attemptEnded(
  state: BreakerState,
  end: { outcome: Outcome; isProbe: boolean; now: number; settings: BreakerSettings },
): BreakerState {
  const { outcome, now, settings } = end
  const isFailed = isFailure(outcome)
  if (state.kind === 'open') return state
  if (state.kind === 'half_open') {
    if (!end.isProbe) return state
    if (!isFailed) return closedBreaker(now)
    const longest = Math.max(LONGEST_OPEN_MS, settings.openForMs)
    return opened(state.since, now, Math.min(state.openForMs * 2, longest))
  }
  const window = counted(state.window, isFailed, now, settings.windowMs)
  const attempts = window.attempts + window.earlierAttempts
  const failures = window.failures + window.earlierFailures
  const isDown = isFailed && attempts >= settings.minAttempts && failures / attempts >= settings.failureRatio
  return isDown ? opened(now, now, settings.openForMs) : { kind: 'closed', window }
}

/** `since` is when it opened first, over all failed probes. */
function opened(since: number, now: number, openForMs: number): BreakerState {
  return { kind: 'open', since, until: now + openForMs, openForMs }
}

function counted(window: Window, isFailed: boolean, now: number, windowMs: number): Window {
  const half = windowMs / 2
  const age = now - window.startedAt
  const isYoung = age >= 0 && age < half
  const isAdjacent = age >= half && age < windowMs
  return {
    startedAt: isYoung ? window.startedAt : now,
    attempts: (isYoung ? window.attempts : 0) + 1,
    failures: (isYoung ? window.failures : 0) + (isFailed ? 1 : 0),
    earlierAttempts: isYoung ? window.earlierAttempts : isAdjacent ? window.attempts : 0,
    earlierFailures: isYoung ? window.earlierFailures : isAdjacent ? window.failures : 0,
  }
}

function isFailure(outcome: Outcome): boolean {
  return outcome.kind === 'retryable' && (outcome.reason !== 'status' || (outcome.status ?? 0) >= 500)
}
