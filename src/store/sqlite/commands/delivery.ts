/** The verbs of the delivery queue on their way to the writer, and what comes back from a claim. */
import type { ClaimedDelivery, ForwardPayload, ReceivedRequest } from '../../../domain/delivery.ts'
import type { AttemptRecord, DeliveryQueue } from '../../../engine/ports.ts'
import { type Command, type TapeReader, type TapeValue, wholeMs, wholeMsOrNull } from '../tape.ts'

export interface ClaimCommand {
  readonly destination: string
  readonly now: number
  readonly limit: number
  readonly leaseUntil: number
}

export function writeClaim(claim: Parameters<DeliveryQueue['claimDueDeliveries']>[0]): Command {
  const values = [claim.destination, wholeMs(claim.now), claim.limit, wholeMs(claim.leaseUntil)]
  return { kind: 'claim', values, blobs: [] }
}

export function readClaim(tape: TapeReader): ClaimCommand {
  return { destination: tape.text(), now: tape.number(), limit: tape.number(), leaseUntil: tape.number() }
}

/** Claimed rows without their bytes. Deliveries of one request share its payload, which crosses once. */
export interface ClaimAnswer {
  readonly deliveries: readonly (Omit<ClaimedDelivery, 'payload' | 'received'> & {
    readonly payloadIndex: number
    readonly receivedIndex?: number
  })[]
  readonly payloads: readonly (Omit<ForwardPayload, 'bytes'> & {
    readonly byteAt: number
    readonly byteLength: number
  })[]
  readonly received: readonly {
    readonly headers: ReceivedRequest['headers']
    readonly byteAt: number
    readonly byteLength: number
  }[]
  readonly bytes: ArrayBuffer
}

export function claimedDeliveries(answer: ClaimAnswer): readonly ClaimedDelivery[] {
  const payloads = answer.payloads.map(({ byteAt, byteLength, ...rest }) => {
    return { ...rest, bytes: new Uint8Array(answer.bytes, byteAt, byteLength) }
  })
  const received = answer.received.map(({ headers, byteAt, byteLength }) => {
    return { headers, bytes: new Uint8Array(answer.bytes, byteAt, byteLength) }
  })
  return answer.deliveries.map(({ payloadIndex, receivedIndex, ...rest }) => ({
    ...rest,
    payload: payloads[payloadIndex]!,
    ...(receivedIndex === undefined ? {} : { received: received[receivedIndex]! }),
  }))
}

export interface AttemptCommand {
  readonly deliveryId: string
  readonly fence: number
  readonly next: 'done' | 'retry' | 'dead'
  readonly retryAt: number | null
  readonly deathReason: string | null
  readonly id: string
  readonly startedAt: number
  readonly durationMs: number
  readonly trigger: string
  readonly url: string
  readonly outcome: string
  readonly reason: string | null
  readonly status: number | null
  readonly detail: string | null
  readonly responseHead: string
  readonly nextReason: string | null
}

export function writeAttempt(attempt: AttemptRecord): Command {
  const { outcome, next } = attempt
  const values = [
    attempt.deliveryId,
    attempt.fence,
    next.kind,
    next.kind === 'retry' ? wholeMs(next.dueAt) : null,
    next.kind === 'dead' ? next.reason : null,
    attempt.id,
    wholeMs(attempt.startedAt),
    outcome.durationMs,
    attempt.trigger,
    attempt.url,
    outcome.kind,
    outcome.kind === 'accepted' ? null : outcome.reason,
    outcome.status ?? null,
    outcome.kind === 'accepted' ? null : outcome.detail,
    outcome.responseHead,
    next.kind === 'done' ? null : (next.reason ?? null),
  ]
  return { kind: 'attempt', values, blobs: [] }
}

export function readAttempt(tape: TapeReader): AttemptCommand {
  return {
    deliveryId: tape.text(),
    fence: tape.number(),
    next: tape.text() as AttemptCommand['next'],
    retryAt: tape.numberOrNull(),
    deathReason: tape.textOrNull(),
    id: tape.text(),
    startedAt: tape.number(),
    durationMs: tape.number(),
    trigger: tape.text(),
    url: tape.text(),
    outcome: tape.text(),
    reason: tape.textOrNull(),
    status: tape.numberOrNull(),
    detail: tape.textOrNull(),
    responseHead: tape.text(),
    nextReason: tape.textOrNull(),
  }
}

export function writeRelease(now: number): Command {
  return { kind: 'release', values: [wholeMs(now)], blobs: [] }
}

export function writeShift({ byMs, now }: Parameters<DeliveryQueue['shiftDueTimes']>[0]): Command {
  return { kind: 'shift', values: [wholeMs(byMs), wholeMs(now)], blobs: [] }
}

export function writeReplay(replay: Parameters<DeliveryQueue['replayDelivery']>[0]): Command {
  return { kind: 'replay', values: [replay.id, wholeMs(replay.now)], blobs: [] }
}

export function writeReturn(request: Parameters<DeliveryQueue['returnDeliveries']>[0]): Command {
  const leases: TapeValue[] = request.deliveries.flatMap(({ id, fence }) => [id, fence])
  return { kind: 'return', values: [wholeMs(request.now), leases.length, ...leases], blobs: [] }
}

export function writeCancel({ id, states, now }: Parameters<DeliveryQueue['cancelDelivery']>[0]): Command {
  return { kind: 'cancel', values: [id, states.join(), wholeMs(now)], blobs: [] }
}

export function writeKeepOrder({ destinations, now }: Parameters<DeliveryQueue['keepOrderOf']>[0]): Command {
  return { kind: 'keep_order', values: [JSON.stringify(destinations), wholeMs(now)], blobs: [] }
}

/** Writes a time into the row that shows whether a write would succeed. */
export function writeProbe(now: number): Command {
  return { kind: 'probe', values: [wholeMsOrNull(now)], blobs: [] }
}
