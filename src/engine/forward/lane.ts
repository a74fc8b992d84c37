/**
 * The lane of one destination: what this process has leased for it, what is under way, and when to ask the store for more. Lanes
 * share nothing but the event loop, so a destination that hangs fills its own lane and delays nobody else.
 *
 * A delivery passes through a lane like this:
 *
 * | stage     | enters by                        | leaves by                                                        |
 * |-----------|----------------------------------|------------------------------------------------------------------|
 * | waiting   | a claim, or the hand-off         | a free slot; or dropped when its lease is too short for a try    |
 * | sending   | a free slot                      | the outcome, which frees the slot                                |
 * | recording | the outcome                      | the store has it                                                 |
 *
 * The store is asked when something is known to be due (`kick`, a due time reached) and few are waiting; then in batches, so that the
 * next batch arrives before the lane runs dry. `#mayLaunch` and the batch in `#claim` are the places where pausing, rates, a breaker
 * and order belong.
 */
import type { ClaimedDelivery } from '../../domain/delivery.ts'
import type { DeliveryId, DestinationName } from '../../domain/ids.ts'
import type { Clock, DeliveryQueue, Journal } from '../ports.ts'
import type { DestinationSettings, Settings, SettingsSource } from '../settings.ts'
import type { MakeAttempt } from './attempt.ts'
import type { Recorder } from './recorder.ts'

export interface LaneParts {
  readonly queue: DeliveryQueue
  readonly settings: SettingsSource
  readonly clock: Clock
  readonly journal: Journal
  readonly makeAttempt: MakeAttempt
  readonly recorder: Recorder
  /** Whether attempts and claims may begin. */
  readonly isRunning: () => boolean
  /** Asks for `learnNextDue`, since this lane no longer knows when its next delivery is due. */
  readonly askNextDue: () => void
  /** Something has come to its end: the lane may be idle now. */
  readonly onProgress: () => void
}

interface Held {
  readonly delivery: ClaimedDelivery
  fence: number
  leaseUntil: number
}

/** Leased deliveries that wait or are under way, for each slot: three waiting behind each one that is sent. */
const HELD_PER_SLOT = 4
/** Bodies waiting in one lane; beyond it deliveries stay in the store. */
const MAX_WAITING_BYTES = 32 * 1_048_576
/** What a body is taken to be before a claim has shown any. */
const SMALLEST_BODY_GUESS = 65_536
const LEASE_MARGIN_MS = 30_000
/** Due times closer together than this are taken in one claim. */
const SHORTEST_WAKE_MS = 25
const CLAIM_RETRY_MS = 1_000

/** How long a lease must be for a delivery to pass through a full lane whose every attempt takes the whole time. */
export function leaseMsOf(destination: DestinationSettings): number {
  return (HELD_PER_SLOT + 1) * destination.timeoutMs + LEASE_MARGIN_MS
}

export class Lane {
  readonly name: DestinationName
  readonly #parts: LaneParts
  readonly #held = new Map<DeliveryId, Held>()
  readonly #waiting: Held[] = []
  #waitingBytes = 0
  #largestBody = SMALLEST_BODY_GUESS
  #sending = 0
  #recording = 0
  #isClaiming = false
  /** The store has, or may have, something due for this lane. */
  #isDue = false
  #isNextDueUnknown = false
  #wake: { readonly at: number; readonly timer: { cancel(): void } } | null = null

  constructor(name: DestinationName, parts: LaneParts) {
    this.name = name
    this.#parts = parts
  }

  /** Takes deliveries that are already leased, in order, and begins with them as slots allow. */
  take(deliveries: readonly ClaimedDelivery[], leaseUntil: number): void {
    for (const delivery of deliveries) this.#hold(delivery, leaseUntil)
    this.pump()
  }

  /** Something due was stored. */
  kick(): void {
    this.#isDue = true
    this.pump()
  }

  /** Whether a new delivery may go past the store's queue: there is a place for it, and nothing older that it would overtake. */
  hasRoom(destination: DestinationSettings): boolean {
    return (
      !this.#isDue &&
      !this.#isClaiming &&
      this.#waiting.length + this.#sending < HELD_PER_SLOT * destination.concurrency &&
      this.#waitingBytes < MAX_WAITING_BYTES
    )
  }

  /** The store's word on when the next delivery is due; null for never. */
  learnNextDue(dueAt: number | null): void {
    this.#isNextDueUnknown = false
    if (dueAt === null) return
    if (dueAt <= this.#parts.clock.now()) this.kick()
    else this.#wakeAt(dueAt)
  }

  isIdle(): boolean {
    return this.#sending === 0 && this.#recording === 0 && !this.#isClaiming
  }

  /** Stops waking up; what is under way goes on. */
  rest(): void {
    this.#wake?.timer.cancel()
    this.#wake = null
  }

  stats(): LaneStats {
    return {
      destination: this.name,
      waiting: this.#waiting.length,
      sending: this.#sending,
      recording: this.#recording,
      hasBacklog: this.#isDue,
      nextDueAt: this.#wake?.at ?? null,
    }
  }

  /** Starts as many attempts as there are slots, and a claim when the lane is about to run dry. */
  pump(): void {
    if (!this.#parts.isRunning()) return
    const settings = this.#parts.settings.current()
    const destination = settings.destinations.get(this.name)
    if (destination === undefined) {
      this.#dropWaiting()
      return
    }
    while (this.#waiting.length > 0 && this.#mayLaunch(destination)) this.#launch(destination, settings)
    if (
      this.#isDue &&
      !this.#isClaiming &&
      this.#waiting.length < destination.concurrency &&
      !this.#parts.recorder.isFull()
    ) {
      void this.#claim(destination)
    }
  }

  #mayLaunch(destination: DestinationSettings): boolean {
    return this.#sending < destination.concurrency && !this.#parts.recorder.isFull()
  }

  #hold(delivery: ClaimedDelivery, leaseUntil: number): void {
    const known = this.#held.get(delivery.id)
    if (known !== undefined) {
      // Our own lease lapsed (a clock that jumped, a very long wait) and came back to us: the work under way counts for it.
      known.fence = delivery.fence
      known.leaseUntil = leaseUntil
      return
    }
    const held: Held = { delivery, fence: delivery.fence, leaseUntil }
    this.#held.set(delivery.id, held)
    this.#waiting.push(held)
    this.#waitingBytes += delivery.payload.bytes.length
    this.#largestBody = Math.max(this.#largestBody, delivery.payload.bytes.length)
  }

  #launch(destination: DestinationSettings, settings: Settings): void {
    const held = this.#waiting.shift()!
    this.#waitingBytes -= held.delivery.payload.bytes.length
    if (this.#parts.clock.now() + destination.timeoutMs > held.leaseUntil) {
      // Another holder could begin before this try ends. When the lease has lapsed it is due again.
      this.#held.delete(held.delivery.id)
      this.#wakeAt(held.leaseUntil)
      return
    }
    this.#sending += 1
    void this.#attempt(held, destination, settings)
  }

  async #attempt(held: Held, destination: DestinationSettings, settings: Settings): Promise<void> {
    const attempt = await this.#parts.makeAttempt(held.delivery, destination, settings)
    this.#sending -= 1
    this.#recording += 1
    const recorded = this.#parts.recorder.record(held, attempt)
    this.pump() // the slot is the receiver's time; the store's is not taken from it
    await recorded
    this.#recording -= 1
    this.#held.delete(held.delivery.id)
    if (attempt.next.kind === 'retry') this.#wakeAt(attempt.next.dueAt)
    this.#parts.onProgress()
  }

  async #claim(destination: DestinationSettings): Promise<void> {
    const { queue, clock, journal } = this.#parts
    const places = HELD_PER_SLOT * destination.concurrency - this.#waiting.length - this.#sending
    const byMemory = Math.floor((MAX_WAITING_BYTES - this.#waitingBytes) / this.#largestBody)
    // A body above all bounds still goes, alone.
    const bodies = this.#waiting.length === 0 ? Math.max(byMemory, 1) : byMemory
    if (places < 1 || bodies < 1) return
    const limit = Math.min(places, bodies)
    const now = clock.now()
    const leaseUntil = now + leaseMsOf(destination)
    this.#isClaiming = true
    this.#isDue = false // a kick during the claim sets it again
    try {
      const claimed = await queue.claimDueDeliveries({ destination: this.name, now, limit, leaseUntil })
      this.#isClaiming = false
      if (claimed.length > 0) this.#largestBody = SMALLEST_BODY_GUESS
      if (claimed.length >= limit) this.#isDue = true
      else if (this.#isNextDueUnknown) this.#parts.askNextDue()
      this.take(claimed, leaseUntil)
    } catch (error) {
      journal.warn('deliveries.unclaimed', { destination: this.name, error })
      this.#isClaiming = false
      this.#wakeAt(clock.now() + CLAIM_RETRY_MS)
    }
    this.#parts.onProgress()
  }

  #wakeAt(at: number): void {
    if (!this.#parts.isRunning() || (this.#wake !== null && this.#wake.at <= at)) return
    this.#wake?.timer.cancel()
    const delayMs = Math.max(at - this.#parts.clock.now(), SHORTEST_WAKE_MS)
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#wake = null
      this.#isNextDueUnknown = true
      this.kick()
    })
    this.#wake = { at, timer }
  }

  /** The destination is gone from the settings: its deliveries stay in the store, where their leases lapse. */
  #dropWaiting(): void {
    for (const held of this.#waiting) this.#held.delete(held.delivery.id)
    this.#waiting.length = 0
    this.#waitingBytes = 0
  }
}

export interface LaneStats {
  readonly destination: DestinationName
  readonly waiting: number
  readonly sending: number
  /** Outcomes that the store does not have yet. */
  readonly recording: number
  /** Whether the store holds deliveries that are due and not yet leased. */
  readonly hasBacklog: boolean
  /** When the lane will ask the store next, as far as it knows. */
  readonly nextDueAt: number | null
}
