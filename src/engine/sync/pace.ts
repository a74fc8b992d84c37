/**
 * When a connection may make its next call: by the declared rate, and not before the provider's own limit opens again. All syncs of a
 * connection share one pace. Calls that wait stand in line.
 */
import type { Clock } from '../ports.ts'

export interface Pace {
  /** Takes a place in the line; how long to wait for it, in ms. */
  reserve(connection: string, rate: { readonly calls: number; readonly perMs: number } | null): number
  /** No call of the connection before this time. */
  blockUntil(connection: string, until: number): void
}

/** States of connections that have been idle are dropped once there are so many. */
const MAX_STATES = 10_000

export function createPace(clock: Clock): Pace {
  interface State {
    /** When the next call may begin, by the rate. */
    nextAt: number
    blockedUntil: number
  }
  const states = new Map<string, State>()

  function stateOf(connection: string): State {
    let state = states.get(connection)
    if (state === undefined) {
      if (states.size >= MAX_STATES) dropIdle()
      state = { nextAt: 0, blockedUntil: 0 }
      states.set(connection, state)
    }
    return state
  }

  function dropIdle(): void {
    const now = clock.now()
    for (const [key, state] of states) if (state.nextAt <= now && state.blockedUntil <= now) states.delete(key)
  }

  return {
    reserve(connection, rate) {
      const now = clock.now()
      const state = stateOf(connection)
      const at = Math.max(now, state.nextAt, state.blockedUntil)
      // Evenly spread instead of in bursts: providers count in windows whose beginnings nobody knows.
      if (rate !== null && at === Math.max(now, state.nextAt)) state.nextAt = at + rate.perMs / rate.calls
      return at - now
    },
    blockUntil(connection, until) {
      const state = stateOf(connection)
      state.blockedUntil = Math.max(state.blockedUntil, until)
    },
  }
}
