/**
 * Saves what a run found: new and changed records with their place in the change stream, deletions as marks that stay. A record whose
 * hash is the one it had is looked up and left alone, pruned or not: whoever pruned it has it. Runs inside the group's transaction.
 *
 * | record was | and comes as | becomes                                                            |
 * |------------|--------------|--------------------------------------------------------------------|
 * | unknown    | a record     | ADDED                                                              |
 * | there      | same hash    | stays as it is                                                     |
 * | there      | other hash   | UPDATED, unless another run modified it after `ignoreModifiedAfter` |
 * | DELETED    | a record     | ADDED, under the same condition                                    |
 * | there      | deleted id   | DELETED, under the same condition; it keeps its payload            |
 */
import type { Database, Statement } from 'better-sqlite3'
import type { RecordAction } from '../../../../domain/sync.ts'
import type { RecordSelection } from '../../../../engine/sync/ports/record-store.ts'
import type { BatchResult, RecordWrite } from '../../../../engine/sync/ports/run-store.ts'
import type { SyncCommands } from '../commands.ts'
import { readPositionCursor } from '../../reader/cursor.ts'
import { firstRecord, NUMBERS_PER_SET, type RecordSet, type RecordSets } from './record-sets.ts'

interface FoundRecord {
  seq: number
  hash: Uint8Array
  run_seq: number
  action: RecordAction
  modified_at: number
}

export interface Batch {
  readonly runSeq: number
  readonly records: Iterable<RecordWrite>
  readonly deletedIds: readonly string[]
  readonly ignoreModifiedAfter: number | null
  readonly now: number
}

export interface SavedBatch {
  readonly result: BatchResult
  /** Rows of all records of the batch, the unchanged and ignored ones too. */
  readonly seqs: readonly number[]
}

export interface MissingRecord {
  seq: number
  id: string
}

export class RecordCache {
  readonly #sets: RecordSets
  readonly #find: Statement<[number, string], FoundRecord>
  readonly #insert: Statement
  readonly #update: Statement
  readonly #delete: Statement<[number, number, number, number]>
  readonly #between: Statement<[number, number, number], MissingRecord>
  readonly #unpruned: Statement<[number, number, number, number, number, number], PrunableRecord>
  readonly #prune: Statement<[number, number]>

  constructor(db: Database, sets: RecordSets) {
    this.#sets = sets
    this.#find = db.prepare('SELECT seq, hash, run_seq, action, modified_at FROM records WHERE set_seq = ? AND id = ?')
    this.#insert = db.prepare(
      `INSERT INTO records (seq, set_seq, id, hash, run_seq, change, action, first_seen_at, modified_at, payload)
       VALUES (?, ?, ?, ?, ?, ?, 'ADDED', ?, ?, ?)`,
    )
    this.#update = db.prepare(
      `UPDATE records SET hash = ?, run_seq = ?, change = ?, action = ?, modified_at = ?, pruned_at = NULL, payload = ?
       WHERE seq = ?`,
    )
    this.#delete = db.prepare(
      `UPDATE records SET run_seq = ?, change = ?, action = 'DELETED', modified_at = ? WHERE seq = ?`,
    )
    this.#between = db.prepare(
      `SELECT seq, id FROM records WHERE seq >= ? AND seq < ? AND action <> 'DELETED' AND modified_at < ? ORDER BY seq`,
    )
    this.#unpruned = db.prepare(
      `SELECT seq, modified_at, change FROM records WHERE set_seq = ? AND (modified_at, change) > (?, ?)
         AND (modified_at, change) <= (?, ?) ORDER BY modified_at, change LIMIT ? + 0`,
    )
    this.#prune = db.prepare(`UPDATE records SET pruned_at = ?, payload = x'' WHERE seq = ?`)
  }

  save(set: RecordSet, batch: Batch): SavedBatch {
    const seqs: number[] = []
    const added: string[] = []
    const updated: string[] = []
    const deleted: string[] = []
    let unchanged = 0
    let ignored = 0
    const { runSeq, ignoreModifiedAfter } = batch
    const isFresher = (found: FoundRecord): boolean =>
      ignoreModifiedAfter !== null && found.modified_at > ignoreModifiedAfter && found.run_seq !== runSeq

    for (const { id, hash, payload } of batch.records) {
      const found = this.#find.get(set.seq, id)
      if (found === undefined) {
        const seq = nextRecord(set)
        const { change, at } = this.#nextChange(set, batch.now)
        this.#insert.run(seq, set.seq, id, hash, runSeq, change, at, at, payload)
        set.live_count += 1
        seqs.push(seq)
        added.push(id)
        continue
      }
      seqs.push(found.seq)
      const wasDeleted = found.action === 'DELETED'
      if (!wasDeleted && Buffer.compare(found.hash, hash) === 0) unchanged += 1
      else if (isFresher(found)) ignored += 1
      else {
        const { change, at } = this.#nextChange(set, batch.now)
        this.#update.run(hash, runSeq, change, wasDeleted ? 'ADDED' : 'UPDATED', at, payload, found.seq)
        if (wasDeleted) set.live_count += 1
        const list = wasDeleted ? added : updated
        list.push(id)
      }
    }
    for (const id of batch.deletedIds) {
      const found = this.#find.get(set.seq, id)
      if (found === undefined || found.action === 'DELETED') continue
      if (isFresher(found)) ignored += 1
      else {
        this.markDeleted(set, found.seq, batch)
        deleted.push(id)
      }
    }
    if (added.length + updated.length + deleted.length > 0) this.#sets.save(set)
    return { result: { added, updated, deleted, unchanged, ignored }, seqs }
  }

  /** The caller saves the set. */
  markDeleted(set: RecordSet, seq: number, { runSeq, now }: Pick<Batch, 'runSeq' | 'now'>): void {
    const { change, at } = this.#nextChange(set, now)
    this.#delete.run(runSeq, change, at, seq)
    set.live_count -= 1
  }

  /** Records in this range of rows that are not deleted and were last modified before `before`. */
  between(rows: { from: number; to: number }, before: number): MissingRecord[] {
    return this.#between.all(rows.from, rows.to, before)
  }

  /** What is pruned stays before what is not, because a record that changes moves to the end; so a call goes on where the last one ended. */
  prune(command: SyncCommands['prune'] & RecordSelection): { count: number; hasMore: boolean } {
    const until = readPositionCursor(command.untilCursor)
    const set = this.#sets.find(command)
    if (set === undefined) return { count: 0, hasMore: false }
    const range = [set.seq, set.pruned_at, set.pruned_change, until.at, until.seq] as const
    const found = this.#unpruned.all(...range, command.limit + 1)
    const hasMore = found.length > command.limit
    if (hasMore) found.pop()
    for (const { seq } of found) this.#prune.run(command.now, seq)
    const last = found.at(-1)
    if (last === undefined) return { count: 0, hasMore }
    this.#sets.save({ ...set, pruned_at: last.modified_at, pruned_change: last.change })
    return { count: found.length, hasMore }
  }

  /** Time does not go back within a set: a clock that did would let changes slip in behind a cursor. */
  #nextChange(set: RecordSet, now: number): { change: number; at: number } {
    set.last_change += 1
    set.changed_at = Math.max(set.changed_at, now)
    return { change: set.last_change, at: set.changed_at }
  }
}

function nextRecord(set: RecordSet): number {
  if (set.next_number === NUMBERS_PER_SET) throw new RangeError(`a set holds ${NUMBERS_PER_SET} records at most`)
  const seq = firstRecord(set.seq) + set.next_number
  set.next_number += 1
  return seq
}

interface PrunableRecord {
  seq: number
  modified_at: number
  change: number
}
