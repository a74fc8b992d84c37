/**
 * Notices that the clock was set back. Due times are times of day in the store, so after a step back of an hour everything pending
 * would wait for that hour. Whoever asks this clock for the time finds out at once, before a due time is reckoned from the new time
 * and stored among the old ones; while nobody asks, the poll does.
 *
 * A step forward needs nothing: what falls due by it is sent early, as after a machine that slept, which looks the same from here.
 * Neither is a step noticed that happens while no gateway runs, as there is nothing then to compare with.
 */
import type { Clock } from '../ports.ts'

export interface SetBackClock extends Clock {
  /** So much time has passed at least since this was called last: also tells when nobody has asked for the time since. */
  hasPassed(ms: number): void
}

/** Smaller steps only make things wait for as long as the step is. */
const SMALLEST_STEP_MS = 5_000

/** `onSetBack` is called before the first look at the new time returns; `byMs` may be too small by the time since the last look. */
export function createSetBackClock(
  clock: Clock,
  onSetBack: (step: { byMs: number; now: number }) => void,
): SetBackClock {
  let latest = Number.NEGATIVE_INFINITY
  let lastPassedAt: number | null = null

  function now(): number {
    const seen = clock.now()
    if (seen >= latest) latest = seen
    else if (latest - seen >= SMALLEST_STEP_MS) {
      const byMs = latest - seen
      latest = seen
      lastPassedAt = null
      onSetBack({ byMs, now: seen })
    }
    return seen
  }

  return {
    now,
    after: (delayMs, callback) => clock.after(delayMs, callback),
    hasPassed(ms) {
      if (lastPassedAt !== null) latest = Math.max(latest, lastPassedAt + ms)
      lastPassedAt = now()
    },
  }
}
