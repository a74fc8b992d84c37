/** Keeps for each block of `request_index` the times within which its requests were received. Runs inside the group's transaction. */
import type { Database, Statement } from 'better-sqlite3'
import { UNDIVIDED } from '../subject.ts'

export interface Place {
  readonly block: number
  readonly receivedAt: number
}

export class RequestBlocks {
  readonly #widen: Statement<[number, number, number]>
  readonly #forget: Statement<[number]>

  constructor(db: Database) {
    this.#widen = db.prepare(
      `INSERT INTO request_blocks VALUES (?, ?, ?) ON CONFLICT (block) DO UPDATE SET
         oldest_at = min(oldest_at, excluded.oldest_at), newest_at = max(newest_at, excluded.newest_at)`,
    )
    this.#forget = db.prepare(
      'DELETE FROM request_blocks WHERE block = ? AND NOT EXISTS (SELECT 1 FROM request_index i WHERE i.block = request_blocks.block)',
    )
  }

  /** Entries were put at these places, neighbours of one block in a row. */
  widen(places: readonly Place[]): void {
    let at = 0
    while (at < places.length) {
      const { block } = places[at]!
      let oldest = Infinity
      let newest = -Infinity
      for (; at < places.length && places[at]!.block === block; at += 1) {
        const { receivedAt } = places[at]!
        if (receivedAt < oldest) oldest = receivedAt
        if (receivedAt > newest) newest = receivedAt
      }
      if (block !== UNDIVIDED) this.#widen.run(block, oldest, newest)
    }
  }

  /** Entries were deleted from these blocks; those that are empty now are forgotten. */
  forgetEmpty(blocks: Iterable<number>): void {
    for (const block of blocks) this.#forget.run(block)
  }
}
