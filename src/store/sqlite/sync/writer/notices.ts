/**
 * Stores messages to the app as deliveries that are due now. A delivery hangs on a request, which carries its payload: notices get one
 * with the outcome `notice`, that no list of requests shows and retention deletes like the others. Runs inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import { firstChild } from '../../sequence.ts'
import type { TapeReader } from '../../tape.ts'
import type { Counters } from '../../writer/counters.ts'
import type { DedupeIndex } from '../../writer/dedupe-index.ts'
import type { RequestIndex } from '../../writer/request-index.ts'
import type { WrittenNotice } from '../commands.ts'

export interface NoticeParts {
  readonly counters: Counters
  readonly dedupe: DedupeIndex
  readonly requests: RequestIndex
  readonly numbers: { takeSeq(): number }
}

export class NoticeWriter {
  readonly #parts: NoticeParts
  readonly #insertRequest: Statement
  readonly #insertDelivery: Statement

  constructor(db: Database, parts: NoticeParts) {
    this.#parts = parts
    this.#insertRequest = db.prepare(
      `INSERT INTO requests (seq, id, integration, provider, outcome, received_at, method, target, answer_status,
         duration_ms, event_count, body_bytes, headers, payload_kind, payload_content_type, payload_batch_path,
         payload_headers, body)
       VALUES (?, ?, ?, ?, 'notice', ?, 'POST', '', 0, 0, 0, ?, '{}', ?, ?, ?, ?, ?)`,
    )
    this.#insertDelivery = db.prepare(
      `INSERT INTO deliveries (seq, id, created_at, destination, connection_id, body, url_override, state, due_at, fence,
         event_ids)
       VALUES (?, ?, ?, ?, ?, 'raw', ?, 'pending', ?, 0, '[]')`,
    )
  }

  /** Notices of one request share its payload, that of the first of them. */
  store(notices: readonly WrittenNotice[], now: number, tape: TapeReader): void {
    const nextChild = new Map<string, number>()
    for (const notice of notices) {
      const bytes = tape.bytes(notice.payloadBytes)
      const seq = nextChild.get(notice.requestId) ?? firstChild(this.#storeRequest(notice, bytes, now))
      nextChild.set(notice.requestId, seq + 1)
      const { id, destination, connectionId, urlOverride } = notice
      this.#insertDelivery.run(seq, id, now, destination, connectionId, urlOverride, now)
      this.#parts.counters.deliveries('pending', destination, 1)
    }
  }

  /** Answers the number of the request. */
  #storeRequest(notice: WrittenNotice, bytes: Uint8Array, now: number): number {
    const { counters, dedupe, requests, numbers } = this.#parts
    const { payload, integration, connectionId } = notice
    const seq = numbers.takeSeq()
    this.#insertRequest.run(
      seq,
      notice.requestId,
      integration,
      notice.provider,
      now,
      bytes.length,
      payload.kind,
      payload.contentType,
      payload.batchPath === null ? null : JSON.stringify(payload.batchPath),
      JSON.stringify(payload.headers),
      bytes,
    )
    dedupe.reached(firstChild(seq + 1) - 1)
    requests.addRequest({ seq, integration, outcome: 'notice', receivedAt: now }, [JSON.stringify([connectionId])])
    counters.add('requests.notice', 1)
    return seq
  }
}
