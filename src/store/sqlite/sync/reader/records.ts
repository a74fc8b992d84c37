/**
 * Reads the change stream of a record set. Its order is that of `records_changes`: times of change, which do not go back within a set, then
 * numbers of change. A cursor is such a place, so `modifiedAfter` is one too. Long pages give way to others between two steps.
 */
import { MAX_RECORD_PAGE_BYTES, type RecordAction, type RecordChange } from '../../../../domain/sync.ts'
import type { RecordSelection, RecordStore } from '../../../../engine/sync/ports/record-store.ts'
import { isBefore, type Position, positionCursor, readPositionCursor } from '../../reader/cursor.ts'
import type { ReadConnection, SqlValue } from '../../reader/read-connection.ts'
import { nextTurn } from '../../reader/turn.ts'

type ListRequest = Parameters<RecordStore['listRecords']>[0]
type ListAnswer = Awaited<ReturnType<RecordStore['listRecords']>>

const MAX_LIMIT = 10_000
/** Rows read, or entries of the index looked at, between two turns of the event loop: some 2 ms. */
const ROWS_PER_TURN = 500
const ENTRIES_PER_TURN = 4_000

interface RecordRow {
  id: string
  action: RecordAction
  change: number
  first_seen_at: number
  modified_at: number
  pruned_at: number | null
  payload: Uint8Array
}

type RecordEntry = Pick<RecordRow, 'modified_at' | 'change' | 'action'> & { seq: number }

const SET_SQL = `SELECT seq, live_count FROM record_sets
  WHERE integration = ? AND connection_id = ? AND model = ? AND is_dropped = 0`
const COLUMNS = 'id, action, change, first_seen_at, modified_at, pruned_at, payload'
const AFTER =
  'FROM records WHERE set_seq = ? AND (modified_at, change) > (?, ?) ORDER BY modified_at, change LIMIT ? + 0'
const ROWS_SQL = `SELECT ${COLUMNS} ${AFTER}`
const ENTRIES_SQL = `SELECT seq, modified_at, change, action ${AFTER}`
const BY_SEQ_SQL = `SELECT ${COLUMNS} FROM records WHERE seq = ?`
const ENTRY_BY_ID_SQL = 'SELECT seq, modified_at, change, action FROM records WHERE set_seq = ? AND id = ?'

export async function listRecords(reader: ReadConnection, request: ListRequest): Promise<ListAnswer> {
  const after = startOf(request)
  const set = setOf(reader, request)
  if (set === undefined) return { records: [], nextCursor: null }
  const page = new RecordPage(Math.min(Math.max(1, Math.floor(request.limit)), MAX_LIMIT))
  const { actions, ids } = request
  if (ids !== null) readByIds(reader, { set: set.seq, after, ids, actions }, page)
  else if (actions === null) await readOn(reader, { set: set.seq, after }, page)
  else await readActions(reader, { set: set.seq, after, actions }, page)
  const records = page.rows.map(changeOf)
  return { records, nextCursor: page.hasMore ? records.at(-1)!.cursor : null }
}

/** Takes rows until there are enough of them or of their bytes. */
class RecordPage {
  readonly rows: RecordRow[] = []
  /** It had no room for the last row. */
  hasMore = false
  readonly #limit: number
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get room(): number {
    return this.#limit - this.rows.length
  }

  /** False when the row did not fit and no other will. */
  take(row: RecordRow): boolean {
    const { length } = this.rows
    this.#bytes += row.payload.length
    this.hasMore = length === this.#limit || (length > 0 && this.#bytes > MAX_RECORD_PAGE_BYTES)
    if (!this.hasMore) this.rows.push(row)
    return !this.hasMore
  }
}

export function countRecords(reader: ReadConnection, selection: RecordSelection): number {
  return setOf(reader, selection)?.live_count ?? 0
}

function setOf(
  reader: ReadConnection,
  { integration, connectionId, model }: RecordSelection,
): { seq: number; live_count: number } | undefined {
  return reader.get(SET_SQL, [integration, connectionId, model])
}

/** The place that reading begins after. Changes are numbered from 1, so number 0 is before all of its time. */
function startOf({ after, modifiedAfter }: ListRequest): Position {
  const cursor = after === null ? { at: -1, seq: 0 } : readPositionCursor(after)
  if (modifiedAfter === null) return cursor
  const time = { at: Math.ceil(modifiedAfter), seq: 0 }
  return isBefore(cursor, time) ? time : cursor
}

async function readOn(
  reader: ReadConnection,
  { set, after }: { set: number; after: Position },
  page: RecordPage,
): Promise<void> {
  let place = after
  for (;;) {
    const before = page.rows.length
    // One more than there is room for tells whether there are more.
    const wanted = Math.min(ROWS_PER_TURN, page.room + 1)
    reader.each<RecordRow>(ROWS_SQL, [set, place.at, place.seq, wanted], (row) => page.take(row))
    if (page.rows.length - before < wanted) return
    place = placeOf(page.rows.at(-1)!)
    await nextTurn()
  }
}

/** Walks the index alone and reads the rows that fit. A row that changed in between has gone to the end, and is met there. */
async function readActions(
  reader: ReadConnection,
  request: { set: number; after: Position; actions: readonly RecordAction[] },
  page: RecordPage,
): Promise<void> {
  let place = request.after
  for (;;) {
    const values: SqlValue[] = [request.set, place.at, place.seq, ENTRIES_PER_TURN]
    const entries = reader.all<RecordEntry>(ENTRIES_SQL, values)
    let readCount = 0
    for (const entry of entries) {
      place = placeOf(entry)
      if (!request.actions.includes(entry.action)) continue
      const row = reader.get<RecordRow>(BY_SEQ_SQL, [entry.seq])
      if (row?.change === entry.change && !page.take(row)) return
      readCount += 1
      if (readCount === ROWS_PER_TURN) break
    }
    if (entries.length < ENTRIES_PER_TURN && readCount < ROWS_PER_TURN) return
    await nextTurn()
  }
}

function readByIds(
  reader: ReadConnection,
  request: { set: number; after: Position; ids: readonly string[]; actions: readonly RecordAction[] | null },
  page: RecordPage,
): void {
  const { actions, after } = request
  const entries = [...new Set(request.ids)]
    .flatMap((id) => reader.get<RecordEntry>(ENTRY_BY_ID_SQL, [request.set, id]) ?? [])
    .filter((entry) => isBefore(after, placeOf(entry)) && (actions === null || actions.includes(entry.action)))
    .sort((a, b) => (isBefore(placeOf(a), placeOf(b)) ? -1 : 1))
  for (const { seq, change } of entries) {
    const row = reader.get<RecordRow>(BY_SEQ_SQL, [seq])
    if (row?.change === change && !page.take(row)) return
  }
}

function placeOf(row: Pick<RecordRow, 'modified_at' | 'change'>): Position {
  return { at: row.modified_at, seq: row.change }
}

function changeOf(row: RecordRow): RecordChange {
  return {
    payload: row.pruned_at === null ? row.payload : Buffer.from(JSON.stringify({ id: row.id })),
    id: row.id,
    action: row.action,
    firstSeenAt: row.first_seen_at,
    lastModifiedAt: row.modified_at,
    deletedAt: row.action === 'DELETED' ? row.modified_at : null,
    prunedAt: row.pruned_at,
    cursor: positionCursor(placeOf(row)),
  }
}
