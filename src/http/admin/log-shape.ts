/** Requests, events, deliveries and attempts on the wire: snake case, times in ISO 8601, bodies as text where they are text. */
import { isUtf8 } from 'node:buffer'
import type {
  LoggedAttempt,
  LoggedDelivery,
  LoggedEvent,
  LoggedRequest,
  LoggedRequestDetail,
} from '../../engine/ports.ts'

type Json = Record<string, unknown>

export function instant(ms: number): string {
  return new Date(ms).toISOString()
}

export function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instant(ms)
}

export function requestShape(request: LoggedRequest): Json {
  return {
    id: request.id,
    integration: request.integration,
    provider: request.provider,
    received_at: instant(request.receivedAt),
    outcome: request.outcome,
    method: request.method,
    target: request.target,
    answer_status: request.answerStatus,
    duration_ms: request.durationMs,
    scheme: request.scheme,
    secret_fingerprint: request.secretFingerprint,
    clock_skew_ms: request.clockSkewMs,
    refusal: request.refusal,
    handshake: request.handshake,
    problems: request.problems,
    event_count: request.eventCount,
    body_bytes: request.bodyBytes,
    remote_address: request.remoteAddress,
  }
}

export function requestDetailShape(request: LoggedRequestDetail): Json {
  return {
    ...requestShape(request),
    headers: request.headers,
    body: bodyShape(request.body),
    events: request.events.map(eventShape),
    deliveries: request.deliveries.map(deliveryShape),
  }
}

export function eventShape(event: LoggedEvent): Json {
  return {
    id: event.id,
    request_id: event.requestId,
    integration: event.integration,
    provider: event.provider,
    received_at: instant(event.receivedAt),
    position: event.position,
    type: event.type,
    dedupe_key: event.dedupeKey,
    occurred_at: instantOrNull(event.occurredAt),
    status: event.status,
    matched_by: event.matchedBy,
    detail: event.detail,
    connections: event.connections,
  }
}

export function deliveryShape(delivery: LoggedDelivery): Json {
  return {
    id: delivery.id,
    request_id: delivery.requestId,
    event_ids: delivery.eventIds,
    integration: delivery.integration,
    provider: delivery.provider,
    connection_id: delivery.connectionId,
    destination: delivery.destination,
    state: delivery.state,
    death_reason: delivery.deathReason,
    attempt_count: delivery.attemptCount,
    created_at: instant(delivery.createdAt),
    due_at: instantOrNull(delivery.dueAt),
    finished_at: instantOrNull(delivery.finishedAt),
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
  }
}

export function attemptShape(attempt: LoggedAttempt): Json {
  return {
    id: attempt.id,
    started_at: instant(attempt.startedAt),
    duration_ms: attempt.durationMs,
    trigger: attempt.trigger,
    url: attempt.url,
    outcome: attempt.outcome,
    reason: attempt.reason,
    status: attempt.status,
    detail: attempt.detail,
    response_head: attempt.responseHead,
    retry_at: instantOrNull(attempt.retryAt),
    next_reason: attempt.nextReason,
  }
}

/** Bytes that are UTF-8 are sent as text, others in base64; either way exactly. */
function bodyShape(bytes: Uint8Array): Json {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer)
    ? { encoding: 'utf8', text: buffer.toString('utf8') }
    : { encoding: 'base64', text: buffer.toString('base64') }
}
