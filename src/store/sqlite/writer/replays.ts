/** Replays of many deliveries: what they have come to, kept in the transaction that makes the deliveries due. */
import type { Database, Statement } from 'better-sqlite3'
import type { Replay } from '../../../engine/ports.ts'
import type { ReplayBatchCommand } from '../commands/upkeep.ts'
import type { DeliveryQueueWriter } from './delivery-queue.ts'

/** More finished replays than this are forgotten, the oldest first. */
const KEPT_REPLAYS = 1_000

export class ReplayWriter {
  readonly #queue: DeliveryQueueWriter
  readonly #get: Statement<[string], string>
  readonly #put: Statement<[string, string, string]>
  readonly #forget: Statement<[number]>

  constructor(db: Database, queue: DeliveryQueueWriter) {
    this.#queue = queue
    this.#get = db.prepare<[string], string>('SELECT document FROM replays WHERE id = ?').pluck()
    this.#put = db.prepare('INSERT OR REPLACE INTO replays (id, state, document) VALUES (?, ?, ?)')
    this.#forget = db.prepare(
      `DELETE FROM replays WHERE state IN ('planned', 'done', 'cancelled')
       AND id < (SELECT id FROM replays ORDER BY id DESC LIMIT 1 OFFSET ? + 0)`,
    )
  }

  put(replay: Replay): void {
    this.#put.run(replay.id, replay.state, JSON.stringify(replay))
    if (replay.state === 'planned') this.#forget.run(KEPT_REPLAYS)
  }

  /** Makes the deliveries due that are still in the state of the filter; null when the replay is not running any more. */
  batch({ id, now, cursor, deliveries }: ReplayBatchCommand): Replay | null {
    const document = this.#get.get(id)
    const replay = document === undefined ? null : (JSON.parse(document) as Replay)
    if (replay === null || replay.state !== 'running') return null
    let replayed = 0
    for (const delivery of deliveries) {
      if (this.#queue.replayFrom(delivery, replay.filter.state, now)) replayed += 1
    }
    const isEnd = cursor === null
    const changed: Replay = {
      ...replay,
      cursor,
      state: isEnd ? 'done' : 'running',
      finishedAt: isEnd ? now : null,
      replayed: replay.replayed + replayed,
      skipped: replay.skipped + deliveries.length - replayed,
    }
    this.put(changed)
    return changed
  }
}
