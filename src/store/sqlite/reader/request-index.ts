/**
 * Walks `request_index`, which holds each request up to its mark by subject, outcome and time, newest first. What most requests share
 * is one range of it. Entries of a connection stand in blocks, see migration 6: they are gone through from the newest on, and as far
 * as their times overlap, until no block that is left can hold a newer place than those found.
 */
import { type StoredOutcome, UNDIVIDED } from '../subject.ts'
import { newestFirst, type Position } from './cursor.ts'
import type { Places } from './places.ts'
import type { ReadConnection } from './read-connection.ts'
import { nextTurn } from './turn.ts'

export interface Indexed {
  readonly subject: string
  readonly outcomes: readonly StoredOutcome[]
  readonly since: number
  /** Entries of later requests are left out. */
  readonly mark: number
}

interface Block {
  readonly block: number
  readonly oldestAt: number
  readonly newestAt: number
}

export const REQUEST_INDEX_SQL = `SELECT received_at AS at, request_seq AS seq FROM request_index
  WHERE block = ? AND subject = ? AND outcome = ? AND received_at >= ? AND (received_at, request_seq) < (?, ?)
    AND request_seq <= ?
  ORDER BY received_at DESC, request_seq DESC LIMIT ? + 0`

const BLOCKS_SQL = 'SELECT block, oldest_at AS oldestAt, newest_at AS newestAt FROM request_blocks'

/** Blocks looked into between two turns of the event loop: about 1 ms. */
const BLOCKS_PER_TURN = 64

/** Places of a subject that is not divided into blocks. */
export function undividedPlaces(reader: ReadConnection, indexed: Indexed): Places {
  return { next: (before, count) => readBlock(reader, UNDIVIDED, indexed, before, count).slice(0, count) }
}

/** Places of a connection. */
export function connectionPlaces(reader: ReadConnection, indexed: Indexed): Places {
  const blocks = reader.all<Block>(BLOCKS_SQL, []).filter(({ newestAt }) => newestAt >= indexed.since)
  blocks.sort((a, b) => b.newestAt - a.newestAt)
  return {
    async next(before, count) {
      let places: Position[] = []
      let lookedInto = 0
      for (const { block, oldestAt, newestAt } of blocks) {
        if (places.length === count && places[count - 1]!.at > newestAt) break
        if (oldestAt > before.at) continue
        const found = readBlock(reader, block, indexed, before, count)
        if (found.length > 0) places = places.concat(found).sort(newestFirst).slice(0, count)
        lookedInto += 1
        if (lookedInto % BLOCKS_PER_TURN === 0) await nextTurn()
      }
      return places
    },
  }
}

/** Up to `count` of each outcome, newest first. */
function readBlock(
  reader: ReadConnection,
  block: number,
  { subject, outcomes, since, mark }: Indexed,
  before: Position,
  count: number,
): Position[] {
  const places: Position[] = []
  for (const outcome of outcomes) {
    places.push(
      ...reader.all<Position>(REQUEST_INDEX_SQL, [block, subject, outcome, since, before.at, before.seq, mark, count]),
    )
  }
  return places.sort(newestFirst)
}
