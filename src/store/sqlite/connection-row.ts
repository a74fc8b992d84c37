/** A connection as its table holds it, and as the domain knows it. */
import type { Connection, JsonObject } from '../../domain/connection.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'

export interface ConnectionRow {
  seq: number
  connection_id: string
  integration: string
  provider: string
  webhook_url_override: string | null
  created_at: number
  updated_at: number
  connection_config: string
  metadata: string
  tags: string
}

export const CONNECTION_COLUMNS = `seq, connection_id, integration, provider, webhook_url_override, created_at, updated_at,
  connection_config, metadata, tags`

export function connectionOf(row: ConnectionRow): Connection {
  return {
    connectionId: row.connection_id as ConnectionId,
    integration: row.integration as IntegrationKey,
    provider: row.provider,
    connectionConfig: JSON.parse(row.connection_config) as JsonObject,
    metadata: JSON.parse(row.metadata) as JsonObject,
    tags: JSON.parse(row.tags) as Record<string, string>,
    webhookUrlOverride: row.webhook_url_override,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
