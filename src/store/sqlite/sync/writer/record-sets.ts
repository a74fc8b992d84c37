/**
 * Record sets: the cache of one model of one connection. A set is emptied, or goes with its connection, in one small write: it is
 * dropped, and its records are deleted behind the scenes, a slice at a time. The set that takes its place goes on where its
 * change stream ended, so cursors that apps hold stay good.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { RecordSelection } from '../../../../engine/sync/ports/record-store.ts'

/** 67 million records in a set, and 134 million sets, which each emptying takes one of, in the integers a double holds exactly. */
export const NUMBERS_PER_SET = 2 ** 26

export function firstRecord(setSeq: number): number {
  return setSeq * NUMBERS_PER_SET
}

export interface RecordSet {
  seq: number
  next_number: number
  last_change: number
  changed_at: number
  live_count: number
  pruned_at: number
  pruned_change: number
}

export const SET_COLUMNS = 'seq, next_number, last_change, changed_at, live_count, pruned_at, pruned_change'

export class RecordSets {
  readonly #find: Statement<[string, string, string], RecordSet>
  readonly #insert: Statement<[string, string, string, number, number], RecordSet>
  readonly #save: Statement<[number, number, number, number, number, number, number]>
  readonly #drop: Statement<[number]>
  readonly #dropAll: Statement<[string, string]>
  readonly #dropped: Statement<[], number>
  readonly #deleteRecords: Statement<[number, number, number]>
  readonly #deleteSet: Statement<[number]>
  /** Whether there may be dropped sets: looked up once at start, then known. */
  hasDropped = true

  constructor(db: Database) {
    const ofModel = 'WHERE integration = ? AND connection_id = ? AND model = ? AND is_dropped = 0'
    this.#find = db.prepare(`SELECT ${SET_COLUMNS} FROM record_sets ${ofModel}`)
    this.#insert = db.prepare(
      `INSERT INTO record_sets (integration, connection_id, model, last_change, changed_at)
       VALUES (?, ?, ?, ?, ?) RETURNING ${SET_COLUMNS}`,
    )
    this.#save = db.prepare(
      `UPDATE record_sets SET next_number = ?, last_change = ?, changed_at = ?, live_count = ?, pruned_at = ?,
         pruned_change = ? WHERE seq = ?`,
    )
    this.#drop = db.prepare('UPDATE record_sets SET is_dropped = 1 WHERE seq = ?')
    this.#dropAll = db.prepare(
      'UPDATE record_sets SET is_dropped = 1 WHERE integration = ? AND connection_id = ? AND is_dropped = 0',
    )
    this.#dropped = db.prepare<[], number>('SELECT seq FROM record_sets WHERE is_dropped = 1 LIMIT 1').pluck()
    this.#deleteRecords = db.prepare(
      'DELETE FROM records WHERE seq IN (SELECT seq FROM records WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ? + 0)',
    )
    this.#deleteSet = db.prepare('DELETE FROM record_sets WHERE seq = ?')
  }

  find({ integration, connectionId, model }: RecordSelection): RecordSet | undefined {
    return this.#find.get(integration, connectionId, model)
  }

  findOrMake(selection: RecordSelection): RecordSet {
    const { integration, connectionId, model } = selection
    return this.find(selection) ?? this.#insert.get(integration, connectionId, model, 0, 0)!
  }

  save(set: RecordSet): void {
    const { next_number: number, last_change: change, changed_at: at, live_count: live } = set
    this.#save.run(number, change, at, live, set.pruned_at, set.pruned_change, set.seq)
  }

  empty(selection: RecordSelection): void {
    const set = this.find(selection)
    if (set === undefined) return
    const { integration, connectionId, model } = selection
    this.#drop.run(set.seq)
    this.#insert.get(integration, connectionId, model, set.last_change, set.changed_at)
    this.hasDropped = true
  }

  dropOf(integration: string, connectionId: string): void {
    if (this.#dropAll.run(integration, connectionId).changes > 0) this.hasDropped = true
  }

  /** Deletes up to `limit` records of dropped sets within the caller's transaction. */
  sweep(limit: number): void {
    const seq = this.#dropped.get()
    if (seq === undefined) {
      this.hasDropped = false
      return
    }
    const { changes } = this.#deleteRecords.run(firstRecord(seq), firstRecord(seq + 1), limit)
    if (changes < limit) this.#deleteSet.run(seq)
  }
}
