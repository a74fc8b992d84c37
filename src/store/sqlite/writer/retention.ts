/**
 * Deletes what is past its time, a few rows to a transaction, so that no caller waits long behind it. Requests go with all that belongs
 * to them: events, deliveries, attempts, and the entries of every index, by their full keys. What is still to be delivered, or was
 * given up and waits for a person, keeps its request. Runs inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { DeliveryState } from '../../../domain/delivery.ts'
import type { RetentionStore, Swept } from '../../../engine/ports.ts'
import { firstChild } from '../sequence.ts'
import {
  ALL_REQUESTS,
  blockOfConnections,
  type StoredOutcome,
  subjectOfConnection,
  subjectOfIntegration,
  UNDIVIDED,
} from '../subject.ts'
import type { Counters } from './counters.ts'
import { hashOfKey } from './dedupe-index.ts'
import { RequestBlocks } from './request-blocks.ts'

type DeleteRequests = Parameters<RetentionStore['deleteRequests']>[0]

const OUTCOMES: Readonly<Record<DeleteRequests['kind'], readonly StoredOutcome[]>> = {
  accepted: ['accepted', 'duplicate', 'notice'],
  refused: ['refused', 'handshake'],
}

/** Free pages that stay in the file for what comes next: 8 MB. */
const SPARE_PAGES = 2_048

interface Place {
  outcome: number
  at: number
  seq: number
}

export class Retention {
  readonly #counters: Counters
  readonly #freePages: Statement<[], number>
  readonly #db: Database
  readonly #marks: Readonly<Record<DeleteRequests['kind'], Statement<[], number>>>
  readonly #requests: Statement<[string, number, number, number, number], { at: number; seq: number }>
  readonly #unfinished: Statement<[number, number], number>
  readonly #request: Statement<[number], { integration: string }>
  readonly #events: Statement<[number, number], { seq: number; dedupe_key: string | null; connections: string | null }>
  readonly #deliveries: Statement<[number, number], { state: DeliveryState; destination: string }>
  readonly #deleteEntry: Statement<[number, string, string, number, number]>
  readonly #blocks: RequestBlocks
  readonly #deleteKey: Statement<[number, number]>
  readonly #deleteRanges: readonly Statement<[number, number]>[]
  readonly #deleteRequest: Statement<[number]>
  readonly #attempts: Statement<[number, number], { seq: number; started_at: number; state: DeliveryState | null }>
  readonly #deleteAttempt: Statement<[number]>
  readonly #held: Statement<[number, number], { seq: number; destination: string }>
  readonly #expire: Statement<[number, number]>
  readonly #forgetHeld: Statement<[number]>

  constructor(db: Database, counters: Counters) {
    this.#db = db
    this.#counters = counters
    this.#freePages = db.prepare<[], number>('PRAGMA freelist_count').pluck()
    // Beyond a mark the entries of a request may still be in memory, and would be written after it is gone.
    const indexed = `SELECT seq FROM marks WHERE name = 'request_index'`
    const keyed = `SELECT seq >> 20 FROM marks WHERE name = 'dedupe_keys'`
    this.#marks = {
      accepted: db.prepare<[], number>(`SELECT min((${indexed}), (${keyed}))`).pluck(),
      refused: db.prepare<[], number>(indexed).pluck(),
    }
    this.#requests = db.prepare(
      `SELECT received_at AS at, request_seq AS seq FROM request_index
       WHERE block = ${UNDIVIDED} AND subject = '${ALL_REQUESTS}' AND outcome = ? AND (received_at, request_seq) > (?, ?) AND received_at < ?
       ORDER BY received_at, request_seq LIMIT ? + 0`,
    )
    this.#unfinished = db
      .prepare<[number, number], number>(
        `SELECT 1 FROM deliveries WHERE seq >= ? AND seq < ? AND state NOT IN ('delivered', 'cancelled') LIMIT 1`,
      )
      .pluck()
    this.#request = db.prepare('SELECT integration FROM requests WHERE seq = ?')
    this.#events = db.prepare('SELECT seq, dedupe_key, connections FROM events WHERE seq >= ? AND seq < ?')
    this.#deliveries = db.prepare('SELECT state, destination FROM deliveries WHERE seq >= ? AND seq < ?')
    this.#deleteEntry = db.prepare(
      'DELETE FROM request_index WHERE block = ? AND subject = ? AND outcome = ? AND received_at = ? AND request_seq = ?',
    )
    this.#blocks = new RequestBlocks(db)
    this.#deleteKey = db.prepare('DELETE FROM dedupe_keys WHERE hash = ? AND event_seq = ?')
    this.#deleteRanges = [
      db.prepare('DELETE FROM attempts WHERE delivery_seq >= ? AND delivery_seq < ?'),
      db.prepare('DELETE FROM held_identifiers WHERE delivery_seq >= ? AND delivery_seq < ?'),
      db.prepare('DELETE FROM deliveries WHERE seq >= ? AND seq < ?'),
      db.prepare('DELETE FROM events WHERE seq >= ? AND seq < ?'),
    ]
    this.#deleteRequest = db.prepare('DELETE FROM requests WHERE seq = ?')
    this.#attempts = db.prepare(
      `SELECT a.seq, a.started_at, d.state FROM attempts a LEFT JOIN deliveries d ON d.seq = a.delivery_seq
       WHERE a.seq > ? ORDER BY a.seq LIMIT ? + 0`,
    )
    this.#deleteAttempt = db.prepare('DELETE FROM attempts WHERE seq = ?')
    this.#held = db.prepare(
      `SELECT seq, destination FROM deliveries WHERE state = 'held' AND state <> 'delivered' AND created_at < ?
       ORDER BY created_at LIMIT ? + 0`,
    )
    this.#expire = db.prepare(
      `UPDATE deliveries SET state = 'cancelled', finished_at = ?, last_error = 'held for longer than retention.held'
       WHERE seq = ?`,
    )
    this.#forgetHeld = db.prepare('DELETE FROM held_identifiers WHERE delivery_seq = ?')
  }

  deleteRequests({ kind, before, after, limit }: DeleteRequests): Swept {
    const outcomes = OUTCOMES[kind]
    const place = after === null ? { outcome: 0, at: -1, seq: -1 } : readPlace(after)
    const outcome = outcomes[place.outcome]
    if (outcome === undefined) return { deleted: 0, next: null }
    const indexed = this.#marks[kind].get() ?? 0
    const found = this.#requests.all(outcome, place.at, place.seq, before, limit)
    const blocks = new Set<number>()
    let deleted = 0
    for (const { at, seq } of found) {
      if (seq > indexed || this.#unfinished.get(firstChild(seq), firstChild(seq + 1)) !== undefined) continue
      this.#deleteWhole(seq, outcome, at)
      blocks.add(blockOfConnections(seq))
      deleted += 1
    }
    this.#blocks.forgetEmpty(blocks)
    const last = found.at(-1)
    if (last !== undefined && found.length === limit) return { deleted, next: textOf({ ...place, ...last }) }
    const isEnd = place.outcome + 1 >= outcomes.length
    return { deleted, next: isEnd ? null : textOf({ outcome: place.outcome + 1, at: -1, seq: -1 }) }
  }

  deleteAttempts({ before, after, limit }: Parameters<RetentionStore['deleteAttempts']>[0]): Swept {
    const found = this.#attempts.all(after === null ? 0 : Number(after), limit)
    let deleted = 0
    let isAnyOld = false
    for (const { seq, started_at: startedAt, state } of found) {
      if (startedAt >= before) continue
      isAnyOld = true
      if (state === 'pending' || state === 'in_flight') continue
      deleted += this.#deleteAttempt.run(seq).changes
    }
    // Attempts are numbered as they are recorded, so behind a batch of young ones there are younger ones only.
    const goesOn = isAnyOld && found.length === limit
    return { deleted, next: goesOn ? String(found.at(-1)!.seq) : null }
  }

  expireHeld({ before, now, limit }: Parameters<RetentionStore['expireHeld']>[0]): number {
    const found = this.#held.all(before, limit)
    for (const { seq, destination } of found) {
      this.#expire.run(now, seq)
      this.#forgetHeld.run(seq)
      this.#counters.moved('held', 'cancelled', destination)
    }
    return found.length
  }

  /** Answers how many unused pages are left beyond those that are kept for what comes next. */
  shrink(pages: number): number {
    const excess = (this.#freePages.get() ?? 0) - SPARE_PAGES
    if (excess <= 0) return 0
    const taken = Math.min(pages, excess)
    this.#db.pragma(`incremental_vacuum(${taken})`)
    return excess - taken
  }

  #deleteWhole(seq: number, outcome: StoredOutcome, receivedAt: number): void {
    const [first, end] = [firstChild(seq), firstChild(seq + 1)]
    const common = [ALL_REQUESTS]
    const connections = new Set<string>()
    const request = this.#request.get(seq)
    if (request !== undefined) {
      common.push(subjectOfIntegration(request.integration))
      for (const event of this.#events.all(first, end)) {
        if (event.dedupe_key !== null) this.#deleteKey.run(hashOfKey(request.integration, event.dedupe_key), event.seq)
        if (event.connections === null) continue
        for (const id of JSON.parse(event.connections) as string[]) connections.add(subjectOfConnection(id))
      }
      this.#counters.add(`requests.${outcome}`, -1)
    }
    for (const { state, destination } of this.#deliveries.all(first, end))
      this.#counters.deliveries(state, destination, -1)
    for (const statement of this.#deleteRanges) statement.run(first, end)
    for (const subject of common) this.#deleteEntry.run(UNDIVIDED, subject, outcome, receivedAt, seq)
    const block = blockOfConnections(seq)
    for (const subject of connections) this.#deleteEntry.run(block, subject, outcome, receivedAt, seq)
    this.#deleteRequest.run(seq)
  }
}

function textOf({ outcome, at, seq }: Place): string {
  return `${outcome}.${at}.${seq}`
}

function readPlace(text: string): Place {
  const [outcome = 0, at = -1, seq = -1] = text.split('.').map(Number)
  return { outcome, at, seq }
}
