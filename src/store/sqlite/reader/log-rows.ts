/** Rows of the log as the port names them. SQL is snake_case, the domain camelCase; this is where one becomes the other. */
import type { DeathReason, DeliveryState, Outcome } from '../../../domain/delivery.ts'
import type {
  AttemptId,
  ConnectionId,
  DeliveryId,
  DestinationName,
  EventId,
  IntegrationKey,
  RequestId,
} from '../../../domain/ids.ts'
import type { RefusalCode } from '../../../domain/verification.ts'
import type {
  LoggedAttempt,
  LoggedDelivery,
  LoggedEvent,
  LoggedRequest,
  RequestOutcome,
} from '../../../engine/ports.ts'

export const REQUEST_COLUMNS = `r.seq, r.id, r.integration, r.provider, r.outcome, r.received_at, r.method, r.target,
  r.answer_status, r.duration_ms, r.scheme, r.secret_fingerprint, r.clock_skew_ms, r.refusal_code, r.refusal_detail,
  r.handshake, r.problems, r.event_count, r.body_bytes, r.remote_address`

export interface RequestRow {
  seq: number
  id: RequestId
  integration: IntegrationKey
  provider: string
  outcome: RequestOutcome
  received_at: number
  method: string
  target: string
  answer_status: number
  duration_ms: number
  scheme: string | null
  secret_fingerprint: string | null
  clock_skew_ms: number | null
  refusal_code: RefusalCode | null
  refusal_detail: string | null
  handshake: string | null
  problems: string | null
  event_count: number
  body_bytes: number
  remote_address: string | null
}

export function loggedRequest(row: RequestRow): LoggedRequest {
  return {
    id: row.id,
    integration: row.integration,
    provider: row.provider,
    receivedAt: row.received_at,
    outcome: row.outcome,
    method: row.method,
    target: row.target,
    answerStatus: row.answer_status,
    durationMs: row.duration_ms,
    scheme: row.scheme,
    secretFingerprint: row.secret_fingerprint,
    clockSkewMs: row.clock_skew_ms,
    refusal: row.refusal_code === null ? null : { code: row.refusal_code, detail: row.refusal_detail ?? '' },
    handshake: row.handshake,
    problems: listOf<string>(row.problems),
    eventCount: row.event_count,
    bodyBytes: row.body_bytes,
    remoteAddress: row.remote_address,
  }
}

export const EVENT_COLUMNS = `e.seq, e.id, r.id AS request_id, r.integration, r.provider, e.received_at, e.position, e.type,
  e.dedupe_key, e.occurred_at, e.status, e.matched_by, e.detail, e.connections`

export interface EventRow {
  seq: number
  id: EventId
  request_id: RequestId
  integration: IntegrationKey
  provider: string
  received_at: number
  position: number
  type: string | null
  dedupe_key: string | null
  occurred_at: number | null
  status: LoggedEvent['status']
  matched_by: string | null
  detail: string | null
  connections: string | null
}

export function loggedEvent(row: EventRow): LoggedEvent {
  return {
    id: row.id,
    requestId: row.request_id,
    integration: row.integration,
    provider: row.provider,
    receivedAt: row.received_at,
    position: row.position,
    type: row.type,
    dedupeKey: row.dedupe_key,
    occurredAt: row.occurred_at,
    status: row.status,
    matchedBy: row.matched_by,
    detail: row.detail,
    connections: listOf<ConnectionId>(row.connections),
  }
}

export const DELIVERY_COLUMNS = `d.seq, d.id, r.id AS request_id, r.integration, r.provider, d.event_ids, d.connection_id,
  d.destination, d.state, d.death_reason, d.attempt_count, d.created_at, d.due_at, d.finished_at, d.last_status, d.last_error`

export interface DeliveryRow {
  seq: number
  id: DeliveryId
  request_id: RequestId
  integration: IntegrationKey
  provider: string
  event_ids: string
  connection_id: ConnectionId | null
  destination: DestinationName
  state: DeliveryState
  death_reason: DeathReason | null
  attempt_count: number
  created_at: number
  due_at: number | null
  finished_at: number | null
  last_status: number | null
  last_error: string | null
}

export function loggedDelivery(row: DeliveryRow): LoggedDelivery {
  return {
    id: row.id,
    requestId: row.request_id,
    eventIds: listOf<EventId>(row.event_ids),
    integration: row.integration,
    provider: row.provider,
    connectionId: row.connection_id,
    destination: row.destination,
    state: row.state,
    deathReason: row.death_reason,
    attemptCount: row.attempt_count,
    createdAt: row.created_at,
    dueAt: row.state === 'pending' ? row.due_at : null,
    finishedAt: row.finished_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
  }
}

export const ATTEMPT_COLUMNS =
  'id, started_at, duration_ms, trigger, url, outcome, reason, status, detail, retry_at, response_head, next_reason'

export interface AttemptRow {
  id: AttemptId
  started_at: number
  duration_ms: number
  trigger: LoggedAttempt['trigger']
  url: string
  outcome: Outcome['kind']
  reason: string | null
  status: number | null
  detail: string | null
  retry_at: number | null
  response_head: string
  next_reason: string | null
}

export function loggedAttempt(row: AttemptRow): LoggedAttempt {
  return {
    id: row.id,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    trigger: row.trigger,
    url: row.url,
    outcome: row.outcome,
    reason: row.reason,
    status: row.status,
    detail: row.detail,
    responseHead: row.response_head,
    retryAt: row.retry_at,
    nextReason: row.next_reason,
  }
}

function listOf<Item>(json: string | null): readonly Item[] {
  return json === null ? [] : (JSON.parse(json) as Item[])
}
