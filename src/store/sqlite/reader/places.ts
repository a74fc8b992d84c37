/**
 * Where in the log to look. A list is driven by the narrowest index its filter has: rows in a rare state by the partial index of
 * that state, everything else by `request_index` for the connection, the integration, or all. What an index does not decide is
 * checked on the rows, a bounded number of them between two turns of the event loop.
 *
 * `request_index` trails behind the table. Its mark and the newest request are read first; requests up to the mark come from the
 * index, those after it from the table, so that none is missed or seen twice while the writer merges.
 */
import type { MaybePromise } from '../../../domain/expression.ts'
import type { LogFilter } from '../../../engine/ports.ts'
import { firstChild, requestOf } from '../sequence.ts'
import { ALL_REQUESTS, type StoredOutcome, subjectOfConnection, subjectOfIntegration } from '../subject.ts'
import { isBefore, newestFirst, type Position } from './cursor.ts'
import type { ReadConnection, SqlValue } from './read-connection.ts'
import { connectionPlaces, undividedPlaces } from './request-index.ts'
import { nextTurn } from './turn.ts'

/** Places of rows, newest first. */
export interface Places {
  /** Up to `count` places before `before`; fewer only when there are no more. */
  next(before: Position, count: number): MaybePromise<Position[]>
}

/** Rows of the tail looked at between two turns of the event loop: about 1 ms. */
const TAIL_ROWS_PER_TURN = 500

/** Rows in a state that the partial index of `sql` holds. */
export function placesInState(reader: ReadConnection, sql: string, state: string, filter: LogFilter): Places {
  return {
    next: (before, count) => reader.all<Position>(sql, [state, filter.since ?? 0, before.at, before.seq, count]),
  }
}

// The second condition on the state repeats that of the partial index, by which SQLite knows that the index applies.
export const NOT_DELIVERED_SQL = `SELECT created_at AS at, seq FROM deliveries
  WHERE state = ? AND state <> 'delivered' AND created_at >= ? AND (created_at, seq) < (?, ?)
  ORDER BY created_at DESC, seq DESC LIMIT ? + 0`

export const NOT_MATCHED_SQL = `SELECT received_at AS at, seq FROM events
  WHERE status = ? AND status <> 'matched' AND received_at >= ? AND (received_at, seq) < (?, ?)
  ORDER BY received_at DESC, seq DESC LIMIT ? + 0`

const TAIL_BOUNDS_SQL = `SELECT (SELECT seq FROM marks WHERE name = 'request_index') AS mark,
  (SELECT max(seq) FROM requests) AS newest`

/** Requests of the filter's connection, else of its integration, else all; with one of the outcomes. */
export async function placesOfRequests(
  reader: ReadConnection,
  filter: LogFilter,
  outcomes: readonly StoredOutcome[],
): Promise<Places> {
  const { mark, newest } = reader.get<{ mark: number; newest: number | null }>(TAIL_BOUNDS_SQL, [])!
  const tail = await readTail(reader, filter, outcomes, { mark, newest: newest ?? 0 })
  const indexed = { subject: subjectOf(filter), outcomes, since: filter.since ?? 0, mark }
  const earlier =
    filter.connectionId === undefined ? undividedPlaces(reader, indexed) : connectionPlaces(reader, indexed)
  return {
    async next(before, count) {
      const places = tail.filter((place) => isBefore(place, before)).slice(0, count)
      return places
        .concat(await earlier.next(before, count))
        .sort(newestFirst)
        .slice(0, count)
    },
  }
}

function subjectOf({ connectionId, integration }: LogFilter): string {
  if (connectionId !== undefined) return subjectOfConnection(connectionId)
  return integration === undefined ? ALL_REQUESTS : subjectOfIntegration(integration)
}

async function readTail(
  reader: ReadConnection,
  filter: LogFilter,
  outcomes: readonly StoredOutcome[],
  { mark, newest }: { mark: number; newest: number },
): Promise<Position[]> {
  const [sql, values] = tailQuery(filter)
  const places: Position[] = []
  for (let from = mark + 1; from <= newest; from += TAIL_ROWS_PER_TURN) {
    const to = Math.min(from + TAIL_ROWS_PER_TURN, newest + 1)
    for (const row of reader.all<Position & { outcome: StoredOutcome }>(sql, [
      ...values,
      from,
      to,
      filter.since ?? 0,
    ])) {
      if (outcomes.includes(row.outcome)) places.push({ at: row.at, seq: row.seq })
    }
    if (to <= newest) await nextTurn()
  }
  return places.sort(newestFirst)
}

function tailQuery({ connectionId, integration }: LogFilter): [sql: string, values: SqlValue[]] {
  const where: string[] = []
  const values: SqlValue[] = []
  if (connectionId !== undefined) {
    where.push(`EXISTS (SELECT 1 FROM events e, json_each(e.connections) c
      WHERE e.seq >= r.seq << 20 AND e.seq < (r.seq + 1) << 20 AND e.connections IS NOT NULL AND c.value = ?)`)
    values.push(connectionId)
  } else if (integration !== undefined) {
    where.push('r.integration = ?')
    values.push(integration)
  }
  where.push('r.seq >= ?', 'r.seq < ?', 'r.received_at >= ?')
  return [`SELECT r.received_at AS at, r.seq, r.outcome FROM requests r WHERE ${where.join(' AND ')}`, values]
}

/** The place of a request from which its children before `place` are still found. */
export function requestPlace(place: Position): Position {
  return { at: place.at, seq: requestOf(place.seq) + 1 }
}

/** The place after all children of a request. */
export function afterChildren(request: Position): Position {
  return { at: request.at, seq: firstChild(request.seq) }
}
