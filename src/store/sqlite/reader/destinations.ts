/** What the store knows of destinations: pauses, counts, the oldest that is due, connections that wait for a failing delivery. */
import type { DeliveryState } from '../../../domain/delivery.ts'
import { DELIVERY_STATES } from '../../../domain/delivery.ts'
import type { ConnectionId, DestinationName } from '../../../domain/ids.ts'
import type { BlockedConnection, DestinationPause, Page, PageRequest } from '../../../engine/ports.ts'
import { limitOf, positionCursor, readPositionCursor } from './cursor.ts'
import { DELIVERY_COLUMNS, type DeliveryRow, loggedDelivery } from './log-rows.ts'
import type { ReadConnection } from './read-connection.ts'

/** Of each kind of due delivery so many are looked at for the oldest. */
const LOOKED_AT = 20
const MAX_COUNTED = 1_000

const FIRST_DUE = 'due_at IS NOT NULL AND tries = 0 AND replayed = 0'
const AGAIN_DUE = 'due_at IS NOT NULL AND (tries > 0 OR replayed > 0)'

const OLDEST_DUE_SQL = [FIRST_DUE, AGAIN_DUE].map(
  (condition) =>
    `SELECT min(created_at) AS at FROM (SELECT created_at FROM deliveries WHERE destination = ? AND ${condition}
       ORDER BY due_at LIMIT ${LOOKED_AT})`,
)

/** Retries at a destination that keeps the order are the deliveries that others wait for. */
const BLOCKING_SQL = `SELECT ${DELIVERY_COLUMNS}, d.due_at AS place_at, d.order_key FROM deliveries d
  JOIN requests r ON r.seq = d.seq >> 20
  WHERE d.destination = ? AND d.due_at IS NOT NULL AND (d.tries > 0 OR d.replayed > 0) AND (d.due_at, d.seq) > (?, ?)
    AND d.order_key IS NOT NULL ORDER BY d.due_at, d.seq LIMIT ? + 0`

const WAITING_SQL = `SELECT count(*) AS count FROM (SELECT 1 FROM deliveries WHERE destination = ? AND order_key = ?
  AND order_key IS NOT NULL AND state IN ('pending', 'in_flight') AND seq > ? LIMIT ${MAX_COUNTED})`

export function listPauses(reader: ReadConnection): readonly DestinationPause[] {
  return reader.all<DestinationPause>(
    'SELECT destination, since, reason FROM destination_pauses ORDER BY destination',
    [],
  )
}

const PREFIX = 'destinations.'

export function countByDestination(
  reader: ReadConnection,
): ReadonlyMap<DestinationName, Readonly<Record<DeliveryState, number>>> {
  const counts = new Map<DestinationName, Record<DeliveryState, number>>()
  const rows = reader.all<{ name: string; value: number }>(
    `SELECT name, value FROM counters WHERE name >= '${PREFIX}' AND name < 'destinations/'`,
    [],
  )
  for (const { name, value } of rows) {
    const colon = name.indexOf(':')
    const destination = name.slice(colon + 1) as DestinationName
    let known = counts.get(destination)
    if (known === undefined) {
      known = Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0])) as Record<DeliveryState, number>
      counts.set(destination, known)
    }
    known[name.slice(PREFIX.length, colon) as DeliveryState] = value
  }
  return counts
}

export function oldestDue(reader: ReadConnection, destination: DestinationName): number | null {
  const times = OLDEST_DUE_SQL.map((sql) => reader.get<{ at: number | null }>(sql, [destination])?.at ?? null)
  const known = times.filter((at) => at !== null)
  return known.length === 0 ? null : Math.min(...known)
}

export function listBlocked(
  reader: ReadConnection,
  destination: DestinationName,
  page: PageRequest,
): Page<BlockedConnection> {
  const limit = limitOf(page)
  const after = page.after === null ? { at: -1, seq: -1 } : readPositionCursor(page.after)
  type Row = DeliveryRow & { seq: number; place_at: number; order_key: string }
  const rows = reader.all<Row>(BLOCKING_SQL, [destination, after.at, after.seq, limit + 1])
  const items = rows.slice(0, limit).map((row) => {
    const head = loggedDelivery(row)
    const { count } = reader.get<{ count: number }>(WAITING_SQL, [destination, row.order_key, row.seq])!
    return { integration: head.integration, connectionId: head.connectionId as ConnectionId, head, waiting: count }
  })
  const last = rows[limit - 1]
  const hasMore = rows.length > limit && last !== undefined
  return { items, nextCursor: hasMore ? positionCursor({ at: last.place_at, seq: last.seq }) : null }
}
