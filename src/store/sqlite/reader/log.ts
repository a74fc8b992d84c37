/** Reads the log: one request, event or delivery with all that belongs to it, and pages of each, newest first. */
import { DELIVERY_STATES, type DeliveryState } from '../../../domain/delivery.ts'
import type { DeliveryId, EventId, RequestId } from '../../../domain/ids.ts'
import type {
  LoggedAttempt,
  LoggedDelivery,
  LoggedEvent,
  LoggedRequest,
  LoggedRequestDetail,
  LogFilter,
  LogReader,
  Page,
  PageRequest,
  RequestOutcome,
} from '../../../engine/ports.ts'
import { firstChild } from '../sequence.ts'
import { REQUEST_OUTCOMES, type StoredOutcome } from '../subject.ts'
import { collect, type Found, type Walk } from './collect.ts'
import type { Position } from './cursor.ts'
import {
  ATTEMPT_COLUMNS,
  type AttemptRow,
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  loggedAttempt,
  loggedDelivery,
  loggedEvent,
  loggedRequest,
  REQUEST_COLUMNS,
  type RequestRow,
} from './log-rows.ts'
import {
  afterChildren,
  NOT_DELIVERED_SQL,
  NOT_MATCHED_SQL,
  type Places,
  placesInState,
  placesOfRequests,
  requestPlace,
} from './places.ts'
import type { ReadConnection, SqlValue } from './read-connection.ts'

type RequestFilter = Parameters<LogReader['listRequests']>[0]
type EventFilter = Parameters<LogReader['listEvents']>[0]
type DeliveryFilter = Parameters<LogReader['listDeliveries']>[0]

const EVENTS = `SELECT ${EVENT_COLUMNS} FROM events e JOIN requests r ON r.seq = e.seq >> 20`
const DELIVERIES = `SELECT ${DELIVERY_COLUMNS} FROM deliveries d JOIN requests r ON r.seq = d.seq >> 20`

/** Outcomes of requests that have events or deliveries. */
const WITH_CHILDREN: readonly StoredOutcome[] = ['accepted', 'duplicate', 'notice']

/** Conditions on the rows of one place, with their values. */
interface Conditions {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

export async function listRequests(reader: ReadConnection, filter: RequestFilter, page: PageRequest) {
  const conditions = conditionsOf([['r.integration', filter.integration]])
  const sql = `SELECT ${REQUEST_COLUMNS} FROM requests r WHERE r.seq = ?${conditions.sql}`
  const outcomes = filter.outcome === undefined ? REQUEST_OUTCOMES : [filter.outcome]
  const walk: Walk<LoggedRequest> = {
    places: await placesOfRequests(reader, filter, outcomes),
    until: filter.until,
    startOf: (place) => place,
    expand(place) {
      const row = reader.get<RequestRow>(sql, [place.seq, ...conditions.values])
      return row === undefined ? [] : [{ item: loggedRequest(row), place }]
    },
    endOf: (place) => place,
  }
  return collect(walk, page)
}

export async function listEvents(reader: ReadConnection, filter: EventFilter, page: PageRequest) {
  const { status, connectionId } = filter
  const conditions = conditionsOf(
    [
      ['r.integration', filter.integration],
      ['e.type', filter.type],
      ['e.status', status],
    ],
    connectionId === undefined
      ? null
      : ['EXISTS (SELECT 1 FROM json_each(e.connections) WHERE value = ?)', connectionId],
  )
  const read = (row: EventRow, at: number): Found<LoggedEvent> => ({
    item: loggedEvent(row),
    place: { at, seq: row.seq },
  })
  const rare =
    status === undefined || status === 'matched' ? null : placesInState(reader, NOT_MATCHED_SQL, status, filter)
  return listChildren({ reader, filter, page, select: EVENTS, seq: 'e.seq', conditions, rare, read })
}

export async function listDeliveries(reader: ReadConnection, filter: DeliveryFilter, page: PageRequest) {
  const { state, requestId } = filter
  const conditions = conditionsOf([
    ['r.integration', filter.integration],
    ['d.connection_id', filter.connectionId],
    ['d.destination', filter.destination],
    ['d.state', state],
  ])
  const read = (row: DeliveryRow, at: number): Found<LoggedDelivery> => {
    return { item: loggedDelivery(row), place: { at, seq: row.seq } }
  }
  const query = { reader, filter, page, select: DELIVERIES, seq: 'd.seq', conditions, read }
  if (requestId !== undefined) return listChildren({ ...query, rare: null, only: placeOfRequest(reader, requestId) })
  const rare =
    state === undefined || state === 'delivered' ? null : placesInState(reader, NOT_DELIVERED_SQL, state, filter)
  return listChildren({ ...query, rare })
}

/** Events or deliveries: by their own places where the filter names a rare state, else request by request. */
async function listChildren<Row, Item>(query: {
  reader: ReadConnection
  filter: LogFilter
  page: PageRequest
  select: string
  seq: string
  conditions: Conditions
  rare: Places | null
  /** The one request to look at. */
  only?: Places
  read(row: Row, at: number): Found<Item>
}): Promise<Page<Item>> {
  const { reader, filter, page, select, seq, conditions, rare, only, read } = query
  if (rare !== null) {
    const sql = `${select} WHERE ${seq} = ?${conditions.sql}`
    const expand = (place: Position) =>
      reader.all<Row>(sql, [place.seq, ...conditions.values]).map((row) => read(row, place.at))
    return collect({ places: rare, until: filter.until, startOf: same, expand, endOf: same }, page)
  }
  const sql = `${select} WHERE ${seq} >= ? AND ${seq} < ?${conditions.sql} ORDER BY ${seq} DESC LIMIT ? + 0`
  const expand = (place: Position, before: Position, count: number) => {
    const first = firstChild(place.seq)
    const end = before.at === place.at ? Math.min(before.seq, firstChild(place.seq + 1)) : firstChild(place.seq + 1)
    return reader.all<Row>(sql, [first, end, ...conditions.values, count]).map((row) => read(row, place.at))
  }
  const places = only ?? (await placesOfRequests(reader, filter, WITH_CHILDREN))
  return collect({ places, until: filter.until, startOf: requestPlace, expand, endOf: afterChildren }, page)
}

function placeOfRequest(reader: ReadConnection, id: RequestId): Places {
  const place = reader.get<Position>('SELECT received_at AS at, seq FROM requests WHERE id = ?', [id])
  return {
    next: (before) =>
      place !== undefined && (place.at < before.at || (place.at === before.at && place.seq < before.seq))
        ? [place]
        : [],
  }
}

export function getRequest(reader: ReadConnection, id: RequestId): LoggedRequestDetail | null {
  const row = reader.get<RequestRow & { headers: string; body: Uint8Array }>(
    `SELECT ${REQUEST_COLUMNS}, r.headers, r.body FROM requests r WHERE r.id = ? AND r.outcome <> 'notice'`,
    [id],
  )
  if (row === undefined) return null
  const range = [firstChild(row.seq), firstChild(row.seq + 1)]
  return {
    ...loggedRequest(row),
    headers: JSON.parse(row.headers) as Record<string, string>,
    body: row.body,
    events: reader.all<EventRow>(`${EVENTS} WHERE e.seq >= ? AND e.seq < ? ORDER BY e.seq`, range).map(loggedEvent),
    deliveries: reader
      .all<DeliveryRow>(`${DELIVERIES} WHERE d.seq >= ? AND d.seq < ? ORDER BY d.seq`, range)
      .map(loggedDelivery),
  }
}

export function getEvent(reader: ReadConnection, id: EventId): LoggedEvent | null {
  const row = reader.get<EventRow>(`${EVENTS} WHERE e.id = ?`, [id])
  return row === undefined ? null : loggedEvent(row)
}

export function getDelivery(
  reader: ReadConnection,
  id: DeliveryId,
): (LoggedDelivery & { attempts: readonly LoggedAttempt[] }) | null {
  const row = reader.get<DeliveryRow>(`${DELIVERIES} WHERE d.id = ?`, [id])
  if (row === undefined) return null
  const sql = `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE delivery_seq = ? ORDER BY seq`
  return { ...loggedDelivery(row), attempts: reader.all<AttemptRow>(sql, [row.seq]).map(loggedAttempt) }
}

/** Two look-ups, whatever the number of rows: the counters the writer keeps, and the first entry of an index. */
export function stats(reader: ReadConnection): Awaited<ReturnType<LogReader['stats']>> {
  const counters = new Map(
    reader
      .all<{ name: string; value: number }>('SELECT name, value FROM counters', [])
      .map((row) => [row.name, row.value]),
  )
  const count = (name: string): number => counters.get(name) ?? 0
  const oldest = reader.get<{ at: number }>(OLDEST_PENDING_SQL, [])
  const requests = REQUEST_OUTCOMES.map((outcome) => [outcome, count(`requests.${outcome}`)])
  const deliveries = DELIVERY_STATES.map((state) => [state, count(`deliveries.${state}`)])
  return {
    requests: Object.fromEntries(requests) as Record<RequestOutcome, number>,
    deliveries: Object.fromEntries(deliveries) as Record<DeliveryState, number>,
    oldestPendingAt: oldest === undefined ? null : oldest.at,
  }
}

export const OLDEST_PENDING_SQL = `SELECT created_at AS at FROM deliveries WHERE state = 'pending' AND state <> 'delivered'
  ORDER BY created_at LIMIT 1`

const same = (place: Position): Position => place

function conditionsOf(
  columns: readonly (readonly [column: string, value: SqlValue | undefined])[],
  more: readonly [sql: string, value: SqlValue] | null = null,
): Conditions {
  let sql = ''
  const values: SqlValue[] = []
  for (const [column, value] of columns) {
    if (value === undefined) continue
    sql += ` AND ${column} = ?`
    values.push(value)
  }
  if (more === null) return { sql, values }
  return { sql: `${sql} AND ${more[0]}`, values: [...values, more[1]] }
}
