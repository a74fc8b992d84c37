/** Finds connections: by identifier for every event, by id and in pages for people. */
import type { Connection, IdentifierQuery } from '../../../domain/connection.ts'
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'
import type { ConnectionStore, MatchedConnection, Page, PageRequest } from '../../../engine/ports.ts'
import { CONNECTION_COLUMNS, type ConnectionRow, connectionOf } from '../connection-row.ts'
import { limitOf, readSeqCursor, seqCursor } from './cursor.ts'
import type { ReadConnection, SqlValue } from './read-connection.ts'
import { nextTurn } from './turn.ts'

/** One range of the primary key, in order of connection id; the join is one look-up for each of at most `limit` rows. */
export const FIND_SQL = `SELECT i.connection_id AS connectionId, c.webhook_url_override AS webhookUrlOverride
  FROM connection_identifiers i JOIN connections c ON c.connection_id = i.connection_id AND c.integration = i.integration
  WHERE i.integration = ? AND i.field = ? AND i.value = ? ORDER BY i.connection_id LIMIT ? + 0`

const GET_SQL = `SELECT ${CONNECTION_COLUMNS} FROM connections WHERE connection_id = ? AND integration = ?`

/** Rows looked at between two turns of the event loop: some 2 ms. */
const ROWS_PER_TURN = 500

type ListFilter = Parameters<ConnectionStore['listConnections']>[0]

/** Connections with any of the values, by id; synchronous, because an event of a simple spec never leaves the current turn. */
export function findConnections(
  reader: ReadConnection,
  query: IdentifierQuery,
  limit: number,
): readonly MatchedConnection[] {
  const { integration, field, values } = query
  if (values.length === 1) return reader.all<MatchedConnection>(FIND_SQL, [integration, field, values[0]!, limit])
  const found = new Map<string, MatchedConnection>()
  for (const value of values) {
    for (const row of reader.all<MatchedConnection>(FIND_SQL, [integration, field, value, limit])) {
      found.set(row.connectionId, row)
    }
  }
  const ordered = [...found.values()].sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1))
  return ordered.length > limit ? ordered.slice(0, limit) : ordered
}

export function getConnection(
  reader: ReadConnection,
  integration: IntegrationKey,
  id: ConnectionId,
): Connection | null {
  const row = reader.get<ConnectionRow>(GET_SQL, [id, integration])
  return row === undefined ? null : connectionOf(row)
}

/** Newest first. `search` finds text in the connection id and the tags, whatever its case. */
export async function listConnections(
  reader: ReadConnection,
  filter: ListFilter,
  page: PageRequest,
): Promise<Page<Connection>> {
  const limit = limitOf(page)
  const needle = filter.search?.toLowerCase() ?? ''
  const rowCount = needle === '' ? limit + 1 : ROWS_PER_TURN
  const items: Connection[] = []
  let before = page.after === null ? Number.MAX_SAFE_INTEGER : readSeqCursor(page.after)
  for (;;) {
    const rows = reader.all<ConnectionRow>(...listQuery(filter, before, rowCount))
    for (const row of rows) {
      if (!`${row.connection_id}\n${row.tags}`.toLowerCase().includes(needle)) continue
      if (items.length === limit) return { items, nextCursor: seqCursor(before) }
      items.push(connectionOf(row))
      before = row.seq
    }
    if (rows.length < rowCount) return { items, nextCursor: null }
    before = rows.at(-1)!.seq
    await nextTurn()
  }
}

function listQuery(filter: ListFilter, before: number, rowCount: number): [sql: string, values: SqlValue[]] {
  const conditions = ['seq < ?']
  const values: SqlValue[] = [before]
  if (filter.integration !== undefined) {
    conditions.push('integration = ?')
    values.push(filter.integration)
  }
  if (filter.connectionId !== undefined) {
    conditions.push('connection_id = ?')
    values.push(filter.connectionId)
  }
  const sql = `SELECT ${CONNECTION_COLUMNS} FROM connections WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT ? + 0`
  return [sql, [...values, rowCount]]
}
