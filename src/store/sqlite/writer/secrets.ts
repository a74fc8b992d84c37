/** Writes kept secrets. A captured one never takes the place of another; those of a connection go with it. */
import type { Database, Statement } from 'better-sqlite3'
import type { SecretCommand, SecretRow } from '../commands/secret.ts'

export class SecretWriter {
  readonly #exists: Statement<[string, string, string]>
  readonly #insert: Statement
  readonly #delete: Statement<[string, string, string]>
  readonly #deleteAll: Statement<[string, string]>

  constructor(db: Database) {
    this.#exists = db.prepare(
      'SELECT 1 FROM secrets WHERE integration = ? AND connection_id = ? AND name = ? LIMIT 1 + 0',
    )
    this.#insert = db.prepare(
      'INSERT INTO secrets (integration, connection_id, name, position, sealed, source, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#delete = db.prepare('DELETE FROM secrets WHERE integration = ? AND connection_id = ? AND name = ?')
    this.#deleteAll = db.prepare('DELETE FROM secrets WHERE integration = ? AND connection_id = ?')
  }

  /** What `keep` and `delete` answer is true, or how many; `replace` answers nothing. */
  execute(command: SecretCommand): boolean | number | null {
    switch (command.verb) {
      case 'keep': {
        const { row } = command
        if (this.#exists.get(row.integration, row.connection_id, row.name) !== undefined) return false
        this.#write(row)
        return true
      }
      case 'replace':
        for (const name of command.names) this.#delete.run(command.integration, command.connectionId, name)
        for (const row of command.rows) this.#write(row)
        return null
      case 'delete':
        return this.#delete.run(command.integration, command.connectionId, command.name).changes
    }
  }

  deleteOfConnection(connectionId: string, integration: string): void {
    this.#deleteAll.run(integration, connectionId)
  }

  #write(row: SecretRow): void {
    const sealed = Buffer.from(row.sealed, 'base64')
    this.#insert.run(row.integration, row.connection_id, row.name, row.position, sealed, row.source, row.created_at)
  }
}
