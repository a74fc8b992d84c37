/**
 * Makes what the suite stores. Every `given()` has names of its own (integration, destination, connection), so tests share one store
 * without seeing each other's rows.
 */
import { randomBytes } from 'node:crypto'
import type { ClaimedDelivery, ForwardPayload, Outcome, PlannedDelivery } from '../../../src/domain/delivery.ts'
import type { EventMatch, ReceivedEvent } from '../../../src/domain/event.ts'
import {
  type ConnectionId,
  createIds,
  type DeliveryId,
  type DestinationName,
  type IntegrationKey,
} from '../../../src/domain/ids.ts'
import type { Acceptance, AttemptRecord, ConnectionInput, RequestRecord } from '../../../src/engine/ports.ts'

export const NOW = Date.UTC(2026, 2, 2, 10)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

const ids = createIds({ now: () => NOW, randomBytes })
let made = 0

export type EventInput = Partial<Omit<ReceivedEvent, 'match'>> & { match?: EventMatch }

export interface AcceptanceInput {
  readonly events?: readonly EventInput[]
  readonly receivedAt?: number
  readonly dedupeSince?: number | null
  readonly body?: string
  readonly payload?: Partial<ForwardPayload> | null
  /** Deliveries in place of the usual one, which carries all events. */
  readonly deliveries?: readonly Partial<PlannedDelivery>[]
  readonly leaseUntil?: number | null
  readonly leased?: readonly DestinationName[]
  readonly request?: Partial<RequestRecord>
  readonly problems?: readonly string[]
}

export interface Given {
  readonly integration: IntegrationKey
  readonly destination: DestinationName
  readonly connectionId: ConnectionId
  request(over?: Partial<RequestRecord>): RequestRecord
  event(over?: EventInput): ReceivedEvent
  /** A request of this integration: by default one matched event with one pending delivery to this destination. */
  acceptance(input?: AcceptanceInput): Acceptance
  connection(over?: Partial<ConnectionInput>): ConnectionInput
}

export function given(): Given {
  made += 1
  const integration = `integration-${made}` as IntegrationKey
  const destination = `destination-${made}` as DestinationName
  const connectionId = `connection-${made}` as ConnectionId

  const request = (over: Partial<RequestRecord> = {}): RequestRecord => ({
    id: ids.next('request'),
    integration,
    provider: 'acme',
    receivedAt: NOW,
    method: 'POST',
    target: `/webhook/${integration}`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"a":1}'),
    remoteAddress: '127.0.0.1',
    answerStatus: 200,
    durationMs: 1.5,
    ...over,
  })

  const event = (over: EventInput = {}): ReceivedEvent => ({
    id: ids.next('event'),
    position: 0,
    type: 'thing.changed',
    dedupeKey: null,
    occurredAt: NOW - 1_000,
    match: { kind: 'matched', connections: [connectionId], field: 'connection_config.account' },
    ...over,
  })

  const acceptance = (input: AcceptanceInput = {}): Acceptance => {
    const events = (input.events ?? [{}]).map((over, position) => event({ position, ...over }))
    const bytes = Buffer.from(input.body ?? '{"a":1}')
    const usual = { destination, connectionId, body: 'wrapped' as const, positions: null, urlOverride: null }
    const deliveries = (input.deliveries ?? [{}]).map((over) => {
      return { id: ids.next('delivery'), eventIds: events.map(({ id }) => id), ...usual, ...over }
    })
    const payload = { kind: 'json' as const, bytes, batchPath: null, contentType: 'application/json', headers: {} }
    return {
      request: request({ body: bytes, receivedAt: input.receivedAt ?? NOW, ...input.request }),
      scheme: 'sha256',
      secretFingerprint: 'abcdef01',
      clockSkewMs: 120,
      events,
      dedupe: input.dedupeSince == null ? null : { since: input.dedupeSince },
      payload: input.payload === null ? null : { ...payload, ...input.payload },
      deliveries,
      leaseUntil: input.leaseUntil ?? null,
      leasedDestinations: new Set(input.leased ?? []),
      problems: input.problems ?? [],
    }
  }

  const connection = (over: Partial<ConnectionInput> = {}): ConnectionInput => ({
    connectionId,
    integration,
    provider: 'acme',
    connectionConfig: {},
    metadata: {},
    tags: {},
    webhookUrlOverride: null,
    credentials: null,
    ...over,
  })

  return { integration, destination, connectionId, request, event, acceptance, connection }
}

export const ACCEPTED: Outcome = { kind: 'accepted', status: 200, durationMs: 12.5, responseHead: 'thanks' }
export const REFUSED: Outcome = {
  kind: 'retryable',
  reason: 'status',
  status: 503,
  durationMs: 3,
  responseHead: 'busy',
  detail: 'the receiver answered 503',
}

/** An attempt of a claimed delivery; by default it succeeded. */
export function attemptOf(
  delivery: Pick<ClaimedDelivery, 'id' | 'fence'>,
  over: Partial<AttemptRecord> = {},
): AttemptRecord {
  return {
    id: ids.next('attempt'),
    deliveryId: delivery.id,
    fence: delivery.fence,
    startedAt: NOW + 5,
    trigger: 'auto',
    url: 'https://app.example.com/webhooks',
    outcome: ACCEPTED,
    next: { kind: 'done' },
    ...over,
  }
}

export function unknownDelivery(): DeliveryId {
  return ids.next('delivery')
}

export function unknownIds() {
  return { request: ids.next('request'), event: ids.next('event'), delivery: ids.next('delivery') }
}
