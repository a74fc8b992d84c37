/**
 * The lane of one destination: what this process has leased for it, what is under way, and when to ask the store for more. Lanes
 * share nothing but the event loop, so a destination that hangs fills its own lane and delays nobody else.
 *
 * A delivery passes through a lane like this:
 *
 * | stage     | enters by                        | leaves by                                                        |
 * |-----------|----------------------------------|------------------------------------------------------------------|
 * | waiting   | a claim, or the hand-off         | a free slot; or given back when the gate closes; or dropped when |
 * |           |                                  | its lease is too short for a try                                 |
 * | sending   | a free slot                      | the outcome, which frees the slot                                |
 * | recording | the outcome                      | the store has it                                                 |
 *
 * The store is asked when something is known to be due (`kick`, a due time reached) and few are waiting; then in batches, so that the
 * next batch arrives before the lane runs dry. Whether anything may be claimed or sent at all is the gate's word, see gate.ts. The order
 * of connections is kept by the store, which makes only the first of each due; such a lane takes no hand-off.
 */
import type { ClaimedDelivery } from '../../domain/delivery.ts'
import type { DeliveryId, DestinationName } from '../../domain/ids.ts'
import type { Clock, DeliveryQueue, Journal } from '../ports.ts'
import type { DestinationSettings, Settings, SettingsSource } from '../settings.ts'
import type { MadeAttempt, MakeAttempt } from './attempt.ts'
import { Gate, type GateStatus, type GateView, type Pass, type Pause } from './gate.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { attemptsWithin } from './rate.ts'
import type { Recorder } from './recorder.ts'

export interface LaneParts {
  readonly queue: DeliveryQueue
  readonly settings: SettingsSource
  readonly clock: Clock
  readonly journal: Journal
  readonly makeAttempt: MakeAttempt
  readonly recorder: Recorder
  /** What all lanes together may hold. */
  readonly memory: MemoryBudget
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
  /** The same delivery, claimed again while we hold it. */
  again: ClaimedDelivery | null
}

/** Leased deliveries that wait or are under way, for each slot: three waiting behind each one that is sent. */
const HELD_PER_SLOT = 4
/** Bodies waiting in one lane; beyond it deliveries stay in the store. */
const MAX_WAITING_BYTES = 32 * 1_048_576
/** What a body is taken to be before a claim has shown any. */
const SMALLEST_BODY_GUESS = 65_536
/** How large the bodies of a claim are is known when it is answered; until then they count as this, which the store keeps to. */
const CLAIM_RESERVE_BYTES = 32 * 1_048_576
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
  /** It may be something that was never tried, which the hand-off must not overtake; retries it may. */
  #isFirstTryDue = false
  #isNextDueUnknown = false
  #wake: Wake | null = null
  /** When the gate or the rate lets something through again. */
  #gateWake: Wake | null = null
  readonly #gate: Gate

  constructor(name: DestinationName, parts: LaneParts) {
    this.name = name
    this.#parts = parts
    this.#gate = new Gate(parts.clock.now())
  }

  /** Claims and sends nothing more, or goes on with null. What is under way ends. */
  pause(pause: Pause | null): void {
    this.#gate.pause(pause)
    if (pause === null) this.kick()
    else this.pump()
  }

  /** Takes deliveries that are already leased, in order, and begins with them as slots allow. */
  take(deliveries: readonly ClaimedDelivery[], leaseUntil: number): void {
    for (const delivery of deliveries) this.#hold(delivery, leaseUntil)
    this.pump()
  }

  /** Something due was stored. */
  kick(): void {
    this.#isDue = true
    this.#isFirstTryDue = true
    this.pump()
  }

  /** Whether a new delivery may go past the store's queue: there is a place for it, and nothing older that it would overtake. */
  hasRoom(destination: DestinationSettings): boolean {
    if (this.#isFirstTryDue || this.#isClaiming || destination.order !== undefined) return false
    const gate = this.#gate.view(destination, this.#parts.clock.now())
    return (
      gate.kind === 'open' &&
      this.#placesBehind(gate, destination) > 0 &&
      this.#waitingBytes < MAX_WAITING_BYTES &&
      this.#parts.memory.hasRoom()
    )
  }

  /** The store's word on when the next delivery is due; null for never. */
  learnNextDue(dueAt: number | null): void {
    // Of what is due already the store is asked now, and of what comes after that again.
    this.#isNextDueUnknown = dueAt !== null && dueAt <= this.#parts.clock.now()
    if (this.#isNextDueUnknown) this.kick()
    else if (dueAt !== null) this.#wakeAt(dueAt)
  }

  isIdle(): boolean {
    return this.#sending === 0 && this.#recording === 0 && !this.#isClaiming
  }

  /** Stops waking up; what is under way goes on. */
  rest(): void {
    this.#wake?.timer.cancel()
    this.#wake = null
    this.#gateWake?.timer.cancel()
    this.#gateWake = null
  }

  stats(): LaneStats {
    const destination = this.#parts.settings.current().destinations.get(this.name)
    return {
      destination: this.name,
      waiting: this.#waiting.length,
      sending: this.#sending,
      recording: this.#recording,
      hasBacklog: this.#isDue,
      nextDueAt: this.#wake?.at ?? null,
      gate: destination === undefined ? null : this.#gate.status(destination, this.#parts.clock.now()),
    }
  }

  /** Starts as many attempts as there are slots, and a claim when the lane is about to run dry. */
  pump(): void {
    if (!this.#parts.isRunning()) return
    const settings = this.#parts.settings.current()
    const destination = settings.destinations.get(this.name)
    if (destination === undefined) {
      this.#giveBack(0)
      return
    }
    const gate = this.#launchAll(destination, settings)
    if (gate.kind === 'closed') {
      this.#giveBack(0)
      if (gate.until !== null) this.#wakeForGate(gate.until)
      return
    }
    if (gate.kind === 'probe') this.#giveBack(1)
    const slots = gate.kind === 'probe' ? 1 : gate.slots
    if (this.#isDue && !this.#isClaiming && this.#waiting.length < slots && !this.#parts.recorder.isFull()) {
      void this.#claim(destination, gate)
    }
  }

  /** Launches what the gate lets through; gives the gate as it stands then. */
  #launchAll(destination: DestinationSettings, settings: Settings): GateView {
    for (;;) {
      const now = this.#parts.clock.now()
      const gate = this.#gate.view(destination, now)
      if (gate.kind === 'closed' || this.#waiting.length === 0 || this.#parts.recorder.isFull()) return gate
      if (gate.kind === 'open' && this.#sending >= gate.slots) return gate
      const rateAt = this.#gate.rateAt(destination, now)
      if (rateAt > now) {
        this.#wakeForGate(rateAt)
        return gate
      }
      this.#launch(destination, settings)
    }
  }

  /** How many more deliveries may wait or be under way. */
  #placesBehind(gate: GateView, destination: DestinationSettings): number {
    if (gate.kind === 'closed') return 0
    if (gate.kind === 'probe') return this.#waiting.length === 0 ? 1 : 0
    const bySlots = HELD_PER_SLOT * gate.slots - this.#waiting.length - this.#sending
    // A slow rate must not let leases lapse: what waits goes out within the time of one attempt.
    return Math.min(bySlots, attemptsWithin(destination.rate, destination.timeoutMs) - this.#waiting.length)
  }

  #hold(delivery: ClaimedDelivery, leaseUntil: number): void {
    const known = this.#held.get(delivery.id)
    if (known !== undefined) {
      // Our own lease lapsed (a clock that jumped, a very long wait) and came back to us: the work under way counts for it. Or its
      // outcome is stored and it fell due again before we heard of that: then it gets the next try, see #attempt.
      known.fence = delivery.fence
      known.leaseUntil = leaseUntil
      known.again = delivery
      return
    }
    const held: Held = { delivery, fence: delivery.fence, leaseUntil, again: null }
    this.#held.set(delivery.id, held)
    this.#waiting.push(held)
    const bytes = bytesOf(delivery)
    this.#waitingBytes += bytes
    this.#parts.memory.take(bytes)
    this.#largestBody = Math.max(this.#largestBody, bytes)
  }

  #letGo({ delivery }: Held): void {
    this.#held.delete(delivery.id)
    this.#parts.memory.give(bytesOf(delivery))
  }

  /** All but the first `keep` that wait go back to the store, due as they were and without a try counted. */
  #giveBack(keep: number): void {
    const returned = this.#waiting.splice(keep)
    if (returned.length === 0) return
    for (const held of returned) {
      this.#waitingBytes -= bytesOf(held.delivery)
      this.#letGo(held)
    }
    this.#isDue = true
    void this.#returnToStore(returned)
  }

  async #returnToStore(returned: readonly Held[]): Promise<void> {
    const { queue, clock, journal } = this.#parts
    const deliveries = returned.map(({ delivery, fence }) => ({ id: delivery.id, fence }))
    try {
      await queue.returnDeliveries({ deliveries, now: clock.now() })
      this.kick()
    } catch (error) {
      // Their leases lapse by themselves.
      journal.warn('deliveries.unreturned', { destination: this.name, deliveries: deliveries.length, error })
    }
  }

  #launch(destination: DestinationSettings, settings: Settings): void {
    const held = this.#waiting.shift()!
    const now = this.#parts.clock.now()
    this.#waitingBytes -= bytesOf(held.delivery)
    if (now + destination.timeoutMs > held.leaseUntil) {
      // Another holder could begin before this try ends. When the lease has lapsed it is due again.
      this.#letGo(held)
      this.#wakeAt(held.leaseUntil)
      return
    }
    this.#sending += 1
    void this.#attempt(held, this.#gate.enter(destination, now), destination, settings)
  }

  async #attempt(held: Held, pass: Pass, destination: DestinationSettings, settings: Settings): Promise<void> {
    const attempt = await this.#parts.makeAttempt(held.delivery, destination, settings)
    this.#sending -= 1
    this.#recording += 1
    this.#learn(held, pass, attempt, destination)
    const recorded = this.#parts.recorder.record(held, attempt)
    this.pump() // the slot is the receiver's time; the store's is not taken from it
    const writtenFence = await recorded
    this.#recording -= 1
    this.#letGo(held)
    const { again } = held
    if (again !== null && writtenFence !== null && again.fence !== writtenFence) this.take([again], held.leaseUntil)
    if (attempt.next.kind === 'retry') this.#wakeAt(attempt.next.dueAt)
    if (destination.order !== undefined) this.kick() // the next of its connection may be due now
    this.#parts.onProgress()
  }

  /** The gate learns how it went, and says so when it stands otherwise than before. */
  #learn(held: Held, pass: Pass, attempt: MadeAttempt, destination: DestinationSettings): void {
    const { clock, journal } = this.#parts
    const isOwnUrl = held.delivery.urlOverride !== null
    const now = clock.now()
    if (!this.#gate.leave(pass, { outcome: attempt.outcome, isOwnUrl, destination, now })) return
    const { breaker, breakerUntil, heldUntil, slots } = this.#gate.status(destination, now)
    const facts = { destination: this.name, breaker, until: breakerUntil, held_until: heldUntil, slots }
    if (breaker === 'open' || heldUntil !== null) journal.warn('destination.postponed', facts)
    else journal.record('destination.resumed', facts)
  }

  async #claim(destination: DestinationSettings, gate: GateView): Promise<void> {
    const { queue, clock, journal, memory } = this.#parts
    const places = this.#placesBehind(gate, destination)
    const free = Math.min(MAX_WAITING_BYTES - this.#waitingBytes, memory.free())
    const byMemory = Math.floor(free / this.#largestBody)
    // A body above all bounds still goes, alone.
    const bodies = this.#waiting.length + this.#sending === 0 ? Math.max(byMemory, 1) : byMemory
    if (places < 1 || bodies < 1) return
    const limit = Math.min(places, bodies)
    const now = clock.now()
    const leaseUntil = now + leaseMsOf(destination)
    this.#isClaiming = true
    this.#isDue = false // a kick during the claim sets both again
    this.#isFirstTryDue = false
    memory.take(CLAIM_RESERVE_BYTES)
    try {
      const claimed = await queue.claimDueDeliveries({ destination: this.name, now, limit, leaseUntil })
      this.#isClaiming = false
      if (claimed.length > 0) this.#largestBody = SMALLEST_BODY_GUESS
      if (claimed.length >= limit) {
        this.#isDue = true
        // Half of a claim goes to first tries as long as there are any.
        if (claimed.filter(isFirstTry).length >= limit / 2) this.#isFirstTryDue = true
      }
      if (claimed.length < limit && this.#isNextDueUnknown) this.#parts.askNextDue()
      this.take(claimed, leaseUntil)
    } catch (error) {
      journal.warn('deliveries.unclaimed', { destination: this.name, error })
      this.#isClaiming = false
      this.#wakeAt(clock.now() + CLAIM_RETRY_MS)
    }
    memory.give(CLAIM_RESERVE_BYTES)
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

  #wakeForGate(at: number): void {
    if (!this.#parts.isRunning() || (this.#gateWake !== null && this.#gateWake.at <= at)) return
    this.#gateWake?.timer.cancel()
    const delayMs = Math.max(at - this.#parts.clock.now(), 1)
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#gateWake = null
      this.pump()
    })
    this.#gateWake = { at, timer }
  }
}

function bytesOf({ payload, received }: ClaimedDelivery): number {
  return payload.bytes.length + (received === undefined || received.bytes === payload.bytes ? 0 : received.bytes.length)
}

function isFirstTry({ attemptCount, trigger = 'auto' }: ClaimedDelivery): boolean {
  return attemptCount === 0 && trigger === 'auto'
}

interface Wake {
  readonly at: number
  readonly timer: { cancel(): void }
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
  /** Null where the settings do not have the destination. */
  readonly gate: GateStatus | null
}
