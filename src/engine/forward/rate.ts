/**
 * How many attempts a destination gets in a time: the generic cell rate algorithm, which needs one number (the theoretical arrival
 * time of the next attempt) and spreads attempts evenly instead of letting a whole minute's worth go at its first second. Exceeding
 * it delays; nothing is ever dropped.
 *
 *     100/s: one every 10 ms, and up to 10 at once after a rest
 */
import type { RateLimit } from '../../domain/delivery.ts'

/** Share of a period's attempts that may go at once after a rest; always at least one. */
const BURST_SHARE = 0.1

export interface Rate {
  /** When the next attempt may begin; at or before `now` when it may begin now. */
  nextAt(now: number): number
  /** An attempt began. */
  take(now: number): void
}

export function createRate({ count, perMs }: RateLimit): Rate {
  const intervalMs = perMs / count
  const burstMs = (Math.max(1, Math.floor(count * BURST_SHARE)) - 1) * intervalMs
  let theoreticalAt = Number.NEGATIVE_INFINITY
  return {
    nextAt(now) {
      // A clock that was set back must not silence the destination for as long as it was set back.
      if (theoreticalAt > now + intervalMs + burstMs) theoreticalAt = now + intervalMs + burstMs
      return theoreticalAt - burstMs
    },
    take(now) {
      theoreticalAt = Math.max(theoreticalAt, now) + intervalMs
    },
  }
}

/** Attempts that the limit lets through in this time; Infinity without a limit. */
export function attemptsWithin(limit: RateLimit | undefined, ms: number): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((limit.count * ms) / limit.perMs))
}
