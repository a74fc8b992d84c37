/** The part of a request's row that is written whatever became of it, and what refusals and handshakes add to it. */
import type { IngestStore, RequestRecord } from '../../../engine/ports.ts'
import { type Command, type TapeReader, type TapeValue, wholeMs, wholeMsOrNull } from '../tape.ts'

export const REQUEST_VALUES = `id, integration, provider, received_at, method, target, answer_status, duration_ms, body_bytes,
  remote_address, headers`

/** Appends the values of REQUEST_VALUES, in its order. */
export function writeRequest(values: TapeValue[], request: RequestRecord): void {
  values.push(
    request.id,
    request.integration,
    request.provider,
    wholeMs(request.receivedAt),
    request.method,
    request.target,
    request.answerStatus,
    request.durationMs,
    request.body.length,
    request.remoteAddress,
    JSON.stringify(request.headers),
  )
}

export interface LogCommand {
  readonly integration: string
  readonly receivedAt: number
  readonly outcome: 'refused' | 'handshake'
  /** In the order of LOGGED_COLUMNS. */
  readonly request: readonly TapeValue[]
  readonly body: Uint8Array
}

export const LOGGED_COLUMNS = `${REQUEST_VALUES}, scheme, clock_skew_ms, refusal_code, refusal_detail, handshake`
const LOGGED_VALUE_COUNT = 16

export function writeRefusal(refusal: Parameters<IngestStore['recordRefusal']>[0]): Command {
  const { request, code, scheme, detail, clockSkewMs } = refusal
  return writeLogged(request, 'refused', [scheme, wholeMsOrNull(clockSkewMs), code, detail, null])
}

export function writeHandshake(handshake: Parameters<IngestStore['recordHandshake']>[0]): Command {
  return writeLogged(handshake.request, 'handshake', [null, null, null, null, handshake.name])
}

function writeLogged(request: RequestRecord, outcome: LogCommand['outcome'], more: readonly TapeValue[]): Command {
  const values: TapeValue[] = [request.integration, wholeMs(request.receivedAt), outcome, request.body.length]
  writeRequest(values, request)
  values.push(...more)
  return { kind: 'log', values, blobs: [request.body] }
}

export function readLogged(tape: TapeReader): LogCommand {
  const integration = tape.text()
  const receivedAt = tape.number()
  const outcome = tape.text() as LogCommand['outcome']
  const bodyLength = tape.number()
  return { integration, receivedAt, outcome, request: tape.take(LOGGED_VALUE_COUNT), body: tape.bytes(bodyLength) }
}
