/**
 * The durable queue: claims with lease and fence, attempts and what follows them, replay. Transitions are those of the table in
 * domain/delivery.ts; every one keeps `due_at` null unless the delivery waits or is leased. Runs inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { DeliveryState, ForwardPayload } from '../../../domain/delivery.ts'
import type { DeliveryId } from '../../../domain/ids.ts'
import type { AttemptCommand, ClaimAnswer, ClaimCommand } from '../commands/delivery.ts'
import { requestOf } from '../sequence.ts'
import type { Counters } from './counters.ts'

/**
 * A claim stops early beyond this, so that large payloads do not fill the memory with what the caller cannot send yet. The rest
 * stays due.
 */
const MAX_CLAIM_BYTES = 32 * 1024 * 1024

interface DueRow {
  seq: number
  id: string
  state: DeliveryState
  connection_id: string | null
  body: 'wrapped' | 'raw'
  url_override: string | null
  fence: number
  tries: number
  replayed: number
  event_ids: string
  positions: string | null
}

interface PayloadRow {
  id: string
  integration: string
  provider: string
  received_at: number
  payload_kind: ForwardPayload['kind']
  payload_content_type: string
  payload_batch_path: string | null
  payload_headers: string
  bytes: Uint8Array
}

interface LeasedRow {
  seq: number
  replayed: number
}

export class DeliveryQueueWriter {
  readonly #counters: Counters
  readonly #due: Statement<[string, number, number], DueRow>
  readonly #lease: Statement<[number, number]>
  readonly #payload: Statement<[number], PayloadRow>
  readonly #leased: Statement<[string, number], LeasedRow>
  readonly #insertAttempt: Statement
  readonly #finishAttempt: Statement
  readonly #release: Statement<[number]>
  readonly #find: Statement<[string], { seq: number; state: DeliveryState; due_at: number | null }>
  readonly #replay: Statement<[number, number]>

  constructor(db: Database, counters: Counters) {
    this.#counters = counters
    this.#due = db.prepare(
      `SELECT seq, id, state, connection_id, body, url_override, fence, tries, replayed, event_ids, positions
       FROM deliveries WHERE destination = ? AND due_at <= ? ORDER BY due_at LIMIT ? + 0`,
    )
    this.#lease = db.prepare(`UPDATE deliveries SET state = 'in_flight', due_at = ?, fence = fence + 1 WHERE seq = ?`)
    this.#payload = db.prepare(
      `SELECT id, integration, provider, received_at, payload_kind, payload_content_type, payload_batch_path,
         payload_headers, coalesce(payload_bytes, body) AS bytes
       FROM requests WHERE seq = ?`,
    )
    this.#leased = db.prepare(`SELECT seq, replayed FROM deliveries WHERE id = ? AND fence = ? AND state = 'in_flight'`)
    this.#insertAttempt = db.prepare(
      `INSERT INTO attempts (delivery_seq, id, started_at, duration_ms, trigger, url, outcome, reason, status, detail,
         retry_at, response_head)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#finishAttempt = db.prepare(
      `UPDATE deliveries SET state = ?, due_at = ?, tries = tries + 1, attempt_count = attempt_count + 1, replayed = 0,
         death_reason = ?, finished_at = ?, last_status = ?, last_error = ? WHERE seq = ?`,
    )
    this.#release = db.prepare(`UPDATE deliveries SET state = 'pending', due_at = ? WHERE state = 'in_flight'`)
    this.#find = db.prepare('SELECT seq, state, due_at FROM deliveries WHERE id = ?')
    this.#replay = db.prepare(
      `UPDATE deliveries SET state = 'pending', due_at = ?, tries = 0, replayed = 1, death_reason = NULL, finished_at = NULL
       WHERE seq = ?`,
    )
  }

  /** Pending deliveries and lapsed leases alike stand in the index of what is due, so one range of it serves both. */
  claim(command: ClaimCommand): ClaimAnswer {
    const deliveries: Claimed[] = []
    const payloads: (PayloadRow & { index: number })[] = []
    const byRequest = new Map<number, PayloadRow & { index: number }>()
    let byteCount = 0
    for (const row of this.#due.all(command.destination, command.now, command.limit)) {
      const requestSeq = requestOf(row.seq)
      let payload = byRequest.get(requestSeq)
      if (payload === undefined) {
        if (byteCount > MAX_CLAIM_BYTES) break
        payload = { ...this.#payload.get(requestSeq)!, index: payloads.length }
        byRequest.set(requestSeq, payload)
        payloads.push(payload)
        byteCount += payload.bytes.length
      }
      this.#lease.run(command.leaseUntil, row.seq)
      this.#counters.moved(row.state, 'in_flight')
      deliveries.push(claimed(row, payload, command.destination))
    }
    return { deliveries, ...gathered(payloads, byteCount) }
  }

  /** False, and nothing is changed, when the delivery is not under this lease any more. */
  recordAttempt(attempt: AttemptCommand): boolean {
    const row = this.#leased.get(attempt.deliveryId, attempt.fence)
    if (row === undefined) return false
    this.#insertAttempt.run(
      row.seq,
      attempt.id,
      attempt.startedAt,
      attempt.durationMs,
      row.replayed === 1 ? 'manual' : attempt.trigger,
      attempt.url,
      attempt.outcome,
      attempt.reason,
      attempt.status,
      attempt.detail,
      attempt.retryAt,
      attempt.responseHead,
    )
    const state = attempt.next === 'done' ? 'delivered' : attempt.next === 'dead' ? 'dead' : 'pending'
    const finishedAt = state === 'pending' ? null : Math.round(attempt.startedAt + attempt.durationMs)
    this.#finishAttempt.run(
      state,
      attempt.retryAt,
      attempt.deathReason,
      finishedAt,
      attempt.status,
      attempt.detail,
      row.seq,
    )
    this.#counters.moved('in_flight', state)
    return true
  }

  releaseLeases(now: number): number {
    const { changes } = this.#release.run(now)
    this.#counters.moved('in_flight', 'pending', changes)
    return changes
  }

  /** A lease that has lapsed does not stand in the way: its holder finds the delivery pending and changes nothing. */
  replay(id: string, now: number): 'replayed' | 'in_flight' | 'unknown' {
    const row = this.#find.get(id)
    if (row === undefined) return 'unknown'
    if (row.state === 'in_flight' && row.due_at !== null && row.due_at > now) return 'in_flight'
    this.#replay.run(now, row.seq)
    this.#counters.moved(row.state, 'pending')
    return 'replayed'
  }
}

function claimed(row: DueRow, payload: PayloadRow & { index: number }, destination: string): Claimed {
  return {
    id: row.id as DeliveryId,
    destination: destination as Claimed['destination'],
    connectionId: row.connection_id as Claimed['connectionId'],
    body: row.body,
    eventIds: JSON.parse(row.event_ids) as Claimed['eventIds'],
    positions: row.positions === null ? null : (JSON.parse(row.positions) as number[]),
    urlOverride: row.url_override,
    requestId: payload.id as Claimed['requestId'],
    integration: payload.integration as Claimed['integration'],
    provider: payload.provider,
    attemptCount: row.tries,
    fence: row.fence + 1,
    receivedAt: payload.received_at,
    trigger: row.replayed === 1 ? 'manual' : 'auto',
    payloadIndex: payload.index,
  }
}

type Claimed = ClaimAnswer['deliveries'][number]

/** Copies all payloads into one buffer that can be handed to the other thread. */
function gathered(rows: readonly PayloadRow[], byteCount: number): Pick<ClaimAnswer, 'payloads' | 'bytes'> {
  const bytes = new Uint8Array(new ArrayBuffer(byteCount))
  let byteAt = 0
  const payloads = rows.map((row) => {
    bytes.set(row.bytes, byteAt)
    byteAt += row.bytes.length
    return {
      kind: row.payload_kind,
      batchPath: row.payload_batch_path === null ? null : (JSON.parse(row.payload_batch_path) as string[]),
      contentType: row.payload_content_type,
      headers: JSON.parse(row.payload_headers) as Record<string, string>,
      byteAt: byteAt - row.bytes.length,
      byteLength: row.bytes.length,
    }
  })
  return { payloads, bytes: bytes.buffer }
}
