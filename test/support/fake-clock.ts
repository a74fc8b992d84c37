/** A clock that stands still until it is told to go on; its timers go off in order, on the way. */
import type { Clock } from '../../src/engine/ports.ts'

export interface FakeClock extends Clock {
  /** Goes on by so many ms; timers set on the way go off too when they fall due within. */
  advance(ms: number): void
  /** Sets the time without waiting, as an operator or NTP does: timers are not concerned. */
  jump(ms: number): void
  /** How many timers are set: 0 means that nothing was left behind. */
  timerCount(): number
}

export function createFakeClock(startAt = Date.UTC(2026, 2, 2, 10)): FakeClock {
  interface Timer {
    readonly at: number
    readonly callback: () => void
  }
  const timers = new Set<Timer>()
  let elapsed = 0
  let offset = startAt

  function nextUntil(limit: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) if (timer.at <= limit && (first === undefined || timer.at < first.at)) first = timer
    return first
  }

  return {
    now: () => offset + elapsed,
    after(delayMs, callback) {
      const timer = { at: elapsed + delayMs, callback }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    advance(ms) {
      const end = elapsed + ms
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer)
        elapsed = Math.max(elapsed, timer.at)
        timer.callback()
      }
      elapsed = end
    },
    jump(ms) {
      offset += ms
    },
    timerCount: () => timers.size,
  }
}
