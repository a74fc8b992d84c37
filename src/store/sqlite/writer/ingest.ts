/**
 * Stores requests: an accepted one with its events and deliveries, after taking out what was seen before; a refused one or a
 * handshake as a row of the log. Runs inside the group's transaction. Events and deliveries are gathered and inserted together:
 * `flush` comes before anything else looks at their tables.
 */
import type { Database, Statement } from 'better-sqlite3'
import { ACCEPTED_COLUMNS, type AcceptanceCommand, type DeliveryRow, type EventRow } from '../commands/acceptance.ts'
import { LOGGED_COLUMNS, type LogCommand } from '../commands/request.ts'
import { withoutDuplicates } from '../duplicates.ts'
import { firstChild } from '../sequence.ts'
import type { ConnectionOrder } from './connection-order.ts'
import type { Counters } from './counters.ts'
import { type DedupeIndex, hashOfKey } from './dedupe-index.ts'
import type { HeldDeliveries } from './held-deliveries.ts'
import type { RequestIndex } from './request-index.ts'
import { RowBuffer } from './row-buffer.ts'
import type { TransactionState } from './transaction-state.ts'

export interface WriterState {
  readonly counters: Counters
  readonly dedupe: DedupeIndex
  readonly requests: RequestIndex
  readonly held: HeldDeliveries
  readonly order: ConnectionOrder
}

export class IngestWriter implements TransactionState {
  readonly #state: WriterState
  #nextSeq: number
  readonly #insertAccepted: Statement
  readonly #insertLogged: Statement
  readonly #events: RowBuffer
  readonly #deliveries: RowBuffer

  constructor(db: Database, state: WriterState) {
    this.#state = state
    this.#nextSeq = db.prepare<[], number>(NEXT_SEQ_SQL).pluck().get() ?? 1
    this.#insertAccepted = db.prepare(
      insertInto('requests', `seq, outcome, event_count, ${ACCEPTED_COLUMNS}, payload_bytes, body`),
    )
    this.#insertLogged = db.prepare(insertInto('requests', `seq, outcome, event_count, ${LOGGED_COLUMNS}, body`))
    this.#events = new RowBuffer(db, 'events', EVENT_COLUMNS)
    this.#deliveries = new RowBuffer(db, 'deliveries', DELIVERY_COLUMNS)
  }

  /** Answers the indexes of the events that are duplicates; null when there are none. */
  accept(command: AcceptanceCommand): readonly number[] | null {
    const { events, receivedAt, integration } = command
    const { counters, dedupe, requests } = this.#state
    const seen = this.#findDuplicates(command)
    const outcome = seen !== null && seen.size === events.length ? 'duplicate' : 'accepted'
    const seq = this.takeSeq()
    this.#insertAccepted.run(seq, outcome, events.length, ...command.request, command.payload, command.body)
    const first = firstChild(seq)
    for (let at = 0; at < events.length; at += 1) {
      this.#storeEvent(first + at, events[at]!, receivedAt, seen?.get(at))
      const { dedupeKey } = events[at]!
      if (dedupeKey !== null) dedupe.addKey(hashOfKey(integration, dedupeKey), first + at)
    }
    dedupe.reached(firstChild(seq + 1) - 1)
    this.#storeDeliveries(command, first, seen)
    requests.addRequest({ seq, integration, outcome, receivedAt }, connectionsOf(events))
    counters.add(`requests.${outcome}`, 1)
    return seen === null ? null : [...seen.keys()]
  }

  log(command: LogCommand): void {
    const seq = this.takeSeq()
    this.#insertLogged.run(seq, command.outcome, 0, ...command.request, command.body)
    this.#state.requests.addRequest({ seq, ...command }, [])
    this.#state.counters.add(`requests.${command.outcome}`, 1)
  }

  /** Inserts what was gathered. */
  flush(): void {
    this.#events.flush()
    this.#deliveries.flush()
  }

  beforeCommit(): void {
    this.flush()
  }

  afterCommit(): void {
    // Everything was flushed before.
  }

  afterRollback(): void {
    this.#events.clear()
    this.#deliveries.clear()
  }

  /** Numbers are never given twice; those of a group that was rolled back are left out. */
  takeSeq(): number {
    const seq = this.#nextSeq
    this.#nextSeq += 1
    return seq
  }

  /** By index of the event, the id under which its key was seen first; null when nothing was. */
  #findDuplicates(command: AcceptanceCommand): ReadonlyMap<number, string> | null {
    const { events, integration, dedupeSince } = command
    if (dedupeSince === null) return null
    const inRequest = events.length > 1 ? new Map<string, string>() : null
    let seen: Map<number, string> | null = null
    for (let at = 0; at < events.length; at += 1) {
      const { dedupeKey, id } = events[at]!
      if (dedupeKey === null) continue
      const hash = hashOfKey(integration, dedupeKey)
      if (this.#state.dedupe.isFresh(hash)) this.#events.flush()
      const earlier =
        inRequest?.get(dedupeKey) ?? this.#state.dedupe.findSeen(integration, dedupeKey, hash, dedupeSince)
      if (earlier !== null) (seen ??= new Map()).set(at, earlier)
      else inRequest?.set(dedupeKey, id)
    }
    return seen
  }

  #storeEvent(seq: number, event: EventRow, receivedAt: number, seenAs: string | undefined): void {
    this.#events.add(
      seq,
      event.id,
      receivedAt,
      event.position,
      event.type,
      event.dedupeKey,
      event.occurredAt,
      seenAs === undefined ? event.status : 'duplicate',
      event.matchedBy,
      seenAs === undefined ? event.detail : `seen before as ${seenAs}`,
      event.connections,
    )
  }

  #storeDeliveries(command: AcceptanceCommand, first: number, seen: ReadonlyMap<number, string> | null): void {
    const { deliveries, events, integration, receivedAt, isBatch } = command
    const duplicates = seen === null ? null : new Set([...seen.keys()].map((at) => events[at]!.id))
    for (let at = 0; at < deliveries.length; at += 1) {
      const delivery = duplicates === null ? deliveries[at]! : trimmed(deliveries[at]!, events, duplicates, isBatch)
      if (delivery === null) continue
      const { destination, orderKey, state } = delivery
      if (orderKey !== null) this.#deliveries.flush()
      const mustWait = orderKey !== null && state === 'pending' && this.#state.order.mustWait(destination, orderKey)
      this.#deliveries.add(
        first + at,
        delivery.id,
        receivedAt,
        destination,
        delivery.connectionId,
        delivery.body,
        delivery.urlOverride,
        state,
        mustWait ? null : delivery.dueAt,
        delivery.fence,
        delivery.eventIds,
        delivery.positions,
        orderKey,
      )
      if (delivery.identifiers !== null) this.#state.held.waitFor(first + at, integration, delivery.identifiers)
      this.#state.counters.deliveries(state, destination, 1)
    }
  }
}

const EVENT_COLUMNS = [
  'seq',
  'id',
  'received_at',
  'position',
  'type',
  'dedupe_key',
  'occurred_at',
  'status',
  'matched_by',
  'detail',
  'connections',
]

const DELIVERY_COLUMNS = [
  'seq',
  'id',
  'created_at',
  'destination',
  'connection_id',
  'body',
  'url_override',
  'state',
  'due_at',
  'fence',
  'event_ids',
  'positions',
  'order_key',
]

/** After the last request, and after the marks too: they may be beyond it when the newest requests were deleted. */
const NEXT_SEQ_SQL = `SELECT 1 + max(
    coalesce((SELECT max(seq) FROM requests), 0),
    (SELECT seq FROM marks WHERE name = 'request_index'),
    (SELECT seq >> 20 FROM marks WHERE name = 'dedupe_keys'))`

function trimmed(
  row: DeliveryRow,
  events: readonly EventRow[],
  duplicates: ReadonlySet<string>,
  isBatch: boolean,
): DeliveryRow | null {
  const delivery = {
    eventIds: JSON.parse(row.eventIds) as string[],
    positions: row.positions === null ? null : (JSON.parse(row.positions) as number[]),
  }
  const left = withoutDuplicates(delivery, { events, duplicates, isBatch })
  if (left === null) return null
  const positions = left.positions === null ? null : JSON.stringify(left.positions)
  return { ...row, eventIds: JSON.stringify(left.eventIds), positions }
}

function* connectionsOf(events: readonly EventRow[]): Iterable<string | null> {
  for (const event of events) yield event.connections
}

function insertInto(table: string, columns: string): string {
  return `INSERT INTO ${table} (${columns}) VALUES (${columns
    .split(',')
    .map(() => '?')
    .join(', ')})`
}
