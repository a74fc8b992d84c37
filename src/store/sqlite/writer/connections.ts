/**
 * Writes connections together with the identifiers by which events find them, so that an index entry never points to what a
 * connection does not hold, and lets flow what was held for them. Runs inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import { type Connection, identifiersOf } from '../../../domain/connection.ts'
import type { ConnectionCommand, ConnectionValues } from '../commands/connection.ts'
import { CONNECTION_COLUMNS, type ConnectionRow, connectionOf } from '../connection-row.ts'
import type { HeldDeliveries } from './held-deliveries.ts'

export class ConnectionWriter {
  readonly #held: HeldDeliveries
  readonly #get: Statement<[string, string], ConnectionRow & { credentials: Uint8Array | null }>
  readonly #put: Statement
  readonly #delete: Statement<[string, string]>
  readonly #deleteIdentifiers: Statement<[string, string]>
  readonly #insertIdentifier: Statement<[string, string, string, string]>

  constructor(db: Database, held: HeldDeliveries) {
    this.#held = held
    this.#get = db.prepare(
      `SELECT ${CONNECTION_COLUMNS}, credentials FROM connections WHERE connection_id = ? AND integration = ?`,
    )
    this.#put = db.prepare(
      `INSERT INTO connections (connection_id, integration, created_at, updated_at, provider, webhook_url_override,
         connection_config, metadata, tags, credentials)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (connection_id, integration) DO UPDATE SET updated_at = excluded.updated_at,
         provider = excluded.provider, webhook_url_override = excluded.webhook_url_override,
         connection_config = excluded.connection_config, metadata = excluded.metadata, tags = excluded.tags,
         credentials = excluded.credentials`,
    )
    this.#delete = db.prepare('DELETE FROM connections WHERE connection_id = ? AND integration = ?')
    this.#deleteIdentifiers = db.prepare(
      'DELETE FROM connection_identifiers WHERE connection_id = ? AND integration = ?',
    )
    this.#insertIdentifier = db.prepare(
      'INSERT OR IGNORE INTO connection_identifiers (integration, field, value, connection_id) VALUES (?, ?, ?, ?)',
    )
  }

  put(command: ConnectionCommand<ConnectionValues>): { connection: Connection; created: boolean } {
    const { connectionId, integration } = command
    const created = this.#get.get(connectionId, integration) === undefined
    return { connection: this.#write(command), created }
  }

  change(command: ConnectionCommand<Partial<ConnectionValues>>): Connection | null {
    const { connectionId, integration } = command
    const row = this.#get.get(connectionId, integration)
    if (row === undefined) return null
    const values: ConnectionValues = {
      provider: row.provider,
      webhookUrlOverride: row.webhook_url_override,
      connectionConfig: row.connection_config,
      metadata: row.metadata,
      tags: row.tags,
      credentials: row.credentials,
      ...command.values,
    }
    return this.#write({ ...command, values })
  }

  delete(connectionId: string, integration: string): boolean {
    this.#deleteIdentifiers.run(connectionId, integration)
    return this.#delete.run(connectionId, integration).changes > 0
  }

  #write({ connectionId, integration, now, values }: ConnectionCommand<ConnectionValues>): Connection {
    const { provider, webhookUrlOverride, connectionConfig, metadata, tags, credentials } = values
    this.#put.run(
      connectionId,
      integration,
      now,
      now,
      provider,
      webhookUrlOverride,
      connectionConfig,
      metadata,
      tags,
      credentials,
    )
    const connection = connectionOf(this.#get.get(connectionId, integration)!)
    this.#deleteIdentifiers.run(connectionId, integration)
    const identifiers = identifiersOf(connection)
    for (const { field, value } of identifiers) this.#insertIdentifier.run(integration, field, value, connectionId)
    this.#held.flowTo(connection, identifiers)
    return connection
  }
}
