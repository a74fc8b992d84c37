/**
 * The durable queue: claims with lease and fence, attempts and what follows them, replay. Transitions are those of the table in
 * domain/delivery.ts; every one keeps `due_at` null unless the delivery waits or is leased. Runs inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { AttemptTrigger, DeliveryState } from '../../../domain/delivery.ts'
import type { DeliveryId } from '../../../domain/ids.ts'
import type { AttemptCommand, ClaimAnswer, ClaimCommand } from '../commands/delivery.ts'
import { NEXT_DUE_SQL } from '../reader/queue.ts'
import { requestOf } from '../sequence.ts'
import type { TapeValue } from '../tape.ts'
import { type BundledPayload, ClaimBundle, type PayloadRow } from './claim-bundle.ts'
import type { ConnectionOrder } from './connection-order.ts'
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
  body: Claimed['body']
  url_override: string | null
  fence: number
  tries: number
  replayed: number
  event_ids: string
  positions: string | null
}

interface LeasedRow {
  seq: number
  replayed: number
  destination: string
  order_key: string | null
}

interface FoundRow {
  seq: number
  state: DeliveryState
  due_at: number | null
  destination: string
  order_key: string | null
}

/** `replayed`: who asked for the next attempt. */
const BY_SCHEDULE = 0
const BY_PERSON = 1
const IN_BULK = 2
const TRIGGERS: Readonly<Record<number, AttemptTrigger>> = {
  [BY_SCHEDULE]: 'auto',
  [BY_PERSON]: 'manual',
  [IN_BULK]: 'bulk',
}

const DUE_COLUMNS = `seq, id, state, connection_id, body, url_override, fence, tries, replayed, event_ids, positions`

export class DeliveryQueueWriter {
  readonly #counters: Counters
  readonly #order: ConnectionOrder
  readonly #firstDue: Statement<[string, number, number], DueRow>
  readonly #againDue: Statement<[string, number, number], DueRow>
  /** Of an odd number each kind gets the larger half in turn. */
  #isAgainsTurn = false
  readonly #lease: Statement<[number, number]>
  readonly #payload: Statement<[number], PayloadRow>
  readonly #received: Statement<[number], { headers: string; body: Uint8Array }>
  readonly #leased: Statement<[string, number], LeasedRow>
  readonly #insertAttempt: Statement
  readonly #finishAttempt: Statement
  readonly #release: Statement<[number], string>
  readonly #return: Statement<[number, number, string, number], string>
  /** For first tries and for the others: where something is due, and its shift. */
  readonly #shifts: readonly { due: Statement<[], { name: string }>; shift: Statement<[number, string, number]> }[]
  readonly #find: Statement<[string], FoundRow>
  readonly #replay: Statement<[number, number, number]>
  readonly #cancel: Statement<[number, number]>
  readonly #forgetHeld: Statement<[number]>

  constructor(db: Database, counters: Counters, order: ConnectionOrder) {
    this.#counters = counters
    this.#order = order
    const due = `SELECT ${DUE_COLUMNS} FROM deliveries WHERE destination = ? AND due_at <= ?`
    this.#firstDue = db.prepare(`${due} AND tries = 0 AND replayed = 0 ORDER BY due_at LIMIT ? + 0`)
    this.#againDue = db.prepare(`${due} AND (tries > 0 OR replayed > 0) ORDER BY due_at LIMIT ? + 0`)
    this.#lease = db.prepare(`UPDATE deliveries SET state = 'in_flight', due_at = ?, fence = fence + 1 WHERE seq = ?`)
    this.#payload = db.prepare(
      `SELECT id, integration, provider, received_at, payload_kind, payload_content_type, payload_batch_path,
         payload_headers, payload_bytes IS NULL AS is_body, coalesce(payload_bytes, body) AS bytes
       FROM requests WHERE seq = ?`,
    )
    this.#received = db.prepare('SELECT headers, body FROM requests WHERE seq = ?')
    this.#leased = db.prepare(
      `SELECT seq, replayed, destination, order_key FROM deliveries WHERE id = ? AND fence = ? AND state = 'in_flight'`,
    )
    this.#insertAttempt = db.prepare(
      `INSERT INTO attempts (delivery_seq, id, started_at, duration_ms, trigger, url, outcome, reason, status, detail,
         retry_at, response_head, next_reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#finishAttempt = db.prepare(
      `UPDATE deliveries SET state = ?, due_at = ?, tries = tries + 1, attempt_count = attempt_count + 1, replayed = 0,
         death_reason = ?, finished_at = ?, last_status = ?, last_error = ? WHERE seq = ?`,
    )
    // The second condition repeats that of the partial index, by which SQLite knows that the index applies.
    this.#release = db
      .prepare<[number], string>(
        `UPDATE deliveries SET state = 'pending', due_at = ? WHERE state = 'in_flight' AND state <> 'delivered'
         RETURNING destination`,
      )
      .pluck()
    // What was never tried keeps the place that its time of receipt gives it.
    this.#return = db
      .prepare<[number, number, string, number], string>(
        `UPDATE deliveries SET state = 'pending',
           due_at = CASE WHEN tries = 0 AND replayed = 0 THEN min(created_at, ?) ELSE ? END
         WHERE id = ? AND fence = ? AND state = 'in_flight' RETURNING destination`,
      )
      .pluck()
    this.#shifts = ['tries = 0 AND replayed = 0', '(tries > 0 OR replayed > 0)'].map((kind, at) => ({
      due: db.prepare(NEXT_DUE_SQL[at]!),
      shift: db.prepare(
        `UPDATE deliveries SET due_at = due_at - ? WHERE destination = ? AND due_at > ? AND ${kind} AND state = 'pending'`,
      ),
    }))
    this.#find = db.prepare('SELECT seq, state, due_at, destination, order_key FROM deliveries WHERE id = ?')
    this.#replay = db.prepare(
      `UPDATE deliveries SET state = 'pending', due_at = ?, tries = 0, replayed = ?, death_reason = NULL,
         finished_at = NULL, order_key = iif(connection_id IS NULL, NULL, order_key)
       WHERE seq = ?`,
    )
    this.#cancel = db.prepare(
      `UPDATE deliveries SET state = 'cancelled', due_at = NULL, death_reason = NULL, finished_at = ? WHERE seq = ?`,
    )
    this.#forgetHeld = db.prepare('DELETE FROM held_identifiers WHERE delivery_seq = ?')
  }

  /** Pending deliveries and lapsed leases alike stand in the indexes of what is due. */
  claim(command: ClaimCommand): ClaimAnswer {
    const deliveries: Claimed[] = []
    const bundle = new ClaimBundle()
    const byRequest = new Map<number, BundledPayload>()
    for (const row of this.#dueRows(command)) {
      const requestSeq = requestOf(row.seq)
      let payload = byRequest.get(requestSeq)
      if (payload === undefined) {
        if (bundle.byteCount > MAX_CLAIM_BYTES) break
        payload = bundle.addPayload(this.#payload.get(requestSeq)!)
        byRequest.set(requestSeq, payload)
      }
      if (row.body === 'exact') payload.received ??= bundle.addReceived(payload, this.#received.get(requestSeq)!)
      this.#lease.run(command.leaseUntil, row.seq)
      this.#counters.moved(row.state, 'in_flight', command.destination)
      deliveries.push(claimed(row, payload, command.destination))
    }
    return { deliveries, ...bundle.gathered() }
  }

  /** Half to first tries and half to retries; what one kind does not need is the other's. */
  #dueRows({ destination, now, limit }: ClaimCommand): readonly DueRow[] {
    const again = this.#againDue.all(destination, now, limit)
    const first = this.#firstDue.all(destination, now, limit)
    if (first.length + again.length <= limit) return first.concat(again)
    this.#isAgainsTurn = !this.#isAgainsTurn
    const half = this.#isAgainsTurn ? Math.ceil(limit / 2) : Math.floor(limit / 2)
    const agains = Math.min(again.length, Math.max(half, limit - first.length))
    return first.slice(0, limit - agains).concat(again.slice(0, agains))
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
      row.replayed === BY_SCHEDULE ? attempt.trigger : TRIGGERS[row.replayed],
      attempt.url,
      attempt.outcome,
      attempt.reason,
      attempt.status,
      attempt.detail,
      attempt.retryAt,
      attempt.responseHead,
      attempt.nextReason,
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
    this.#counters.moved('in_flight', state, row.destination)
    if (finishedAt !== null) this.#order.advance(row, finishedAt)
    return true
  }

  releaseLeases(now: number): number {
    const destinations = this.#release.all(now)
    for (const destination of destinations) this.#counters.moved('in_flight', 'pending', destination)
    return destinations.length
  }

  /** Destination by destination, because the indexes of what is due begin with it and hold nothing that has ended. */
  shiftDueTimes(byMs: number, now: number): number {
    let shifted = 0
    for (const { due, shift } of this.#shifts) {
      for (const { name } of due.all()) shifted += shift.run(byMs, name, now).changes
    }
    return shifted
  }

  /** Ids and fences by turns. Answers how many leases were still the ones of these fences. */
  returnDeliveries(now: number, leases: readonly TapeValue[]): number {
    let returned = 0
    for (let at = 0; at + 1 < leases.length; at += 2) {
      const destination = this.#return.get(now, now, leases[at] as string, leases[at + 1] as number)
      if (destination === undefined) continue
      this.#counters.moved('in_flight', 'pending', destination)
      returned += 1
    }
    return returned
  }

  replay(id: string, now: number): 'replayed' | 'in_flight' | 'unknown' {
    const row = this.#find.get(id)
    if (row === undefined) return 'unknown'
    if (isUnderWay(row, now)) return 'in_flight'
    this.#makeDue(row, now, BY_PERSON)
    return 'replayed'
  }

  /** Replays as one of many, if it is still in the state that it was chosen for. */
  replayFrom(id: string, state: DeliveryState, now: number): boolean {
    const row = this.#find.get(id)
    if (row === undefined || row.state !== state || isUnderWay(row, now)) return false
    this.#makeDue(row, now, IN_BULK)
    return true
  }

  cancel(id: string, states: readonly string[], now: number): 'cancelled' | 'in_flight' | 'other_state' | 'unknown' {
    const row = this.#find.get(id)
    if (row === undefined) return 'unknown'
    if (isUnderWay(row, now)) return 'in_flight'
    if (!states.includes(row.state === 'in_flight' ? 'pending' : row.state)) return 'other_state'
    this.#cancel.run(now, row.seq)
    this.#counters.moved(row.state, 'cancelled', row.destination)
    if (row.state === 'held') this.#forgetHeld.run(row.seq)
    this.#order.advance(row, now)
    return 'cancelled'
  }

  #makeDue(row: FoundRow, now: number, replayed: number): void {
    this.#replay.run(now, replayed, row.seq)
    this.#counters.moved(row.state, 'pending', row.destination)
    if (row.state === 'held') this.#forgetHeld.run(row.seq)
    else this.#order.enter(row)
  }
}

/** A lease that has lapsed does not stand in the way: its holder finds that the delivery went on and changes nothing. */
function isUnderWay(row: FoundRow, now: number): boolean {
  return row.state === 'in_flight' && row.due_at !== null && row.due_at > now
}

function claimed(row: DueRow, payload: BundledPayload, destination: string): Claimed {
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
    trigger: TRIGGERS[row.replayed] ?? 'auto',
    payloadIndex: payload.index,
    ...(row.body === 'exact' && payload.received !== undefined ? { receivedIndex: payload.received } : {}),
  }
}

type Claimed = ClaimAnswer['deliveries'][number]
