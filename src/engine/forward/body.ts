/**
 * The body of a forward, in the peer's wire format:
 *
 *     {"from":"<provider>","providerConfigKey":"<integration>","type":"forward","connectionId":"<id>","payload":<payload>}
 *
 * The payload stands in it byte for byte as the provider sent it. Of a batch only the items that the delivery names remain, inside
 * the provider's own envelope. What matched no connection goes out as the peer sends it, the bare payload, or on request in the same
 * envelope without `connectionId`: the peer's clients type that member as optional, and an empty one would look like an id.
 *
 * A destination that wants the exact body gets the request's own bytes and content type, for receivers that verify the provider's
 * signature themselves. Of a batch in which others have items too nothing exact can be sent: then it is the payload with its own items.
 */
import type { ClaimedDelivery, ReceivedRequest } from '../../domain/delivery.ts'
import { keepItems } from '../../domain/json-text.ts'

export interface ForwardBody {
  readonly bytes: Uint8Array
  readonly contentType: string
}

type Forwarded = Pick<
  ClaimedDelivery,
  'body' | 'connectionId' | 'integration' | 'payload' | 'positions' | 'provider' | 'received'
>

const CLOSE = 0x7d
const UNNAMED_TYPE = 'application/octet-stream'

/**
 * Builds the body, or answers null when the items of this delivery cannot be found in the payload: the whole batch is never sent
 * instead, as the other items belong to others.
 */
export function forwardBody(delivery: Forwarded): ForwardBody | null {
  const received = exactRequestOf(delivery)
  if (received !== null) return { bytes: received.bytes, contentType: received.headers['content-type'] ?? UNNAMED_TYPE }
  const payload = payloadOf(delivery)
  if (payload === null) return null
  if (delivery.body !== 'wrapped') return { bytes: payload, contentType: delivery.payload.contentType }
  const connection = delivery.connectionId === null ? '' : `"connectionId":${JSON.stringify(delivery.connectionId)},`
  const head =
    `{"from":${JSON.stringify(delivery.provider)},"providerConfigKey":${JSON.stringify(delivery.integration)},` +
    `"type":"forward",${connection}"payload":`
  const embedded = delivery.payload.kind === 'json' ? withoutByteOrderMark(payload) : quoted(payload)
  const headLength = Buffer.byteLength(head)
  const bytes = Buffer.allocUnsafe(headLength + embedded.length + 1)
  bytes.write(head, 0)
  bytes.set(embedded, headLength)
  bytes[bytes.length - 1] = CLOSE
  return { bytes, contentType: 'application/json' }
}

/** The request that goes out as it came; null where it does not. */
export function exactRequestOf({
  body,
  positions,
  received,
}: Pick<ClaimedDelivery, 'body' | 'positions' | 'received'>): ReceivedRequest | null {
  return body === 'exact' && positions === null && received !== undefined ? received : null
}

function payloadOf({ payload, positions }: Forwarded): Uint8Array | null {
  if (positions === null) return payload.bytes
  return payload.batchPath === null ? null : keepItems(payload.bytes, payload.batchPath, positions)
}

/** A mark at the start of a file is tolerated by parsers; in the middle of a text it is an error (RFC 8259 §8.1). */
function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

/** Text as a JSON string; what is not UTF-8 shows as U+FFFD, since JSON knows no bytes. */
function quoted(bytes: Uint8Array): Uint8Array {
  return Buffer.from(JSON.stringify(new TextDecoder().decode(bytes)))
}
