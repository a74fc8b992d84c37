/**
 * What a run has done so far: saves pages and deletes what is missing, batch by batch, and keeps count. Saving the same again changes
 * nothing, so that progress is written with the last batch of a page and nowhere else.
 */
import { NO_COUNTS, type RunCounters, type RunProgress } from '../../domain/sync.ts'
import type { Clock } from '../ports.ts'
import type { ActiveSync } from './directory.ts'
import { GapWatch } from './gaps.ts'
import type { BatchResult, NewRun, RunStore } from './ports/run-store.ts'
import type { ClaimedSync } from './ports/schedule-store.ts'
import { noProgress, type PulledPage } from './pull.ts'

export interface WorkDeps {
  readonly store: Pick<RunStore, 'saveBatch' | 'deleteMissing'>
  readonly clock: Clock
  readonly leaseMs: number
}

/** Records of one transaction. */
const BATCH_SIZE = 500
const DELETE_BATCH = 1_000
const MAX_NOTES = 20

export class RunWork {
  readonly claimed: ClaimedSync
  readonly run: NewRun
  readonly gaps: GapWatch
  progress: RunProgress
  counters: RunCounters
  isLeaseLost = false
  readonly #deps: WorkDeps
  readonly #active: ActiveSync
  #notes = 0
  #hasList = false

  constructor(deps: WorkDeps, claimed: ClaimedSync, active: ActiveSync, run: NewRun) {
    this.claimed = claimed
    this.run = run
    this.progress = claimed.interrupted?.progress ?? noProgress(run.checkpointBefore)
    this.counters = claimed.interrupted?.run.counters ?? NO_COUNTS
    this.gaps = new GapWatch(active, claimed, run.isFull)
    this.#deps = deps
    this.#active = active
  }

  get #deletesMissing(): boolean {
    return this.run.isFull && this.#active.declaration.deletes.kind === 'missing'
  }

  /** Saves a page in transactions of 500 records; its progress only with the last, since saving the same again changes nothing. */
  async save(page: PulledPage): Promise<boolean> {
    const { records, progress, askedAt } = page
    const before = this.progress
    this.#hasList ||= records.hasList
    const notes = records.notes.slice(0, Math.max(0, MAX_NOTES - this.#notes))
    this.#notes += notes.length
    let at = 0
    do {
      const writes = records.writes.slice(at, at + BATCH_SIZE)
      const isLast = at + BATCH_SIZE >= records.writes.length
      const now = this.#deps.clock.now()
      const result = await this.#deps.store.saveBatch({
        lease: this.claimed,
        run: this.run.id,
        model: this.#active.declaration.model,
        records: writes,
        deletedIds: isLast ? records.deletedIds : [],
        ignoreModifiedAfter: this.#active.declaration.keepsFresher ? askedAt : null,
        remembersIds: this.#deletesMissing,
        progress: isLast ? progress : before,
        skipped: isLast ? records.skipped : 0,
        notes: isLast ? notes : [],
        now,
        leaseUntil: now + this.#deps.leaseMs,
      })
      if (result === null) {
        this.isLeaseLost = true
        return false
      }
      this.#count(result, isLast ? records.skipped : 0)
      at += BATCH_SIZE
    } while (at < records.writes.length)
    this.progress = progress
    this.counters = { ...this.counters, pages: progress.pages, requests: progress.requests }
    return true
  }

  /** False when the lease was lost. Nothing is deleted unless the run saw everything there is. */
  async deleteMissing(): Promise<boolean> {
    if (!this.#deletesMissing || !this.progress.isComplete) return true
    // An answer of another shape looks like an empty one where there is no list to be missed.
    if (this.progress.items === 0 && !this.#hasList) return true
    for (;;) {
      const now = this.#deps.clock.now()
      const result = await this.#deps.store.deleteMissing({
        lease: this.claimed,
        run: this.run.id,
        model: this.#active.declaration.model,
        startedAt: this.run.startedAt,
        limit: DELETE_BATCH,
        now,
      })
      if (result === null) return false
      this.#count({ added: [], updated: [], deleted: result.deleted, unchanged: 0, ignored: 0 }, 0)
      if (!result.hasMore) return true
    }
  }

  #count(result: BatchResult, skipped: number): void {
    this.gaps.saw(result)
    const { added, updated, deleted, unchanged, ignored } = this.counters
    this.counters = {
      ...this.counters,
      added: added + result.added.length,
      updated: updated + result.updated.length,
      deleted: deleted + result.deleted.length,
      unchanged: unchanged + result.unchanged,
      ignored: ignored + result.ignored,
      skipped: this.counters.skipped + skipped,
    }
  }
}
