/** An accepted request on its way to the writer: its events, its deliveries, its row, its bytes. */
import type { PlannedDelivery } from '../../../domain/delivery.ts'
import type { ReceivedEvent } from '../../../domain/event.ts'
import type { Acceptance } from '../../../engine/ports.ts'
import { assertChildrenFit } from '../sequence.ts'
import { type Command, type TapeReader, type TapeValue, textOfList, wholeMs, wholeMsOrNull } from '../tape.ts'
import { REQUEST_VALUES, writeRequest } from './request.ts'

export interface AcceptanceCommand {
  readonly requestId: string
  readonly integration: string
  readonly receivedAt: number
  readonly dedupeSince: number | null
  /** Whether the payload is a batch whose items can be left out one by one. */
  readonly isBatch: boolean
  readonly events: readonly EventRow[]
  readonly deliveries: readonly DeliveryRow[]
  /** In the order of ACCEPTED_COLUMNS. */
  readonly request: readonly TapeValue[]
  readonly body: Uint8Array
  /** Null where the payload is the body, or there is none. */
  readonly payload: Uint8Array | null
}

export interface EventRow {
  readonly id: string
  readonly position: number
  readonly type: string | null
  readonly dedupeKey: string | null
  readonly occurredAt: number | null
  readonly status: string
  readonly matchedBy: string | null
  readonly detail: string | null
  /** JSON array, null when there are none. */
  readonly connections: string | null
}

export interface DeliveryRow {
  readonly id: string
  readonly destination: string
  readonly connectionId: string | null
  readonly body: string
  readonly urlOverride: string | null
  readonly state: 'pending' | 'in_flight' | 'held'
  /** Null when held. */
  readonly dueAt: number | null
  readonly fence: number
  /** JSON arrays. */
  readonly eventIds: string
  readonly positions: string | null
  /** Integration and connection, where the destination keeps the order of connections; see migration 2. */
  readonly orderKey: string | null
  /** Of a held delivery: what its connection would be known by, as a JSON array of `{ field, value }`. */
  readonly identifiers: string | null
}

/** The fence of a delivery that is leased to the caller by `acceptRequest` itself: it counts as its first claim. */
export const FIRST_FENCE = 1

/** Columns of an accepted request, in the order of its values on the tape. */
export const ACCEPTED_COLUMNS = `${REQUEST_VALUES}, scheme, secret_fingerprint, clock_skew_ms, problems, payload_kind,
  payload_content_type, payload_batch_path, payload_headers`
export const ACCEPTED_VALUE_COUNT = 19

const NO_PAYLOAD = -1
const PAYLOAD_IS_BODY = -2

export function writeAcceptance(acceptance: Acceptance): Command {
  const { request, events, deliveries, payload } = acceptance
  assertChildrenFit(request.id, Math.max(events.length, deliveries.length))
  const isSame = payload !== null && isSameBytes(payload.bytes, request.body)
  const values: TapeValue[] = [
    request.id,
    request.integration,
    wholeMs(request.receivedAt),
    acceptance.dedupe === null ? null : acceptance.dedupe.since,
    payload?.batchPath != null ? 1 : 0,
    events.length,
    deliveries.length,
    request.body.length,
    payload === null ? NO_PAYLOAD : isSame ? PAYLOAD_IS_BODY : payload.bytes.length,
  ]
  for (const event of events) writeEvent(values, event)
  const identifiers = deliveries.some((delivery) => delivery.held === true) ? identifiersByEvent(events) : null
  for (const delivery of deliveries) writeDelivery(values, delivery, acceptance, identifiers)
  writeRequest(values, request)
  values.push(
    acceptance.scheme,
    acceptance.secretFingerprint,
    wholeMsOrNull(acceptance.clockSkewMs),
    textOfList(acceptance.problems),
    payload === null ? null : payload.kind,
    payload === null ? null : payload.contentType,
    payload?.batchPath == null ? null : JSON.stringify(payload.batchPath),
    payload === null ? null : JSON.stringify(payload.headers),
  )
  return { kind: 'accept', values, blobs: payload === null || isSame ? [request.body] : [request.body, payload.bytes] }
}

function writeEvent(values: TapeValue[], event: ReceivedEvent): void {
  const { match } = event
  values.push(event.id, event.position, event.type, event.dedupeKey, wholeMsOrNull(event.occurredAt), match.kind)
  if (match.kind === 'matched') values.push(match.field, null, textOfList(match.connections))
  else if (match.kind === 'skipped') values.push(null, null, null)
  else values.push(null, match.detail === undefined ? match.reason : `${match.reason}: ${match.detail}`, null)
}

function writeDelivery(
  values: TapeValue[],
  delivery: PlannedDelivery,
  acceptance: Acceptance,
  identifiers: ReadonlyMap<string, string | null> | null,
): void {
  const { leaseUntil, leasedDestinations, request } = acceptance
  const isHeld = delivery.held === true
  const isLeased = !isHeld && leaseUntil !== null && leasedDestinations.has(delivery.destination)
  values.push(
    delivery.id,
    delivery.destination,
    delivery.connectionId,
    delivery.body,
    delivery.urlOverride,
    isHeld ? 'held' : isLeased ? 'in_flight' : 'pending',
    isHeld ? null : wholeMs(isLeased ? leaseUntil : request.receivedAt),
    isLeased ? FIRST_FENCE : 0,
    JSON.stringify(delivery.eventIds),
    delivery.positions === null ? null : JSON.stringify(delivery.positions),
    orderKeyOf(delivery, request.integration),
    isHeld ? (identifiers?.get(delivery.eventIds[0] ?? '') ?? null) : null,
  )
}

/** Unmatched deliveries have no order; a held one gets the rest of its key with its connection. */
function orderKeyOf({ ordered, held, connectionId }: PlannedDelivery, integration: string): string | null {
  if (ordered !== true || (connectionId === null && held !== true)) return null
  return `${integration}\n${connectionId ?? ''}`
}

/** A held delivery carries one event; what that event was looked up by finds its connection later. */
function identifiersByEvent(events: readonly ReceivedEvent[]): ReadonlyMap<string, string | null> {
  return new Map(
    events.map(({ id, match }) => [id, match.kind === 'unmatched' ? textOfList(match.identifiers ?? []) : null]),
  )
}

export function readAcceptance(tape: TapeReader): AcceptanceCommand {
  const requestId = tape.text()
  const integration = tape.text()
  const receivedAt = tape.number()
  const dedupeSince = tape.numberOrNull()
  const isBatch = tape.number() === 1
  const eventCount = tape.number()
  const deliveryCount = tape.number()
  const bodyLength = tape.number()
  const payloadLength = tape.number()
  const events: EventRow[] = []
  for (let at = 0; at < eventCount; at += 1) events.push(readEvent(tape))
  const deliveries: DeliveryRow[] = []
  for (let at = 0; at < deliveryCount; at += 1) deliveries.push(readDelivery(tape))
  return {
    requestId,
    integration,
    receivedAt,
    dedupeSince,
    isBatch,
    events,
    deliveries,
    request: tape.take(ACCEPTED_VALUE_COUNT),
    body: tape.bytes(bodyLength),
    payload: payloadLength < 0 ? null : tape.bytes(payloadLength),
  }
}

function readEvent(tape: TapeReader): EventRow {
  return {
    id: tape.text(),
    position: tape.number(),
    type: tape.textOrNull(),
    dedupeKey: tape.textOrNull(),
    occurredAt: tape.numberOrNull(),
    status: tape.text(),
    matchedBy: tape.textOrNull(),
    detail: tape.textOrNull(),
    connections: tape.textOrNull(),
  }
}

function readDelivery(tape: TapeReader): DeliveryRow {
  return {
    id: tape.text(),
    destination: tape.text(),
    connectionId: tape.textOrNull(),
    body: tape.text(),
    urlOverride: tape.textOrNull(),
    state: tape.text() as DeliveryRow['state'],
    dueAt: tape.numberOrNull(),
    fence: tape.number(),
    eventIds: tape.text(),
    positions: tape.textOrNull(),
    orderKey: tape.textOrNull(),
    identifiers: tape.textOrNull(),
  }
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0)
}
