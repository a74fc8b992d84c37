/** Replaces sealed credentials when they are still the ones that were read. Runs inside the group's transaction. */
import type { Database, Statement } from 'better-sqlite3'
import type { TapeReader } from '../../tape.ts'
import type { SyncCommands } from '../commands.ts'
import { versionOf } from '../credential-version.ts'

export class Credentials {
  readonly #get: Statement<[string, string], Uint8Array | null>
  readonly #set: Statement<[Uint8Array, string, string]>

  constructor(db: Database) {
    const ofConnection = 'WHERE connection_id = ? AND integration = ?'
    this.#get = db
      .prepare<[string, string], Uint8Array | null>(`SELECT credentials FROM connections ${ofConnection}`)
      .pluck()
    this.#set = db.prepare(`UPDATE connections SET credentials = ? ${ofConnection}`)
  }

  replace(command: SyncCommands['replace_credentials'], tape: TapeReader): boolean {
    const { integration, connectionId, expectedVersion, sealedBytes } = command
    const current = this.#get.get(connectionId, integration)
    if (current == null || versionOf(current) !== expectedVersion) return false
    this.#set.run(tape.bytes(sealedBytes), connectionId, integration)
    return true
  }
}
