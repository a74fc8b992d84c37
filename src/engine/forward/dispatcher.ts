/**
 * Brings deliveries to their destinations, from the store and from the hand-off of what was just accepted, at least once each. It
 * keeps one lane for each destination and the clockwork between them: due times, a slow poll for what no kick told of, the report of
 * destinations that are gone, start and stop. Everything it holds in memory is also a row in the store, under a lease.
 */
import type { ClaimedDelivery } from '../../domain/delivery.ts'
import type { DestinationName, Ids } from '../../domain/ids.ts'
import type { Clock, DeliveryQueue, DestinationControl, Journal, OutboundSender, Random } from '../ports.ts'
import type { SettingsSource } from '../settings.ts'
import { createAttemptMaker } from './attempt.ts'
import type { AttemptFacts } from './attempt.ts'
import type { Pause } from './gate.ts'
import { Lane } from './lane.ts'
import type { LaneStats } from './lane.ts'
import { createMemoryBudget } from './memory-budget.ts'
import { createRecorder } from './recorder.ts'
import { createSetBackClock } from './set-back-clock.ts'
import { leaseMsFor } from './stock.ts'

export interface DispatcherParts {
  readonly queue: DeliveryQueue & DestinationControl
  readonly sender: OutboundSender
  readonly settings: SettingsSource
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly journal: Journal
  /** Told of every attempt, for metrics. */
  readonly onAttempt?: (facts: AttemptFacts) => void
}

export interface Dispatcher {
  /** Frees what a predecessor of this process had leased, then begins. Rejects when the store cannot be asked. */
  start(): Promise<void>
  /** Takes deliveries that were stored as leased, for an attempt at once. */
  offer(deliveries: readonly ClaimedDelivery[]): void
  /** Whether a new delivery of this destination may be leased and offered; otherwise it belongs to the store, with a kick. */
  hasRoom(destination: DestinationName): boolean
  /** Says that a pending delivery, due now, was stored. */
  kick(destination: DestinationName): void
  /** Says that deliveries may have become due, of whatever destination: the store is asked soon. */
  wake(): void
  /** How long the lease of a delivery that will be offered should last. */
  leaseMs(destination: DestinationName): number
  /** New settings are in force: destinations may have come, gone or changed their limits. */
  settingsChanged(): void
  /** Stores the pause, then claims and sends nothing more for this destination. Pausing twice keeps the first time and reason. */
  pause(destination: DestinationName, reason: string | null): Promise<Pause>
  /** False when it was not paused. */
  resume(destination: DestinationName): Promise<boolean>
  /** Begins nothing more, lets what is under way end within `graceMs`, and gives all leases back. */
  stop(options: { graceMs: number }): Promise<void>
  stats(): DispatcherStats
  /** What this process knows of one destination; a destination of the settings always has a lane. */
  laneStats(destination: DestinationName): LaneStats | null
}

export interface DispatcherStats {
  readonly lanes: readonly LaneStats[]
  /** Outcomes waiting for the store, in all lanes. */
  readonly unrecorded: number
  /** Bytes of the bodies that wait or are under way, in all lanes. */
  readonly heldBytes: number
  /** Destinations with deliveries that the settings do not know. */
  readonly missingDestinations: readonly DestinationName[]
}

/** For what was stored without a kick: by another process, or while the clock was set. */
const POLL_MS = 15_000
/** Lanes that ask for their next due time within this are answered together. */
const ASK_TOGETHER_MS = 50
const DEFAULT_LEASE_MS = 60_000
/** Bodies in all lanes together. */
const MAX_HELD_BYTES = 256 * 1_048_576

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { queue, settings, journal } = parts
  const clock = createSetBackClock(parts.clock, (step) => void shiftDueTimes(step))
  const lanes = new Map<DestinationName, Lane>()
  const missing = new Set<DestinationName>()
  let state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  let poll: { cancel(): void } | null = null
  let soon: { cancel(): void } | null = null
  let isAsking = false
  let isAskedAgain = false
  let onIdle: (() => void) | null = null

  let pauses: ReadonlyMap<DestinationName, Pause> = new Map()

  const pumpAll = (): void => lanes.forEach((lane) => lane.pump())
  const recorder = createRecorder({ queue, clock, journal, onRoom: pumpAll })
  const memory = createMemoryBudget(MAX_HELD_BYTES, pumpAll)
  const laneParts = {
    memory,
    queue,
    settings,
    clock,
    journal,
    recorder,
    makeAttempt: createAttemptMaker({ ...parts, clock }),
    isRunning: () => state === 'running',
    askNextDue: () => {
      if (state !== 'running') return
      soon ??= clock.after(ASK_TOGETHER_MS, () => {
        soon = null
        void askNextDueTimes()
      })
    },
    onProgress: () => {
      if (onIdle !== null && isIdle()) onIdle()
    },
  }

  function laneOf(name: DestinationName): Lane {
    let lane = lanes.get(name)
    if (lane === undefined) {
      lane = new Lane(name, laneParts)
      lanes.set(name, lane)
      const pause = pauses.get(name)
      if (pause !== undefined) lane.pause(pause)
    }
    return lane
  }

  function isIdle(): boolean {
    for (const lane of lanes.values()) if (!lane.isIdle()) return false
    return true
  }

  async function askNextDueTimes(): Promise<void> {
    isAskedAgain = isAsking
    if (isAsking || state !== 'running') return
    isAsking = true
    try {
      const times = await queue.nextDueTimes()
      const { destinations } = settings.current()
      for (const [name, dueAt] of times) {
        if (destinations.has(name)) laneOf(name).learnNextDue(dueAt)
        else reportMissing(name, dueAt)
      }
      for (const [name, lane] of lanes) if (!times.has(name)) lane.learnNextDue(null)
    } catch (error) {
      journal.warn('due_times.unknown', { error }) // the poll asks again
    } finally {
      isAsking = false
    }
    if (isAskedAgain) await askNextDueTimes()
  }

  function reportMissing(name: DestinationName, dueAt: number | null): void {
    if (missing.has(name)) return
    missing.add(name)
    journal.warn('destination.missing', {
      destination: name,
      ...(dueAt === null ? {} : { due_at: dueAt }),
      detail: `There are deliveries for "${name}", which the configuration does not have. They stay pending until it does.`,
    })
  }

  /** Destinations that no longer keep an order must not leave deliveries waiting for their turn. */
  async function keepOrders(): Promise<void> {
    const destinations = [...settings.current().destinations.values()]
    const ordered = destinations.filter(({ order }) => order !== undefined).map(({ name }) => name)
    try {
      const freed = await queue.keepOrderOf({ destinations: ordered, now: clock.now() })
      if (freed > 0) journal.record('order.ended', { deliveries: freed })
    } catch (error) {
      journal.warn('order.unended', { error }) // the next reload or start tries again
    }
  }

  /** What was to wait for a minute still does when the clock is an hour behind where it was. */
  async function shiftDueTimes({ byMs, now }: { byMs: number; now: number }): Promise<void> {
    if (state !== 'running') return
    try {
      const deliveries = await queue.shiftDueTimes({ byMs, now })
      journal.warn('clock.set_back', { by_ms: byMs, deliveries })
    } catch (error) {
      journal.warn('clock.set_back', { by_ms: byMs, error }) // they wait as long as the clock was set back
    }
    await askNextDueTimes()
  }

  async function loadPauses(): Promise<void> {
    const known = await queue.listPauses()
    pauses = new Map(known.map(({ destination, since, reason }) => [destination, { since, reason }]))
  }

  function schedulePoll(): void {
    poll = clock.after(POLL_MS, () => {
      clock.hasPassed(POLL_MS)
      void askNextDueTimes()
      schedulePoll()
    })
  }

  return {
    async start() {
      const released = await queue.releaseLeases({ now: clock.now() })
      if (released > 0) journal.record('leases.released', { deliveries: released })
      await loadPauses()
      await keepOrders()
      state = 'running'
      schedulePoll()
      await askNextDueTimes()
    },

    offer(deliveries) {
      for (const delivery of deliveries) {
        const destination = settings.current().destinations.get(delivery.destination)
        if (destination === undefined) {
          reportMissing(delivery.destination, null)
          continue
        }
        // The lease was reckoned from the time of receipt, and for the slowest destination of the request: at least this long.
        laneOf(delivery.destination).take([delivery], delivery.receivedAt + leaseMsFor(destination.timeoutMs))
      }
    },

    hasRoom(name) {
      const destination = settings.current().destinations.get(name)
      return state === 'running' && destination !== undefined && laneOf(name).hasRoom(destination)
    },

    kick(name) {
      if (settings.current().destinations.has(name)) laneOf(name).kick()
      else reportMissing(name, null)
    },

    wake: laneParts.askNextDue,

    leaseMs(name) {
      const destination = settings.current().destinations.get(name)
      return destination === undefined ? DEFAULT_LEASE_MS : leaseMsFor(destination.timeoutMs)
    },

    settingsChanged() {
      missing.clear()
      const { destinations } = settings.current()
      for (const [name, lane] of lanes) {
        lane.pump()
        if (destinations.has(name) || !lane.isIdle()) continue
        lane.rest()
        lanes.delete(name)
      }
      void keepOrders().then(askNextDueTimes)
    },

    async pause(name, reason) {
      const stored = await queue.pauseDestination({ destination: name, reason, now: clock.now() })
      const pause: Pause = { since: stored.since, reason: stored.reason }
      pauses = new Map(pauses).set(name, pause)
      lanes.get(name)?.pause(pause)
      journal.warn('destination.paused', { destination: name, reason: pause.reason, since: pause.since })
      return pause
    },

    async resume(name) {
      const wasPaused = await queue.resumeDestination(name)
      const left = new Map(pauses)
      left.delete(name)
      pauses = left
      lanes.get(name)?.pause(null)
      if (wasPaused) journal.record('destination.unpaused', { destination: name })
      return wasPaused
    },

    async stop({ graceMs }) {
      if (state === 'stopping' || state === 'stopped') return
      state = 'stopping'
      poll?.cancel()
      soon?.cancel()
      for (const lane of lanes.values()) lane.rest()
      if (!isIdle()) {
        await new Promise<void>((resolve) => {
          const timer = clock.after(graceMs, resolve)
          onIdle = () => {
            timer.cancel()
            resolve()
          }
        })
        onIdle = null
      }
      state = 'stopped'
      recorder.abandon()
      try {
        await queue.releaseLeases({ now: clock.now() })
      } catch (error) {
        journal.warn('leases.unreleased', { error }) // the next start frees them
      }
    },

    stats: () => ({
      lanes: [...lanes.values()].map((lane) => lane.stats()),
      unrecorded: recorder.waiting(),
      heldBytes: memory.used(),
      missingDestinations: [...missing],
    }),
    laneStats: (name) => (settings.current().destinations.has(name) ? laneOf(name).stats() : null),
  }
}
