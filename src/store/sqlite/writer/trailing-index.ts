/**
 * An index with scattered keys that trails behind its table. New entries are held in memory; now and then they are sorted and
 * merged in slices, so that neighbours share the pages they dirty. None of it takes long at once, as groups of commands wait
 * meanwhile: a merge begins with splitting the entries into runs, and a run is sorted when its turn comes. The mark in table `marks`
 * says up to which row the index is complete; what lies beyond it is read from the table again at the next start, so a crash loses
 * nothing, and slices need not be synced to the disk.
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

/** Entries that are neighbours in the index; what they have in common may stand beside them. */
export interface Run<Entry> {
  readonly entries: Entry[]
}

export interface TrailingIndexRules<Entry, EntryRun extends Run<Entry>> {
  /** Table of the index, and name of its mark. */
  readonly table: 'request_index' | 'dedupe_keys'
  readonly columnCount: number
  /** The entry as a row of the table. */
  rowOf(entry: Entry, run: EntryRun): readonly TapeValue[]
  /**
   * Splits entries into runs, in the order of the index as far as is needed for a slice to touch neighbouring pages. An entry may stand
   * in several, and has a row for each.
   */
  runsOf(entries: readonly Entry[]): readonly EntryRun[]
  /** The order of the entries of one run. */
  compare(a: Entry, b: Entry): number
  /** Told of what was just inserted, in order, within the same transaction. */
  inserted?(runs: readonly EntryRun[]): void
}

export class TrailingIndex<Entry, EntryRun extends Run<Entry>> implements TransactionState {
  readonly #rules: TrailingIndexRules<Entry, EntryRun>
  readonly #insert: BulkInsert
  readonly #saveMark: Statement<[number, string]>
  #fresh: Entry[] = []
  #freshRow = 0
  #recent: Entry[] = []
  /** The last committed row whose entries are here or in the index. */
  #lastRow = 0
  /** The runs that are not merged yet, the next one last. */
  #merging: EntryRun[] | null = null
  #mergingRow = 0
  /** What comes next into the index; it stays until it is committed. */
  #slice: readonly EntryRun[] = []
  #completeTo: number

  constructor(db: Database, rules: TrailingIndexRules<Entry, EntryRun>) {
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
    this.#merging = this.#rules.runsOf(this.#recent).toReversed()
    this.#mergingRow = this.#lastRow
    this.#recent = []
  }

  /** Inserts up to `limit` rows within the caller's transaction, and the mark after the last one. */
  mergeSlice(limit: number): void {
    if (this.#merging === null) return
    if (this.#slice.length === 0) this.#slice = this.#takeSlice(this.#merging, limit)
    const values: TapeValue[] = []
    for (const run of this.#slice) {
      for (const entry of run.entries) values.push(...this.#rules.rowOf(entry, run))
    }
    this.#insert.run(values)
    this.#rules.inserted?.(this.#slice)
    if (this.#merging.length === 0) this.#saveMark.run(this.#mergingRow, this.#rules.table)
  }

  #takeSlice(runs: EntryRun[], limit: number): readonly EntryRun[] {
    const slice: EntryRun[] = []
    for (let left = limit; left > 0; left -= slice.at(-1)!.entries.length) {
      const run = runs.pop()
      if (run === undefined) break
      run.entries.sort(this.#rules.compare) // the rest of a run is in order already, which is quickly seen
      slice.push({ ...run, entries: run.entries.splice(0, left) })
      if (run.entries.length > 0) runs.push(run)
    }
    return slice
  }

  afterCommit(): void {
    for (const entry of this.#fresh) this.#recent.push(entry)
    this.#fresh = []
    this.#lastRow = Math.max(this.#lastRow, this.#freshRow)
  }

  /** To be called when the transaction of `mergeSlice` has been committed. */
  sliceCommitted(): void {
    this.#slice = []
    if (this.#merging === null || this.#merging.length > 0) return
    this.#merging = null
    this.#completeTo = this.#mergingRow
  }

  afterRollback(): void {
    this.#fresh = []
    this.#freshRow = 0
  }
}
