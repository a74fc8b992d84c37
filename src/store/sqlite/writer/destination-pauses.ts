/** Destinations that a person has paused. Runs inside the group's transaction. */
import type { Database, Statement } from 'better-sqlite3'
import type { DestinationPause } from '../../../engine/ports.ts'

export class DestinationPauses {
  readonly #insert: Statement<[string, number, string | null]>
  readonly #get: Statement<[string], DestinationPause>
  readonly #delete: Statement<[string]>

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT OR IGNORE INTO destination_pauses (destination, since, reason) VALUES (?, ?, ?)')
    this.#get = db.prepare('SELECT destination, since, reason FROM destination_pauses WHERE destination = ?')
    this.#delete = db.prepare('DELETE FROM destination_pauses WHERE destination = ?')
  }

  /** The pause in force: the first one, when it was paused already. */
  pause(destination: string, now: number, reason: string | null): DestinationPause {
    this.#insert.run(destination, now, reason)
    return this.#get.get(destination)!
  }

  resume(destination: string): boolean {
    return this.#delete.run(destination).changes > 0
  }
}
