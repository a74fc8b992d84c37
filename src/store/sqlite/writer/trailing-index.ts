/**
 * An index with scattered keys that trails behind its table. New entries are held in memory; now and then they are sorted and
 * merged in slices, so that neighbours share the pages they dirty. The mark in table `marks` says up to which row the index is
 * complete; what lies beyond it is read from the table again at the next start, so a crash loses nothing.
 *
 * | entries  | are                                         | become                                    |
 * |----------|---------------------------------------------|-------------------------------------------|
 * | fresh    | of the transaction under way                | recent on commit, forgotten on rollback   |
 * | recent   | committed, not in the index                 | merging, when a merge begins              |
 * | merging  | being inserted, sorted, slice by slice      | forgotten after the last slice            |
 */
import type { Database, Statement } from 'better-sqlite3'
import type { TapeValue } from '../tape.ts'
import { BulkInsert } from './bulk-insert.ts'
import type { TransactionState } from './transaction-state.ts'

export interface TrailingIndexRules<Entry> {
  /** Table of the index, and name of its mark. */
  readonly table: 'request_index' | 'dedupe_keys'
  readonly columnCount: number
  /** The entry as a row of the table. */
  rowOf(entry: Entry): readonly TapeValue[]
  /** Puts entries into the order of the index, as far as is needed for a slice to touch neighbouring pages. */
  sort(entries: Entry[]): readonly Entry[]
  /** Told of entries that were just inserted, in order, within the same transaction. */
  inserted?(entries: readonly Entry[]): void
}

export class TrailingIndex<Entry> implements TransactionState {
  readonly #rules: TrailingIndexRules<Entry>
  readonly #insert: BulkInsert
  readonly #saveMark: Statement<[number, string]>
  #fresh: Entry[] = []
  #freshRow = 0
  #recent: Entry[] = []
  /** The last committed row whose entries are here or in the index. */
  #lastRow = 0
  #merging: readonly Entry[] | null = null
  #mergingRow = 0
  #mergedCount = 0
  #slice = 0
  #completeTo: number

  constructor(db: Database, rules: TrailingIndexRules<Entry>) {
    this.#rules = rules
    this.#insert = new BulkInsert(db, { into: rules.table, width: rules.columnCount, onConflict: 'IGNORE' })
    this.#saveMark = db.prepare('UPDATE marks SET seq = ? WHERE name = ?')
    this.#completeTo =
      db.prepare<[string], number>('SELECT seq FROM marks WHERE name = ?').pluck().get(rules.table) ?? 0
    this.#lastRow = this.#completeTo
  }

  /** Entries that wait for a merge. */
  get recentCount(): number {
    return this.#recent.length
  }

  /** Whether rows were committed that the index does not cover yet, be it that they brought no entries. */
  get isBehind(): boolean {
    return this.#lastRow > this.#completeTo
  }

  get isMerging(): boolean {
    return this.#merging !== null
  }

  /** Entries of the transaction under way. */
  protected get fresh(): readonly Entry[] {
    return this.#fresh
  }

  add(entry: Entry): void {
    this.#fresh.push(entry)
  }

  /** All entries of the rows up to `seq` have been added. */
  reached(seq: number): void {
    this.#freshRow = seq
  }

  /** Closes what is recent and makes it ready to be merged. Goes on with a merge that has begun. */
  beginMerge(): void {
    if (this.isMerging || !this.isBehind) return
    this.#merging = this.#rules.sort(this.#recent)
    this.#mergingRow = this.#lastRow
    this.#recent = []
  }

  /** Inserts up to `limit` entries within the caller's transaction, and the mark after the last one. */
  mergeSlice(limit: number): void {
    if (this.#merging === null) return
    const slice = this.#merging.slice(this.#mergedCount, this.#mergedCount + limit)
    const values: TapeValue[] = []
    for (const entry of slice) values.push(...this.#rules.rowOf(entry))
    this.#insert.run(values)
    this.#rules.inserted?.(slice)
    const isLast = this.#mergedCount + slice.length === this.#merging.length
    if (isLast) this.#saveMark.run(this.#mergingRow, this.#rules.table)
    this.#slice = slice.length
  }

  afterCommit(): void {
    for (const entry of this.#fresh) this.#recent.push(entry)
    this.#fresh = []
    this.#lastRow = Math.max(this.#lastRow, this.#freshRow)
  }

  /** To be called when the transaction of `mergeSlice` has been committed. */
  sliceCommitted(): void {
    this.#mergedCount += this.#slice
    if (this.#merging === null || this.#mergedCount < this.#merging.length) return
    this.#merging = null
    this.#mergedCount = 0
    this.#completeTo = this.#mergingRow
  }

  afterRollback(): void {
    this.#fresh = []
    this.#freshRow = 0
  }
}
