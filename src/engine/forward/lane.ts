/**
 * The lane of one destination: what this process has leased for it, what is under way, and when to ask the store for more. Lanes
 * share nothing but the event loop, so a destination that hangs fills its own lane and delays nobody else.
 *
 * A delivery passes through a lane like this:
 *
 * | stage     | enters by                        | leaves by                                                        |
 * |-----------|----------------------------------|------------------------------------------------------------------|
 * | waiting   | a claim, or the hand-off         | a free slot; or given back when the gate closes, or its lease is |
 * |           |                                  | too short for a try                                              |
 * | sending   | a free slot                      | the outcome, which frees the slot                                |
 * | recording | the outcome                      | the store has it                                                 |
 *
 * What is held is kept in holdings.ts; the store is asked for more, see claims.ts, in batches and before the lane runs dry. Whether
 * anything may be claimed or sent at all is the gate's word, see gate.ts. The order of connections is kept by the store, which makes
 * only the first of each due; such a lane takes no hand-off.
 */
import type { ClaimedDelivery } from '../../domain/delivery.ts'
import type { DestinationName } from '../../domain/ids.ts'
import type { Clock, DeliveryQueue, Journal } from '../ports.ts'
import type { DestinationSettings, Settings, SettingsSource } from '../settings.ts'
import { Alarm } from './alarm.ts'
import type { MadeAttempt, MakeAttempt } from './attempt.ts'
import { Claims } from './claims.ts'
import { Gate, type GateStatus, type GateView, type Pass, type Pause } from './gate.ts'
import { type Held, Holdings } from './holdings.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { attemptsWithin } from './rate.ts'
import type { Recorder } from './recorder.ts'
import { leaseMsFor, Stock } from './stock.ts'

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

/** Due times closer together than this are taken in one claim. */
const SHORTEST_WAKE_MS = 25
const CLAIM_RETRY_MS = 1_000

export class Lane {
  readonly name: DestinationName
  readonly #parts: LaneParts
  readonly #holdings: Holdings
  readonly #claims: Claims
  readonly #gate: Gate
  readonly #stock = new Stock()
  /** When something falls due in the store. */
  readonly #dueAlarm: Alarm
  /** When the gate or the rate lets something through again. */
  readonly #gateAlarm: Alarm
  #sending = 0
  #recording = 0
  #isPumpingSoon = false

  constructor(name: DestinationName, parts: LaneParts) {
    const { clock } = parts
    this.name = name
    this.#parts = parts
    this.#holdings = new Holdings(parts.memory)
    this.#claims = new Claims({ ...parts, destination: name })
    this.#gate = new Gate(clock.now())
    this.#dueAlarm = new Alarm({
      clock,
      shortestMs: SHORTEST_WAKE_MS,
      ring: () => {
        this.#claims.nextDueIsUnknown(true)
        this.kick()
      },
    })
    this.#gateAlarm = new Alarm({ clock, shortestMs: 1, ring: () => this.pump() })
  }

  /** Claims and sends nothing more, or goes on with null. What is under way ends. */
  pause(pause: Pause | null): void {
    this.#gate.pause(pause)
    if (pause === null) this.kick()
    else this.pump()
  }

  /**
   * Takes deliveries that are already leased, in order, and begins with them as slots allow: in the next turn of the event loop, so
   * that the answers to all senders of a commit go out before the first forward is built, and all forwards are built in one go. Each
   * of five paired runs on a busy machine took less of the gateway's thread so, 5 % on average.
   */
  take(deliveries: readonly ClaimedDelivery[], leaseUntil: number): void {
    for (const delivery of deliveries) this.#holdings.hold(delivery, leaseUntil)
    if (this.#isPumpingSoon) return
    this.#isPumpingSoon = true
    setImmediate(() => {
      this.#isPumpingSoon = false
      this.pump()
    })
  }

  /** Something due was stored. */
  kick(): void {
    this.#claims.somethingIsDue()
    this.pump()
  }

  /** Whether a new delivery may go past the store's queue: there is a place for it, and nothing older that it would overtake. */
  hasRoom(destination: DestinationSettings): boolean {
    if (this.#claims.wouldBeOvertaken || destination.order !== undefined) return false
    const gate = this.#gate.view(destination, this.#parts.clock.now())
    return gate.kind === 'open' && this.#placesBehind(gate, destination) > 0 && this.#holdings.hasRoom()
  }

  /** The store's word on when the next delivery is due; null for never. */
  learnNextDue(dueAt: number | null): void {
    const isDue = dueAt !== null && dueAt <= this.#parts.clock.now()
    this.#claims.nextDueIsUnknown(isDue)
    if (isDue) this.kick()
    else if (dueAt !== null) this.#wakeAt(dueAt)
  }

  isIdle(): boolean {
    return this.#sending === 0 && this.#recording === 0 && !this.#claims.isUnderWay
  }

  /** Stops waking up; what is under way goes on. */
  rest(): void {
    this.#dueAlarm.cancel()
    this.#gateAlarm.cancel()
  }

  stats(): LaneStats {
    const destination = this.#parts.settings.current().destinations.get(this.name)
    return {
      destination: this.name,
      waiting: this.#holdings.waiting,
      sending: this.#sending,
      recording: this.#recording,
      hasBacklog: this.#claims.isDue,
      nextDueAt: this.#dueAlarm.at,
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
      if (gate.until !== null) this.#gateAlarm.setFor(gate.until)
      return
    }
    if (gate.kind === 'probe') this.#giveBack(1)
    const slots = gate.kind === 'probe' ? 1 : gate.slots
    // Half of the stock is left when more is asked for, so that it lasts until the answer.
    const isRunningDry = this.#holdings.waiting < Math.max(slots, (slots * this.#stock.perSlot()) / 2 - slots)
    if (isRunningDry && this.#claims.isDue && !this.#claims.isUnderWay && !this.#parts.recorder.isFull()) {
      void this.#claim(destination, gate)
    }
  }

  /** Launches what the gate lets through; gives the gate as it stands then. */
  #launchAll(destination: DestinationSettings, settings: Settings): GateView {
    for (;;) {
      const now = this.#parts.clock.now()
      const gate = this.#gate.view(destination, now)
      if (gate.kind === 'closed' || this.#holdings.waiting === 0 || this.#parts.recorder.isFull()) return gate
      if (gate.kind === 'open' && this.#sending >= gate.slots) return gate
      const rateAt = this.#gate.rateAt(destination, now)
      if (rateAt > now) {
        if (this.#parts.isRunning()) this.#gateAlarm.setFor(rateAt)
        return gate
      }
      this.#launch(destination, settings, now)
    }
  }

  /** How many more deliveries may wait or be under way. */
  #placesBehind(gate: GateView, destination: DestinationSettings): number {
    const { waiting } = this.#holdings
    if (gate.kind === 'closed') return 0
    if (gate.kind === 'probe') return waiting === 0 ? 1 : 0
    const bySlots = this.#stock.perSlot() * gate.slots - waiting - this.#sending
    // A slow rate must not let leases lapse: what waits goes out within the time of one attempt.
    return Math.min(bySlots, attemptsWithin(destination.rate, destination.timeoutMs) - waiting)
  }

  /** All but the first `keep` that wait go back to the store, due as they were and without a try counted. */
  #giveBack(keep: number): void {
    this.#return(this.#holdings.letGoOfWaiting(keep))
  }

  #return(returned: readonly Held[]): void {
    if (returned.length === 0) return
    this.#claims.somethingReturns()
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

  #launch(destination: DestinationSettings, settings: Settings, now: number): void {
    const held = this.#holdings.next()!
    if (now + destination.timeoutMs > held.leaseUntil) {
      // Another holder could begin before this try ends. If it has lapsed already and somebody has it, this changes nothing.
      this.#holdings.letGo(held)
      this.#return([held])
      return
    }
    this.#sending += 1
    void this.#attempt(held, this.#gate.enter(destination, now), destination, settings)
  }

  async #attempt(held: Held, pass: Pass, destination: DestinationSettings, settings: Settings): Promise<void> {
    const attempt = await this.#parts.makeAttempt(held.delivery, destination, settings)
    this.#sending -= 1
    this.#recording += 1
    this.#stock.attemptTook(attempt.outcome.durationMs)
    this.#learn(held, pass, attempt, destination)
    const recorded = this.#parts.recorder.record(held, attempt)
    this.pump() // the slot is the receiver's time; the store's is not taken from it
    const writtenFence = await recorded
    this.#recording -= 1
    this.#holdings.letGo(held)
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
    const { clock } = this.#parts
    const places = this.#placesBehind(gate, destination)
    const byMemory = this.#holdings.bodiesThatFit()
    // A body above all bounds still goes, alone.
    const bodies = this.#holdings.waiting + this.#sending === 0 ? Math.max(byMemory, 1) : byMemory
    if (places < 1 || bodies < 1) return
    const leaseUntil = clock.now() + leaseMsFor(destination.timeoutMs)
    const isAnswered = await this.#claims.claim(Math.min(places, bodies), leaseUntil, (claimed) => {
      if (claimed.length > 0) this.#holdings.forgetLargest()
      this.take(claimed, leaseUntil)
    })
    if (!isAnswered) this.#wakeAt(clock.now() + CLAIM_RETRY_MS)
    this.#parts.onProgress()
  }

  #wakeAt(at: number): void {
    if (this.#parts.isRunning()) this.#dueAlarm.setFor(at)
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
  /** Null where the settings do not have the destination. */
  readonly gate: GateStatus | null
}
