/**
 * Whether a destination may be sent to, all reasons together: it is paused, its breaker is open, it has asked for quiet, its rate is
 * used up. The lane asks before it claims and before it launches, and tells of what came of each attempt.
 *
 * | gate   | claims          | launches                    | leased deliveries that wait |
 * |--------|-----------------|-----------------------------|-----------------------------|
 * | open   | yes             | up to the slots and rate    | stay                        |
 * | probe  | one             | one                         | go back to the store        |
 * | closed | none            | none                        | go back to the store        |
 */
import type { Outcome, RateLimit } from '../../domain/delivery.ts'
import type { DestinationSettings } from '../settings.ts'
import { attemptBegan, attemptEnded, attemptsAllowed, breakerAt, type BreakerState, closedBreaker } from './breaker.ts'
import { createRate, type Rate } from './rate.ts'
import { heldUntil, NO_SLOW_DOWN, type SlowDown, slotsOf, slowedBy } from './slow-down.ts'

/** A pause that a person asked for; kept in the store. */
export interface Pause {
  readonly since: number
  readonly reason: string | null
}

export type GateView =
  | { readonly kind: 'open'; /** Attempts under way at once. */ readonly slots: number }
  | { readonly kind: 'probe' }
  /** `until` is null where only a person opens it again. */
  | { readonly kind: 'closed'; readonly cause: 'paused' | 'breaker' | 'retry_after'; readonly until: number | null }

/** Given back with the outcome of the attempt that it was given for. */
export interface Pass {
  readonly startedAt: number
  readonly isProbe: boolean
}

export class Gate {
  #pause: Pause | null = null
  #breaker: BreakerState
  #slowDown: SlowDown = NO_SLOW_DOWN
  #rate: { readonly limit: RateLimit; readonly rate: Rate } | null = null

  constructor(now: number) {
    this.#breaker = closedBreaker(now)
  }

  pause(pause: Pause | null): void {
    this.#pause = pause
  }

  view(destination: DestinationSettings, now: number): GateView {
    if (this.#pause !== null) return { kind: 'closed', cause: 'paused', until: null }
    const until = heldUntil(this.#slowDown, now)
    if (until > now) return { kind: 'closed', cause: 'retry_after', until }
    const slots = slotsOf(this.#slowDown, destination.concurrency)
    if (destination.breaker === undefined) return { kind: 'open', slots }
    this.#breaker = breakerAt(this.#breaker, now)
    if (this.#breaker.kind === 'closed') return { kind: 'open', slots }
    if (attemptsAllowed(this.#breaker) === 1) return { kind: 'probe' }
    return { kind: 'closed', cause: 'breaker', until: this.#breaker.kind === 'open' ? this.#breaker.until : null }
  }

  /** When the rate lets the next attempt begin; now or earlier when it may. */
  rateAt(destination: DestinationSettings, now: number): number {
    return this.#rateOf(destination)?.nextAt(now) ?? now
  }

  /** An attempt begins. */
  enter(destination: DestinationSettings, now: number): Pass {
    this.#rateOf(destination)?.take(now)
    const isProbe = destination.breaker !== undefined && this.#breaker.kind === 'half_open'
    this.#breaker = attemptBegan(this.#breaker)
    return { startedAt: now, isProbe }
  }

  /**
   * An attempt ended. What came from a connection's own URL says nothing of the destination, unless it was the probe. True when the
   * gate stands otherwise than before.
   */
  leave(
    pass: Pass,
    end: { outcome: Outcome; isOwnUrl: boolean; destination: DestinationSettings; now: number },
  ): boolean {
    const { outcome, isOwnUrl, destination, now } = end
    const before = this.#breaker.kind
    const holdBefore = this.#slowDown.holdUntil
    if (!isOwnUrl || pass.isProbe) {
      const settings = destination.breaker
      if (settings !== undefined)
        this.#breaker = attemptEnded(this.#breaker, { outcome, isProbe: pass.isProbe, now, settings })
    }
    if (!isOwnUrl) {
      const { startedAt } = pass
      this.#slowDown = slowedBy(this.#slowDown, { outcome, startedAt, now, concurrency: destination.concurrency })
    }
    return before !== this.#breaker.kind || holdBefore !== this.#slowDown.holdUntil
  }

  status(destination: DestinationSettings, now: number): GateStatus {
    const { breaker } = destination
    const state = breakerAt(this.#breaker, now)
    const hold = heldUntil(this.#slowDown, now)
    return {
      paused: this.#pause,
      breaker: breaker === undefined ? 'off' : state.kind,
      breakerSince: breaker === undefined || state.kind === 'closed' ? null : state.since,
      breakerUntil: breaker !== undefined && state.kind === 'open' ? state.until : null,
      heldUntil: hold > now ? hold : null,
      slots: slotsOf(this.#slowDown, destination.concurrency),
    }
  }

  #rateOf({ rate: limit }: DestinationSettings): Rate | null {
    if (limit === undefined) this.#rate = null
    else if (this.#rate?.limit.count !== limit.count || this.#rate.limit.perMs !== limit.perMs)
      this.#rate = { limit, rate: createRate(limit) }
    return this.#rate?.rate ?? null
  }
}

export interface GateStatus {
  readonly paused: Pause | null
  readonly breaker: 'off' | BreakerState['kind']
  /** When it opened first; null unless it is open or half open. */
  readonly breakerSince: number | null
  /** When a delivery will probe. */
  readonly breakerUntil: number | null
  /** Until when the destination has asked to be left alone. */
  readonly heldUntil: number | null
  /** Attempts under way at once: the concurrency of the settings, or less while it is slowed down. */
  readonly slots: number
}
