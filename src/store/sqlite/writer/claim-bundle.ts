/**
 * What a claim hands over beside the rows: the payloads of their requests, each once, and for bodies that are sent as they came the
 * requests' own bytes and headers. All bytes are copied into one buffer that can be given to the other thread.
 */
import type { ForwardPayload } from '../../../domain/delivery.ts'
import type { ClaimAnswer } from '../commands/delivery.ts'

export interface PayloadRow {
  id: string
  integration: string
  provider: string
  received_at: number
  payload_kind: ForwardPayload['kind']
  payload_content_type: string
  payload_batch_path: string | null
  payload_headers: string
  /** Whether the bytes are those of the request's body. */
  is_body: 0 | 1
  bytes: Uint8Array
}

export type BundledPayload = PayloadRow & {
  readonly index: number
  readonly byteAt: number
  /** Where the request stands among the received ones. */
  received?: number
}

export class ClaimBundle {
  readonly #payloads: BundledPayload[] = []
  readonly #received: ClaimAnswer['received'][number][] = []
  readonly #chunks: Uint8Array[] = []
  byteCount = 0

  addPayload(row: PayloadRow): BundledPayload {
    const payload = { ...row, index: this.#payloads.length, byteAt: this.#add(row.bytes) }
    this.#payloads.push(payload)
    return payload
  }

  /** Answers the index of the request. Bytes that the payload has already are not copied again. */
  addReceived(payload: BundledPayload, row: { headers: string; body: Uint8Array }): number {
    const byteAt = payload.is_body === 1 ? payload.byteAt : this.#add(row.body)
    const headers = JSON.parse(row.headers) as Record<string, string>
    return this.#received.push({ headers, byteAt, byteLength: row.body.length }) - 1
  }

  gathered(): Pick<ClaimAnswer, 'payloads' | 'received' | 'bytes'> {
    const bytes = new Uint8Array(new ArrayBuffer(this.byteCount))
    let at = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    const payloads = this.#payloads.map((row) => ({
      kind: row.payload_kind,
      batchPath: row.payload_batch_path === null ? null : (JSON.parse(row.payload_batch_path) as string[]),
      contentType: row.payload_content_type,
      headers: JSON.parse(row.payload_headers) as Record<string, string>,
      byteAt: row.byteAt,
      byteLength: row.bytes.length,
    }))
    return { payloads, received: this.#received, bytes: bytes.buffer }
  }

  #add(bytes: Uint8Array): number {
    const at = this.byteCount
    this.#chunks.push(bytes)
    this.byteCount += bytes.length
    return at
  }
}
