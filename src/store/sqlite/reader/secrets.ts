/** Reads kept secrets: by the identifiers of their connections for verification, and all of them for people. */
import type { IdentifierQuery } from '../../../domain/connection.ts'
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'
import type { KeptSecret } from '../../../engine/keyring/ports.ts'
import { findConnections } from './connection-directory.ts'
import type { ReadConnection } from './read-connection.ts'

interface Row {
  integration: string
  connection_id: string
  name: string
  position: number
  sealed: Uint8Array
  source: KeptSecret['source']
  created_at: number
}

const COLUMNS = 'integration, connection_id, name, position, sealed, source, created_at'
/** One range of the primary key. */
export const OF_CONNECTION_SQL = `SELECT ${COLUMNS} FROM secrets WHERE integration = ? AND connection_id = ? AND name = ? ORDER BY position`
const OF_INTEGRATION_SQL = `SELECT ${COLUMNS} FROM secrets WHERE integration = ? ORDER BY connection_id, name, position`
const ALL_SQL = `SELECT ${COLUMNS} FROM secrets ORDER BY integration, connection_id, name, position`

export function findConnectionSecrets(
  reader: ReadConnection,
  query: IdentifierQuery,
  name: string,
  limit: number,
): readonly KeptSecret[] {
  const connections = findConnections(reader, query, limit)
  return connections.flatMap(({ connectionId }) =>
    reader.all<Row>(OF_CONNECTION_SQL, [query.integration, connectionId, name]).map(keptSecret),
  )
}

export function listSecrets(reader: ReadConnection, integration: IntegrationKey | null): readonly KeptSecret[] {
  const rows = integration === null ? reader.all<Row>(ALL_SQL, []) : reader.all<Row>(OF_INTEGRATION_SQL, [integration])
  return rows.map(keptSecret)
}

function keptSecret(row: Row): KeptSecret {
  return {
    integration: row.integration as IntegrationKey,
    connectionId: row.connection_id === '' ? null : (row.connection_id as ConnectionId),
    name: row.name,
    position: row.position,
    sealed: row.sealed,
    source: row.source,
    createdAt: row.created_at,
  }
}
