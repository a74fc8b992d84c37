/**
 * Walks rows newest first through the narrowest index that a filter has; what the index does not decide is looked at row by row, a
 * bounded number between two turns of the event loop.
 */
import type { Page, PageRequest } from '../../../../engine/ports.ts'
import { limitOf, readSeqCursor, seqCursor } from '../../reader/cursor.ts'
import type { ReadConnection, SqlValue } from '../../reader/read-connection.ts'
import { nextTurn } from '../../reader/turn.ts'

/** Some 2 ms. */
const ROWS_PER_TURN = 500

export interface NewestFirst<Row, Item> {
  readonly reader: ReadConnection
  /** `SELECT … FROM …` without conditions. */
  readonly select: string
  /** A condition that an index answers in order of `seq`; empty for the table itself. */
  readonly indexed: { readonly sql: string; readonly values: readonly SqlValue[] }
  fits(row: Row): boolean
  itemOf(row: Row): Item
}

export async function walkNewestFirst<Row extends { seq: number }, Item>(
  walk: NewestFirst<Row, Item>,
  page: PageRequest,
): Promise<Page<Item>> {
  const { reader, indexed } = walk
  const limit = limitOf(page)
  const and = indexed.sql === '' ? '' : `${indexed.sql} AND `
  const sql = `${walk.select} WHERE ${and}seq < ? ORDER BY seq DESC LIMIT ? + 0`
  const items: Item[] = []
  let before = page.after === null ? Number.MAX_SAFE_INTEGER : readSeqCursor(page.after)
  for (;;) {
    const rows = reader.all<Row>(sql, [...indexed.values, before, ROWS_PER_TURN])
    for (const row of rows) {
      if (!walk.fits(row)) continue
      if (items.length === limit) return { items, nextCursor: seqCursor(before) }
      items.push(walk.itemOf(row))
      before = row.seq
    }
    if (rows.length < ROWS_PER_TURN) return { items, nextCursor: null }
    before = rows.at(-1)!.seq
    await nextTurn()
  }
}
