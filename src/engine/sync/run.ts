/**
 * One run of a sync for a connection, under a lease: pulls pages, saves each with its progress, deletes what a full run has not seen,
 * ends with one transaction that commits the checkpoint and tells the app. Killed at any moment it goes on after the last saved page.
 * Whatever goes wrong ends the run with its cause; the schedule goes on.
 */
import { GatewayError } from '../../domain/errors.ts'
import type { Ids, IntegrationKey } from '../../domain/ids.ts'
import {
  type Checkpoint,
  nextScheduledAt,
  NO_COUNTS,
  type RunCounters,
  type RunProgress,
  type SyncFailure,
} from '../../domain/sync.ts'
import type { Clock, ConnectionStore, Journal, Random } from '../ports.ts'
import type { AskApi } from './api.ts'
import { connectionView } from './connection-view.ts'
import type { ActiveSync, SyncDirectory } from './directory.ts'
import { fail } from './failure.ts'
import { GapWatch, GRACE_MS } from './gaps.ts'
import { failureNotices, type NoticeContext, successNotices } from './notices.ts'
import type { BatchResult, ClaimedSync, GapStore, NewRun, RunStore, ScheduleStore, SyncNotice } from './ports.ts'
import { noProgress, type PulledPage, pullPages } from './pull.ts'

export interface RunDeps {
  readonly store: RunStore & GapStore & Pick<ScheduleStore, 'setRateLimit'>
  readonly connections: Pick<ConnectionStore, 'getConnection'>
  readonly directory: SyncDirectory
  readonly ask: AskApi
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly journal: Journal
  readonly leaseMs: number
  /** Told of notices that were stored, so that their destinations can be woken. */
  readonly onNotices: (notices: readonly SyncNotice[]) => void
  /** A schedule was claimed whose sync is declared no more, in a configuration of an earlier start. */
  readonly onUndeclared: (integration: IntegrationKey) => Promise<void>
}

/** Runs what was claimed. The signal stops it after the page under way; it then waits to be taken up again. Rejects for faults of the store. */
export type RunSync = (claimed: ClaimedSync, signal: AbortSignal) => Promise<void>

/** Records of one transaction. */
const BATCH_SIZE = 500
const DELETE_BATCH = 1_000
/** A provider that sends us away for longer than this has failed the run. */
const MAX_POSTPONEMENT_MS = 24 * 3_600_000
/** A run that is sent away again and again has failed as well: the app is told, and the schedule begins anew. */
const MAX_RESUMPTIONS = 100
const MAX_NOTES = 20

export function createRunSync(deps: RunDeps): RunSync {
  const { store, connections, directory, clock, ids, journal } = deps

  return async (claimed, signal) => {
    const active = directory.find(claimed.key.integration, claimed.key.sync)
    const connection = await connections.getConnection(claimed.key.integration, claimed.key.connectionId)
    if (active === null) return deps.onUndeclared(claimed.key.integration)
    // Removed since it was claimed, and its schedule with it.
    if (connection === null) return
    const run = beginning(claimed, active)
    if (claimed.interrupted === null) {
      const { emptiesCache } = claimed
      const isStarted = await store.startRun({ lease: claimed, run, model: active.declaration.model, emptiesCache })
      if (!isStarted) return
    }
    const work = new Work(deps, claimed, active, run)
    const end = await pullPages(deps.ask, {
      active,
      connectionId: claimed.key.connectionId,
      connection: connectionView(connection),
      checkpoint: run.checkpointBefore,
      from: work.progress,
      signal,
      now: () => clock.now(),
      onPage: async (page) => (await work.save(page)) && !signal.aborted,
    }).catch((error: unknown) => {
      if (signal.aborted) return { kind: 'stopped' as const }
      // The store's faults pass, and what is saved is safe: the lease lapses and the run goes on. Ours would come again.
      if (error instanceof GatewayError && error.code.startsWith('store_')) throw error
      journal.error('sync.faulted', { ...factsOf(claimed), run_id: run.id, error })
      const detail = 'a fault of the gateway; the journal has it'
      return { kind: 'failed' as const, failure: fail('internal_error', detail).failure }
    })
    if (work.isLeaseLost) return journal.warn('sync.lease_lost', { ...factsOf(claimed), run_id: run.id })
    const context: NoticeContext = {
      active,
      key: claimed.key,
      type: run.type,
      startedAt: run.startedAt,
      urlOverride: connection.webhookUrlOverride,
      ids,
    }
    switch (end.kind) {
      case 'done':
        return succeed(work, context)
      case 'failed':
        return finishFailed(work, context, end.failure)
      case 'wait':
        return end.until - clock.now() > MAX_POSTPONEMENT_MS ||
          (claimed.interrupted?.run.resumptions ?? 0) > MAX_RESUMPTIONS
          ? finishFailed(work, context, fail('rate_limited', end.reason).failure)
          : postpone(work, end.until, end.reason)
      case 'stopped':
        await store.postponeRun({ lease: claimed, run: run.id, until: clock.now(), reason: 'the gateway stops' })
    }
  }

  async function succeed(work: Work, context: NoticeContext): Promise<void> {
    if (!(await work.deleteMissing())) return
    const { claimed, run, counters, progress } = work
    const now = clock.now()
    const notices = successNotices(context, counters, { from: run.checkpointBefore, to: progress.checkpoint })
    const isFinished = await store.finishRun({
      lease: claimed,
      run: run.id,
      now,
      nextDueAt: dueAfter(claimed, now),
      end: { state: 'succeeded', checkpoint: progress.checkpoint },
      notes: [],
      notices,
    })
    if (!isFinished) return
    deps.onNotices(notices)
    const missed = work.gaps.suspicions({ run: run.id, now, ids })
    if (missed.length > 0) await store.suspectMissedWebhooks({ missed, confirmAt: now + GRACE_MS })
    journal.record('sync.finished', lineOf(work, now, progress.checkpoint))
  }

  async function finishFailed(work: Work, context: NoticeContext, failure: SyncFailure): Promise<void> {
    const { claimed, run } = work
    const now = clock.now()
    const notices = failureNotices(context, failure, now)
    const isFinished = await store.finishRun({
      lease: claimed,
      run: run.id,
      now,
      nextDueAt: dueAfter(claimed, now),
      end: { state: 'failed', failure },
      notes: [],
      notices,
    })
    if (!isFinished) return
    deps.onNotices(notices)
    journal.warn('sync.failed', { ...lineOf(work, now, run.checkpointBefore), ...failure })
  }

  async function postpone(work: Work, until: number, reason: string): Promise<void> {
    const { claimed, run } = work
    const { integration, connectionId } = claimed.key
    await store.setRateLimit({ integration, connectionId, until })
    await store.postponeRun({ lease: claimed, run: run.id, until, reason })
    journal.warn('sync.postponed', {
      ...factsOf(claimed),
      run_id: run.id,
      until: new Date(until).toISOString(),
      reason,
    })
  }

  function beginning(claimed: ClaimedSync, active: ActiveSync): NewRun {
    const { interrupted, lastFullAt, emptiesCache } = claimed
    if (interrupted !== null) return interrupted.run
    const now = clock.now()
    const { fullEveryMs } = active.declaration
    const isDue = fullEveryMs !== null && lastFullAt !== null && lastFullAt + fullEveryMs <= now
    const startsAnew = claimed.isFull || emptiesCache || isDue
    const checkpointBefore = startsAnew ? {} : claimed.checkpoint
    return {
      id: ids.next('run'),
      type: lastFullAt === null || claimed.isFull || emptiesCache ? 'INITIAL' : 'INCREMENTAL',
      cause: claimed.cause,
      triggers: claimed.triggers,
      isFull: Object.keys(checkpointBefore).length === 0,
      startedAt: now,
      checkpointBefore,
    }
  }

  /** A run out of turn leaves the schedule as it is, unless that is due as well. */
  function dueAfter(claimed: ClaimedSync, now: number): number {
    const { dueAt, everyMs } = claimed
    return dueAt > now ? dueAt : nextScheduledAt({ dueAt, everyMs, now, random: deps.random() })
  }
}

/** What a run has done so far. */
class Work {
  readonly claimed: ClaimedSync
  readonly run: NewRun
  readonly gaps: GapWatch
  progress: RunProgress
  counters: RunCounters
  isLeaseLost = false
  readonly #deps: RunDeps
  readonly #active: ActiveSync
  #notes = 0
  #hasList = false

  constructor(deps: RunDeps, claimed: ClaimedSync, active: ActiveSync, run: NewRun) {
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

function factsOf({ key }: ClaimedSync): Record<string, unknown> {
  return { integration: key.integration, connection_id: key.connectionId, sync: key.sync }
}

/** The one line of a run. */
function lineOf({ claimed, run, counters }: Work, now: number, checkpoint: Checkpoint): Record<string, unknown> {
  return {
    ...factsOf(claimed),
    run_id: run.id,
    type: run.type,
    cause: run.cause,
    triggers: run.triggers,
    full: run.isFull,
    ...counters,
    duration_ms: now - run.startedAt,
    checkpoint_before: run.checkpointBefore,
    checkpoint_after: checkpoint,
  }
}
