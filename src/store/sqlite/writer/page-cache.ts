/**
 * The size of the writer's page cache. After a commit SQLite walks the whole cache of a file below 1 GiB when pages were split (they
 * pass through the page number at 1 GiB on the way): 35 us for 32 MiB, as much as storing a request. Small is better there. Beyond, it is
 * the index of dedupe keys that has to fit, 30 MiB for a million events: room for it saves each request 8 us of reading (with 96 MiB).
 */
import type { Database, Statement } from 'better-sqlite3'

const GIB = 2 ** 30
const SMALL_KIB = 16 * 1024
const LARGE_KIB = 64 * 1024

export class PageCache {
  readonly #db: Database
  readonly #pageCount: Statement<[], number>
  readonly #pageBytes: number
  #kib = 0

  constructor(db: Database) {
    this.#db = db
    this.#pageCount = db.prepare<[], number>('PRAGMA page_count').pluck()
    this.#pageBytes = db.pragma('page_size', { simple: true }) as number
    this.fit()
  }

  /** Follows the size of the file. */
  fit(): void {
    try {
      const kib = (this.#pageCount.get() ?? 0) * this.#pageBytes > GIB ? LARGE_KIB : SMALL_KIB
      if (kib !== this.#kib) this.#db.pragma(`cache_size = ${-kib}`)
      this.#kib = kib
    } catch {
      // A file that cannot be read now: the next group meets the same cause and reports it.
    }
  }
}
