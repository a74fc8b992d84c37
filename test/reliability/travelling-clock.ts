/** The system's clock, which a test can move: on its own by hours, or together with everything that waits. */
import type { Clock } from '../../src/engine/ports.ts'

export interface TravellingClock extends Clock {
  /** So much time passes at once: the hands move, and what falls due meanwhile goes off. */
  pass(ms: number): void
  /** Someone sets the clock, as NTP or an operator does: the hands move, and what waits does not notice. */
  set(byMs: number): void
}

export function createTravellingClock(): TravellingClock {
  interface Timer {
    readonly at: number
    readonly callback: () => void
    handle: NodeJS.Timeout
  }
  const timers = new Set<Timer>()
  let passed = 0
  let setBy = 0
  const elapsed = (): number => performance.now() + passed

  function arm(at: number, fire: () => void): NodeJS.Timeout {
    const handle = setTimeout(fire, Math.min(Math.max(0, at - elapsed()), 2_147_483_647))
    handle.unref()
    return handle
  }

  function fire(timer: Timer): void {
    timers.delete(timer)
    timer.callback()
  }

  return {
    now: () => Math.round(Date.now() + passed + setBy),
    after(delayMs, callback) {
      const at = elapsed() + delayMs
      const timer: Timer = { at, callback, handle: arm(at, () => fire(timer)) }
      timers.add(timer)
      return {
        cancel() {
          clearTimeout(timer.handle)
          timers.delete(timer)
        },
      }
    },
    pass(ms) {
      passed += ms
      for (const timer of timers) {
        clearTimeout(timer.handle)
        timer.handle = arm(timer.at, () => fire(timer))
      }
    },
    set(byMs) {
      setBy += byMs
    },
  }
}
