/** The log of runs as it is written: a row for each run, with its counters and progress. Old runs go when new ones end. */
import type { Database, Statement } from 'better-sqlite3'
import type { Checkpoint, RunProgress, SyncFailure, SyncKey } from '../../../../domain/sync.ts'
import type { BatchResult, NewRun } from '../../../../engine/sync/ports/run-store.ts'
import type { RunRow } from '../run-row.ts'

const KEPT_FOR_MS = 30 * 24 * 3_600_000

/** Removed with every run that ends: more than one, so that a log that is too long grows shorter. */
const REMOVED_AT_ONCE = 3

const MAX_NOTES = 50

export type RunEnd =
  | { readonly state: 'succeeded'; readonly checkpoint: Checkpoint }
  | { readonly state: 'failed'; readonly failure: SyncFailure }

export class RunLog {
  readonly #get: Statement<[number], RunRow>
  readonly #insert: Statement
  readonly #advance: Statement
  readonly #sweep: Statement<[number, number, number]>
  readonly #wait: Statement<[number, string, number]>
  readonly #resume: Statement<[number]>
  readonly #finish: Statement
  readonly #removeOld: Statement<[string, string, string, number, number]>
  readonly #remove: Statement<[number]>
  readonly #removeAll: Statement<[string, string]>

  constructor(db: Database) {
    this.#get = db.prepare('SELECT * FROM sync_runs WHERE seq = ?')
    this.#insert = db.prepare(
      `INSERT INTO sync_runs (id, integration, connection_id, sync, model, type, cause, is_full, triggers, started_at,
         state, checkpoint_before)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?)`,
    )
    this.#advance = db.prepare(
      `UPDATE sync_runs SET pages = ?, requests = ?, added = added + ?, updated = updated + ?, deleted = deleted + ?,
         unchanged = unchanged + ?, ignored = ignored + ?, skipped = skipped + ?, notes = ?, progress = ? WHERE seq = ?`,
    )
    this.#sweep = db.prepare('UPDATE sync_runs SET swept = ?, deleted = deleted + ? WHERE seq = ?')
    this.#wait = db.prepare(`UPDATE sync_runs SET state = 'waiting', waits_until = ?, reason = ? WHERE seq = ?`)
    this.#resume = db.prepare(
      `UPDATE sync_runs SET state = 'running', waits_until = NULL, reason = NULL, resumptions = resumptions + 1
       WHERE seq = ?`,
    )
    this.#finish = db.prepare(
      `UPDATE sync_runs SET state = ?, finished_at = ?, waits_until = NULL, reason = NULL, checkpoint_after = ?, failure = ?,
         notes = ?, progress = NULL WHERE seq = ?`,
    )
    this.#removeOld = db.prepare(
      `DELETE FROM sync_runs WHERE seq IN (SELECT seq FROM sync_runs
         WHERE integration = ? AND connection_id = ? AND sync = ? ORDER BY seq LIMIT ? + 0) AND started_at < ?
         AND state IN ('succeeded', 'failed')`,
    )
    this.#remove = db.prepare('DELETE FROM sync_runs WHERE seq = ?')
    this.#removeAll = db.prepare('DELETE FROM sync_runs WHERE connection_id = ? AND integration = ?')
  }

  get(seq: number): RunRow | undefined {
    return this.#get.get(seq)
  }

  add(key: SyncKey, run: NewRun, model: string): number {
    const { lastInsertRowid } = this.#insert.run(
      run.id,
      key.integration,
      key.connectionId,
      key.sync,
      model,
      run.type,
      run.cause,
      run.isFull ? 1 : 0,
      run.triggers,
      run.startedAt,
      JSON.stringify(run.checkpointBefore),
    )
    return Number(lastInsertRowid)
  }

  /** Adds what a batch came to. `progress` is null for the single step of a run that a webhook triggered. */
  advance(
    run: RunRow,
    step: {
      readonly result: BatchResult
      readonly progress: RunProgress | null
      readonly requests?: number
      readonly skipped: number
      readonly notes: readonly string[]
    },
  ): void {
    const { result, progress } = step
    this.#advance.run(
      progress?.pages ?? run.pages,
      progress?.requests ?? step.requests ?? run.requests,
      result.added.length,
      result.updated.length,
      result.deleted.length,
      result.unchanged,
      result.ignored,
      step.skipped,
      withNotes(run, step.notes),
      progress === null ? null : JSON.stringify(progress),
      run.seq,
    )
  }

  swept(seq: number, upTo: number, deleted: number): void {
    this.#sweep.run(upTo, deleted, seq)
  }

  wait(seq: number, until: number, reason: string): void {
    this.#wait.run(until, reason, seq)
  }

  resume(seq: number): void {
    this.#resume.run(seq)
  }

  finish(run: RunRow, { end, now, notes }: { end: RunEnd; now: number; notes: readonly string[] }): void {
    const isSuccess = end.state === 'succeeded'
    this.#finish.run(
      end.state,
      now,
      isSuccess ? JSON.stringify(end.checkpoint) : null,
      isSuccess ? null : JSON.stringify(end.failure),
      withNotes(run, notes),
      run.seq,
    )
    this.#removeOld.run(run.integration, run.connection_id, run.sync, REMOVED_AT_ONCE, now - KEPT_FOR_MS)
  }

  remove(seq: number): void {
    this.#remove.run(seq)
  }

  deleteOf(integration: string, connectionId: string): void {
    this.#removeAll.run(connectionId, integration)
  }
}

function withNotes(run: RunRow, notes: readonly string[]): string {
  if (notes.length === 0) return run.notes
  return JSON.stringify([...(JSON.parse(run.notes) as string[]), ...notes].slice(0, MAX_NOTES))
}
