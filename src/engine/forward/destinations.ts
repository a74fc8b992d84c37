/**
 * What a person can see of the destinations, and tell them: how much waits for each, whether it is sent to now and if not why, which
 * connections wait for a delivery that fails. It joins what the configuration, the store and the dispatcher know of each.
 */
import type { DeliveryState } from '../../domain/delivery.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { DestinationName } from '../../domain/ids.ts'
import { suggest } from '../../domain/suggestion.ts'
import type { BlockedConnection, DestinationLog, Page, PageRequest } from '../ports.ts'
import type { DestinationSettings, SettingsSource } from '../settings.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Pause } from './gate.ts'
import type { LaneStats } from './lane.ts'

export interface DestinationView {
  readonly name: DestinationName
  /** Null where the configuration does not have it any more, but the store has deliveries for it. */
  readonly settings: DestinationSettings | null
  readonly lane: LaneStats | null
  readonly deliveries: Readonly<Record<DeliveryState, number>>
  /** When the oldest of those that are due first was received; null when nothing waits. */
  readonly oldestPendingAt: number | null
}

export interface Destinations {
  /** Those of the configuration in its order, then those that only have deliveries. */
  list(): Promise<readonly DestinationView[]>
  /** This and the following throw `destination_unknown`. */
  get(name: DestinationName): Promise<DestinationView>
  listBlocked(name: DestinationName, page: PageRequest): Promise<Page<BlockedConnection>>
  pause(name: DestinationName, reason: string | null): Promise<Pause>
  /** False when it was not paused. */
  resume(name: DestinationName): Promise<boolean>
}

const NONE: Readonly<Record<DeliveryState, number>> = {
  pending: 0,
  in_flight: 0,
  delivered: 0,
  dead: 0,
  held: 0,
  cancelled: 0,
}

export function createDestinations(parts: {
  settings: SettingsSource
  store: DestinationLog
  dispatcher: Pick<Dispatcher, 'laneStats' | 'pause' | 'resume'>
}): Destinations {
  const { settings, store, dispatcher } = parts

  async function view(
    name: DestinationName,
    counts: DestinationView['deliveries'] | undefined,
  ): Promise<DestinationView> {
    return {
      name,
      settings: settings.current().destinations.get(name) ?? null,
      lane: dispatcher.laneStats(name),
      deliveries: counts ?? NONE,
      oldestPendingAt: await store.oldestDue(name),
    }
  }

  function assertKnown(name: DestinationName): void {
    const { destinations } = settings.current()
    if (destinations.has(name)) return
    throw new GatewayError({
      code: 'destination_unknown',
      message: `There is no destination called "${name.slice(0, 100)}".`,
      hint: suggest(name, destinations.keys()) ?? 'List them with: postern destinations',
    })
  }

  return {
    async list() {
      const counts = await store.countByDestination()
      const configured = [...settings.current().destinations.keys()] as DestinationName[]
      const names = new Set([...configured, ...[...counts].filter(([, each]) => isAnyLeft(each)).map(([name]) => name)])
      return Promise.all([...names].map((name) => view(name, counts.get(name))))
    },
    async get(name) {
      const counts = (await store.countByDestination()).get(name)
      if (counts === undefined) assertKnown(name)
      return view(name, counts)
    },
    async listBlocked(name, page) {
      assertKnown(name)
      return store.listBlocked(name, page)
    },
    async pause(name, reason) {
      assertKnown(name)
      return dispatcher.pause(name, reason)
    },
    async resume(name) {
      assertKnown(name)
      return dispatcher.resume(name)
    },
  }
}

function isAnyLeft(counts: DestinationView['deliveries']): boolean {
  return counts.pending + counts.in_flight + counts.held + counts.dead > 0
}
