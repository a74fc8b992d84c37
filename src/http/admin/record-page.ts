/**
 * A page of records as text. Each payload goes out byte for byte as it is stored, with `_nango_metadata` put in before its last brace:
 * nothing is parsed, so numbers keep their digits, and 10,000 records cost one copy.
 */
import type { RecordChange } from '../../domain/sync.ts'
import { instant, instantOrNull } from './log-shape.ts'

/** Described before the event loop serves others: some 2 ms. */
const RECORDS_PER_TURN = 500

const SPACE = /[ \t\r\n]/
const OPEN = 0x7b
const CLOSE = 0x7d

interface Piece {
  readonly payload: Uint8Array
  /** What the payload has before its last brace. */
  readonly end: number
  /** ASCII: dates, words and cursors. */
  readonly tail: string
}

export async function recordPageText(page: {
  readonly records: readonly RecordChange[]
  readonly nextCursor: string | null
}): Promise<Buffer> {
  const head = '{"records":['
  const foot = `],"next_cursor":${JSON.stringify(page.nextCursor)}}`
  const pieces: Piece[] = []
  let size = head.length + foot.length
  for (const [at, record] of page.records.entries()) {
    if (at > 0 && at % RECORDS_PER_TURN === 0) await new Promise(setImmediate)
    const piece = pieceOf(record, at === page.records.length - 1)
    size += piece.end + piece.tail.length
    pieces.push(piece)
  }
  const text = Buffer.allocUnsafe(size)
  let at = text.write(head, 0, 'latin1')
  for (const { payload, end, tail } of pieces) {
    text.set(end === payload.length ? payload : payload.subarray(0, end), at)
    at += end
    at += text.write(tail, at, 'latin1')
  }
  text.write(foot, at, 'latin1')
  return text
}

function pieceOf(record: RecordChange, isLast: boolean): Piece {
  const { payload } = record
  const end = payload.lastIndexOf(CLOSE)
  if (end === -1) throw new TypeError(`the payload of the record ${record.id} is no object`)
  let before = end - 1
  while (SPACE.test(String.fromCharCode(payload[before]!))) before -= 1
  const comma = payload[before] === OPEN ? '' : ','
  return { payload, end, tail: `${comma}"_nango_metadata":${JSON.stringify(metadataOf(record))}}${isLast ? '' : ','}` }
}

function metadataOf(record: RecordChange): Record<string, string | null> {
  return {
    first_seen_at: instant(record.firstSeenAt),
    last_modified_at: instant(record.lastModifiedAt),
    last_action: record.action,
    deleted_at: instantOrNull(record.deletedAt),
    pruned_at: instantOrNull(record.prunedAt),
    cursor: record.cursor,
  }
}
