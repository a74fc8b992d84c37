/**
 * Finds out whether a request could be stored now, by writing what one needs: fresh pages for a body, and a commit. The pages are
 * given back at once and used again by the next request. A bare update of one row would still succeed on a disk that is full.
 */
import type { Database, Statement } from 'better-sqlite3'

const BODY_BYTES = 64 * 1024

export class Probe {
  readonly #fill: Statement<[number, number]>
  readonly #empty: Statement<[]>

  constructor(db: Database) {
    this.#fill = db.prepare('UPDATE probe SET checked_at = ?, padding = zeroblob(?)')
    this.#empty = db.prepare('UPDATE probe SET padding = NULL')
  }

  write(now: number): void {
    this.#fill.run(now, BODY_BYTES)
    this.#empty.run()
  }
}
