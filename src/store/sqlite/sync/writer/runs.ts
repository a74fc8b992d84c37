/**
 * Runs: claimed, begun, fed with batches, postponed, ended. All of a batch is one step: its records, the run's progress and counters, what
 * the run has seen, and the lease. Each verb first looks whether the lease is the current one and does nothing when it is not. Runs
 * inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { RunProgress, SyncRun } from '../../../../domain/sync.ts'
import type { BatchResult } from '../../../../engine/sync/ports/run-store.ts'
import type { ClaimedSync } from '../../../../engine/sync/ports/schedule-store.ts'
import type { TapeReader } from '../../tape.ts'
import { readRecord, type SyncCommands } from '../commands.ts'
import { type RunRow, runOf } from '../run-row.ts'
import type { NoticeWriter } from './notices.ts'
import type { MissingRecord, RecordCache } from './record-cache.ts'
import { firstRecord, type RecordSets } from './record-sets.ts'
import {
  type Claim,
  claimOf,
  everyOf,
  grantableRequest,
  keyOf,
  type ScheduleRow,
  type ScheduleRows,
} from './schedule-row.ts'
import { hasBit, isFull, RECORDS_PER_CHUNK, type SeenRecords } from './seen-records.ts'
import type { RunLog } from './run-log.ts'

/** Records that `deleteMissing` looks at in one transaction, at most: some 20 ms when nothing of them was seen. */
const MAX_LOOKED_AT = 16 * RECORDS_PER_CHUNK

export interface RunParts {
  readonly rows: ScheduleRows
  readonly log: RunLog
  readonly sets: RecordSets
  readonly cache: RecordCache
  readonly seen: SeenRecords
  readonly notices: NoticeWriter
}

export class Runs {
  readonly #parts: RunParts
  readonly #triggeredAt: Statement<[string, string], number>

  constructor(db: Database, parts: RunParts) {
    this.#parts = parts
    this.#triggeredAt = db
      .prepare<[string, string], number>('SELECT at FROM sync_trigger_times WHERE integration = ? AND sync = ?')
      .pluck()
  }

  claim({ now, limit, leaseUntil }: SyncCommands['claim']): ClaimedSync[] {
    return this.#parts.rows.awake(now, limit).map((row) => this.#lease(row, now, leaseUntil))
  }

  renew({ lease, leaseUntil }: SyncCommands['renew']): boolean {
    const row = this.#parts.rows.leased(lease)
    if (row !== undefined) this.#parts.rows.renew(row, leaseUntil)
    return row !== undefined
  }

  release({ now }: SyncCommands['release']): number {
    const rows = this.#parts.rows.allLeased()
    for (const row of rows) {
      if (row.run_seq !== null) this.#parts.log.wait(row.run_seq, now, 'interrupted')
      this.#giveBack(row, now)
    }
    return rows.length
  }

  start({ lease, run, model, emptiesCache }: SyncCommands['start_run']): boolean {
    const { rows, log, sets } = this.#parts
    const row = rows.leased(lease)
    if (row === undefined) return false
    if (row.run_seq !== null && log.get(row.run_seq)?.id === run.id) return true
    if (row.run_seq !== null) this.#replace(row.run_seq)
    row.run_seq = log.add(keyOf(row), run, model)
    if (emptiesCache) {
      sets.empty({ ...keyOf(row), model })
      row.checkpoint = '{}'
    }
    rows.save(row)
    return true
  }

  saveBatch(batch: SyncCommands['save_batch'], tape: TapeReader): BatchResult | null {
    const { rows, log, sets, cache, seen } = this.#parts
    const records = batch.records.map((record) => readRecord(record, tape))
    const row = rows.leased(batch.lease)
    const run = this.#currentRun(row, batch.run)
    if (row === undefined || run === null) return null
    const set = sets.findOrMake({ ...keyOf(row), model: batch.model })
    const { result, seqs } = cache.save(set, { ...batch, records, runSeq: run.seq })
    if (batch.remembersIds) seen.remember(run.seq, seqs)
    log.advance(run, { ...batch, result })
    rows.renew(row, batch.leaseUntil)
    return result
  }

  /** Chunks of records that were all seen are passed over without being looked at. */
  deleteMissing(command: SyncCommands['delete_missing']): { deleted: string[]; hasMore: boolean } | null {
    const { rows, log, sets } = this.#parts
    const row = rows.leased(command.lease)
    const run = this.#currentRun(row, command.run)
    if (row === undefined || run === null) return null
    const set = sets.find({ ...keyOf(row), model: command.model })
    if (set === undefined) return { deleted: [], hasMore: false }
    const end = firstRecord(set.seq) + set.next_number
    let at = Math.max(run.swept, firstRecord(set.seq))
    let lookedAt = 0
    const missing: MissingRecord[] = []
    while (at < end && lookedAt < MAX_LOOKED_AT && missing.length < command.limit) {
      const chunkEnd = Math.min((Math.floor(at / RECORDS_PER_CHUNK) + 1) * RECORDS_PER_CHUNK, end)
      const found = this.#missingBetween(run.seq, { from: at, to: chunkEnd }, command.startedAt)
      lookedAt += found.lookedAt
      const fits = found.missing.slice(0, command.limit - missing.length)
      missing.push(...fits)
      at = fits.length < found.missing.length ? fits.at(-1)!.seq + 1 : chunkEnd
    }
    for (const { seq } of missing) this.#parts.cache.markDeleted(set, seq, { runSeq: run.seq, now: command.now })
    if (missing.length > 0) sets.save(set)
    log.swept(run.seq, at, missing.length)
    return { deleted: missing.map(({ id }) => id), hasMore: at < end }
  }

  finish(command: SyncCommands['finish_run'], tape: TapeReader): boolean {
    const { rows, log, seen, notices } = this.#parts
    const row = rows.leased(command.lease)
    const run = this.#currentRun(row, command.run)
    if (row === undefined || run === null) return false
    const { end, now } = command
    log.finish(run, { end, now, notes: command.notes })
    row.last_failure = end.state === 'failed' ? end.failure.code : null
    if (end.state === 'succeeded') {
      row.checkpoint = JSON.stringify(end.checkpoint)
      row.last_success_at = run.started_at
      if (run.is_full === 1) row.last_full_at = run.started_at
    }
    seen.forget(run.seq)
    row.claim = null
    row.run_seq = null
    row.due_at = command.nextDueAt
    this.#giveBack(row, null)
    notices.store(command.notices, now, tape)
    return true
  }

  postpone({ lease, run: id, until, reason }: SyncCommands['postpone_run']): boolean {
    const row = this.#parts.rows.leased(lease)
    const run = this.#currentRun(row, id)
    if (row === undefined || run === null) return false
    this.#parts.log.wait(run.seq, until, reason)
    this.#giveBack(row, until)
    return true
  }

  #lease(row: ScheduleRow, now: number, leaseUntil: number): ClaimedSync {
    const goesOn = claimOf(row)
    const claim = goesOn ?? this.#takeClaim(row, now)
    row.claim = JSON.stringify(claim)
    row.fence += 1
    row.lease_until = leaseUntil
    row.resume_at = null
    this.#parts.rows.save(row)
    return {
      key: keyOf(row),
      fence: row.fence,
      model: row.model,
      dueAt: row.due_at,
      everyMs: everyOf(row),
      ...claim,
      checkpoint: JSON.parse(row.checkpoint) as ClaimedSync['checkpoint'],
      lastFullAt: row.last_full_at,
      lastSuccessAt: row.last_success_at,
      lastTriggerAt: row.last_trigger_at,
      integrationTriggeredAt: this.#triggeredAt.get(row.integration, row.sync) ?? null,
      interrupted: row.run_seq === null ? null : this.#resumed(row.run_seq),
      lastFailure: row.last_failure,
    }
  }

  /** A wish whose window is still open stays: it leads to a run after this one. */
  #takeClaim(row: ScheduleRow, now: number): Claim {
    const request = grantableRequest(row)
    if (request === null || request.dueAt > now) {
      return { cause: 'schedule', triggers: 0, isFull: false, emptiesCache: false }
    }
    row.request = null
    const { cause, triggers, isFull: full, emptiesCache } = request
    return { cause, triggers, isFull: full, emptiesCache }
  }

  #resumed(runSeq: number): ClaimedSync['interrupted'] {
    this.#parts.log.resume(runSeq)
    const row = this.#parts.log.get(runSeq)
    if (row === undefined) return null
    return { run: runOf(row), progress: row.progress === null ? null : (JSON.parse(row.progress) as RunProgress) }
  }

  #currentRun(row: ScheduleRow | undefined, id: SyncRun['id']): RunRow | null {
    if (row === undefined || row.run_seq === null) return null
    const run = this.#parts.log.get(row.run_seq)
    return run === undefined || run.id !== id ? null : run
  }

  #giveBack(row: ScheduleRow, resumeAt: number | null): void {
    row.lease_until = null
    row.resume_at = resumeAt
    this.#parts.rows.save(row)
  }

  /** Nothing is left of a run that another begins in the place of: it had saved nothing, or is not to go on. */
  #replace(runSeq: number): void {
    this.#parts.log.remove(runSeq)
    this.#parts.seen.forget(runSeq)
  }

  #missingBetween(
    runSeq: number,
    rows: { from: number; to: number },
    before: number,
  ): { missing: MissingRecord[]; lookedAt: number } {
    const bits = this.#parts.seen.chunk(runSeq, Math.floor(rows.from / RECORDS_PER_CHUNK))
    const lastOfChunk = ((rows.to - 1) % RECORDS_PER_CHUNK) + 1
    if (bits !== null && isFull(bits, lastOfChunk)) return { missing: [], lookedAt: 0 }
    const found = this.#parts.cache.between(rows, before)
    const missing = bits === null ? found : found.filter(({ seq }) => !hasBit(bits, seq))
    return { missing, lookedAt: rows.to - rows.from }
  }
}
