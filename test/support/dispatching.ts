/**
 * A dispatcher as it runs in the gateway, with a real sender and a real receiver, on a clock that a test moves and a queue in memory.
 * Whatever a test does, nothing is left open, and a timer left behind fails it.
 */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect } from 'vitest'
import { DEFAULT_RETRY_SCHEDULE } from '../../src/domain/delivery.ts'
import type { ClaimedDelivery } from '../../src/domain/delivery.ts'
import { createIds } from '../../src/domain/ids.ts'
import type { DeliveryId, DestinationName } from '../../src/domain/ids.ts'
import { Secret } from '../../src/domain/secret.ts'
import { createDispatcher } from '../../src/engine/forward/dispatcher.ts'
import type { Dispatcher } from '../../src/engine/forward/dispatcher.ts'
import type { DestinationSettings } from '../../src/engine/settings.ts'
import { createSender } from '../../src/outbound/sender.ts'
import { createFakeClock } from './fake-clock.ts'
import { eventually } from './gateway.ts'
import { createMemoryQueue, someDelivery } from './memory-queue.ts'
import type { QueuedDelivery } from './memory-queue.ts'
import { createReceiver } from './receiver.ts'
import type { Receiver } from './receiver.ts'

export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
/** The destination that every test has: the receiver, four at a time. */
export const APP = 'app' as DestinationName
export const OTHER = 'other' as DestinationName
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export interface JournalLine {
  readonly level: string
  readonly name: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** Made anew before each test of the file that calls it. */
export function useDispatching(): { readonly world: Dispatching } {
  const use: { world: Dispatching } = { world: undefined as never }
  beforeEach(async () => {
    use.world = new Dispatching(await createReceiver())
  })
  afterEach(() => use.world.close())
  return use
}

export class Dispatching {
  allowPrivate: readonly string[] = ['127.0.0.0/8']
  // The library that verifies forwards knows no clock but the real one.
  readonly clock = createFakeClock(Date.now())
  readonly queue = createMemoryQueue(this.clock)
  readonly destinations = new Map<string, DestinationSettings>()
  readonly journal: JournalLine[] = []
  readonly #sender = createSender({ allowPrivate: () => this.allowPrivate, now: () => this.clock.now() })
  readonly #dispatchers: Dispatcher[] = []
  #made = 0
  receiver: Receiver
  dispatcher: Dispatcher

  constructor(receiver: Receiver) {
    this.receiver = receiver
    this.destine(APP, { url: `${receiver.url}/hook` })
    this.dispatcher = this.succeed()
  }

  /** A dispatcher on the same queue: the next process after a stop. It becomes the one that the other helpers use. */
  succeed(): Dispatcher {
    const write = (level: string) => (name: string, facts: Readonly<Record<string, unknown>>) => {
      this.journal.push({ level, name, facts })
    }
    const settings = {
      integrations: new Map(),
      destinations: this.destinations,
      publicUrl: null,
      signingSecrets: [new Secret(SIGNING_SECRET)],
      retrySchedule: DEFAULT_RETRY_SCHEDULE,
      maxBodyBytes: 5_000_000,
    }
    this.dispatcher = createDispatcher({
      queue: this.queue,
      sender: this.#sender,
      settings: { current: () => settings },
      clock: this.clock,
      random: () => 0.5,
      ids: createIds({ now: () => this.clock.now(), randomBytes }),
      journal: { record: write('info'), warn: write('warn'), error: write('error') },
    })
    this.#dispatchers.push(this.dispatcher)
    return this.dispatcher
  }

  destine(name: DestinationName, given: Partial<DestinationSettings> & { url: string }): void {
    this.destinations.set(name, { name, timeoutMs: 10_000, concurrency: 4, headers: {}, ...given })
  }

  delivery(given: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
    this.#made += 1
    return someDelivery({
      id: `dlv_${this.#made}` as DeliveryId,
      destination: APP,
      receivedAt: this.clock.now(),
      ...given,
    })
  }

  /** Stores a pending delivery, tells of it, and gives its id. */
  store(given: Partial<ClaimedDelivery> = {}): DeliveryId {
    const stored = this.delivery(given)
    this.queue.add(stored)
    this.dispatcher.kick(stored.destination)
    return stored.id
  }

  row(id: DeliveryId): QueuedDelivery {
    return this.queue.rows.get(id)!
  }

  linesNamed(name: string): JournalLine[] {
    return this.journal.filter((line) => line.name === name)
  }

  stateOf(id: DeliveryId, state: QueuedDelivery['state']): Promise<unknown> {
    return eventually(
      () => this.queue.state(id),
      (seen) => seen === state,
    )
  }

  attemptsOf(id: DeliveryId, count: number): Promise<unknown> {
    return eventually(
      () => this.row(id).attempts.length,
      (seen) => seen === count,
    )
  }

  delivered(count: number): Promise<unknown> {
    return eventually(
      () => this.queue.countOf('delivered'),
      (seen) => seen === count,
    )
  }

  lines(name: string, count: number): Promise<unknown> {
    return eventually(
      () => this.linesNamed(name).length,
      (seen) => seen === count,
    )
  }

  /** Goes on, from one due time of the lane to the next, until the delivery or its lapsed lease is due. */
  async goToDueTimeOf(id: DeliveryId): Promise<void> {
    await eventually(
      () => this.dispatcher.stats().lanes.find((lane) => lane.destination === APP)!,
      (lane) => {
        if (lane.sending + lane.recording > 0) return false
        const { dueAt, leaseUntil, state } = this.row(id)
        const end = state === 'pending' ? dueAt : leaseUntil
        const next = Math.min(lane.nextDueAt ?? this.clock.now() + 50, end)
        this.clock.advance(Math.max(next - this.clock.now(), 0))
        return this.clock.now() === end && lane.nextDueAt === end
      },
    )
    this.clock.advance(25)
  }

  async close(): Promise<void> {
    for (const each of this.#dispatchers) {
      const stopped = each.stop({ graceMs: 0 })
      this.clock.advance(0)
      await stopped
    }
    await this.#sender.close()
    await this.receiver.close()
    expect(this.clock.timerCount(), 'timers left behind').toBe(0)
  }
}
