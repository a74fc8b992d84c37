/**
 * Plans which deliveries a request gives rise to: one for each matched connection and destination, carrying that connection's events
 * and nobody else's. What no connection matched goes the way the integration says:
 *
 * | unmatched | becomes                                                                                                     |
 * |-----------|-------------------------------------------------------------------------------------------------------------|
 * | raw       | one delivery with the bare payload, as the peer does                                                        |
 * | wrapped   | one delivery in the envelope, without `connectionId`                                                        |
 * | hold      | one held delivery for each event, so that each can flow when its own connection appears                      |
 * | drop      | nothing; the event stays in the log                                                                         |
 */
import type { PlannedDelivery } from '../../domain/delivery.ts'
import type { ReceivedEvent } from '../../domain/event.ts'
import type { ConnectionId, EventId, Ids } from '../../domain/ids.ts'
import type { MatchedConnection } from '../ports.ts'
import type { DestinationSettings, IntegrationSettings } from '../settings.ts'
import type { Passing } from './filter.ts'

export interface PlanInput {
  readonly integration: Pick<IntegrationSettings, 'forward' | 'unmatched'>
  /** All events of the request, skipped ones too: only then can "all of them" be told from "some of them". */
  readonly events: readonly ReceivedEvent[]
  /** What is known of the matched connections; one that is missing here has no URL of its own. */
  readonly connections: ReadonlyMap<ConnectionId, MatchedConnection>
  readonly ids: Ids
  /** What the destinations want of the deliveries to them; one that is missing here wants nothing special. */
  readonly destinations?: ReadonlyMap<string, Pick<DestinationSettings, 'body' | 'order'>>
  /** Which events the filters of the destinations let pass; absent lets all pass. */
  readonly passing?: Passing
}

/** The deliveries in the order of their first events; by destination in the order of the configuration. */
export function planDeliveries(input: PlanInput): PlannedDelivery[] {
  const { integration, events, connections } = input
  if (integration.forward.length === 0) return []
  const matched = new Map<ConnectionId, ReceivedEvent[]>()
  const unmatched: ReceivedEvent[] = []
  for (const event of events) {
    if (event.match.kind === 'unmatched') unmatched.push(event)
    else if (event.match.kind === 'matched') {
      for (const connection of event.match.connections) {
        const group = matched.get(connection)
        if (group === undefined) matched.set(connection, [event])
        else if (group.at(-1) !== event) group.push(event) // named twice, carried once
      }
    }
  }

  const planned: PlannedDelivery[] = []
  const plan = (group: readonly ReceivedEvent[], target: Target): void => {
    const everyId: EventId[] = group.map((event) => event.id)
    const everyPosition = group.length === events.length ? null : group.map((event) => event.position)
    for (const destination of integration.forward) {
      const wanted = input.passing?.get(destination)
      const passed = wanted === undefined ? group : group.filter((event) => wanted.has(event.id))
      if (passed.length === 0) continue
      const isWhole = passed.length === group.length
      const settings = input.destinations?.get(destination)
      planned.push({
        id: input.ids.next('delivery'),
        destination,
        eventIds: isWhole ? everyId : passed.map((event) => event.id),
        positions: isWhole ? everyPosition : passed.map((event) => event.position),
        ...target,
        ...(settings?.body === 'exact' ? EXACT : {}),
        ...(settings?.order === undefined ? {} : ORDERED),
      })
    }
  }

  for (const [connectionId, group] of matched) {
    plan(group, {
      connectionId,
      body: 'wrapped',
      urlOverride: connections.get(connectionId)?.webhookUrlOverride ?? null,
    })
  }
  if (unmatched.length > 0) {
    const nobody = { connectionId: null, urlOverride: null }
    if (integration.unmatched === 'hold') {
      for (const event of unmatched) plan([event], { ...nobody, body: 'wrapped', held: true })
    } else if (integration.unmatched !== 'drop') {
      plan(unmatched, { ...nobody, body: integration.unmatched })
    }
  }
  return planned
}

const EXACT = { body: 'exact' } as const
const ORDERED = { ordered: true } as const

type Target = Pick<PlannedDelivery, 'connectionId' | 'body' | 'urlOverride' | 'held'>
