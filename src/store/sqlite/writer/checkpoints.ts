/**
 * Moves committed pages from the WAL into the database file. It happens between groups, after the answer of the last one has gone
 * out, so no caller waits for a checkpoint of work that is already on disk.
 */
import type { Database, Statement } from 'better-sqlite3'

/** Pages of WAL (8 MB) after which it is checkpointed: more saves writing a page several times, fewer shortens the pause. */
const CHECKPOINT_PAGES = 1_000

export class Checkpoints {
  readonly #db: Database
  readonly #state: Statement<[], { log: number; checkpointed: number }>
  #moved = 0

  constructor(db: Database) {
    this.#db = db
    this.#state = db.prepare('PRAGMA wal_checkpoint(NOOP)')
  }

  /** Checkpoints when the WAL has grown enough. */
  afterGroup(): void {
    const { log } = this.#state.get() ?? { log: 0 }
    if (log < this.#moved) this.#moved = 0 // the WAL began anew
    if (log - this.#moved >= CHECKPOINT_PAGES) this.#run()
  }

  /** Checkpoints what is left, so that a start after a crash has little to recover. */
  whenIdle(): void {
    const { log, checkpointed } = this.#state.get() ?? { log: 0, checkpointed: 0 }
    if (log > checkpointed) this.#run()
  }

  /** PASSIVE waits for nobody; what a reader still needs is moved another time, and so is what does not fit on the disk now. */
  #run(): void {
    try {
      const [result] = this.#db.pragma('wal_checkpoint(PASSIVE)') as { checkpointed: number }[]
      this.#moved = result?.checkpointed ?? 0
    } catch {
      // The rows are safe in the WAL; the next group meets the same cause and reports it.
    }
  }
}
