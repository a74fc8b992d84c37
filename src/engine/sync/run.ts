/**
 * One run of a sync for a connection, under a lease: pulls pages, saves each with its progress, deletes what a full run has not seen,
 * ends with one transaction that commits the checkpoint and tells the app. Killed at any moment it goes on after the last saved page.
 * Whatever goes wrong ends the run with its cause; the schedule goes on.
 */
import { GatewayError } from '../../domain/errors.ts'
import type { Ids, IntegrationKey } from '../../domain/ids.ts'
import { type Checkpoint, nextScheduledAt, type SyncFailure } from '../../domain/sync.ts'
import type { Clock, ConnectionStore, Journal, Random } from '../ports.ts'
import type { AskApi } from './api.ts'
import { connectionView } from './connection-view.ts'
import type { ActiveSync, SyncDirectory } from './directory.ts'
import { fail } from './failure.ts'
import { GRACE_MS } from './gaps.ts'
import { failureNotices, type NoticeContext, successNotices } from './notices.ts'
import type { GapStore } from './ports/gap-store.ts'
import type { NewRun, RunStore, SyncNotice } from './ports/run-store.ts'
import type { ClaimedSync, ScheduleStore } from './ports/schedule-store.ts'
import type { SyncObserver } from './ports/sync-observer.ts'
import { pullPages } from './pull.ts'
import { RunWork } from './run-work.ts'

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
  readonly observer?: SyncObserver
  /** A schedule was claimed whose sync is declared no more, in a configuration of an earlier start. */
  readonly onUndeclared: (integration: IntegrationKey) => Promise<void>
}

/** Runs what was claimed. The signal stops it after the page under way; it then waits to be taken up again. Rejects for faults of the store. */
export type RunSync = (claimed: ClaimedSync, signal: AbortSignal) => Promise<void>

/** A provider that sends us away for longer than this has failed the run. */
const MAX_POSTPONEMENT_MS = 24 * 3_600_000
/** A run that is sent away again and again has failed as well: the app is told, and the schedule begins anew. */
const MAX_RESUMPTIONS = 100

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
    const work = new RunWork(deps, claimed, active, run)
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

  async function succeed(work: RunWork, context: NoticeContext): Promise<void> {
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
    observe(work, 'succeeded', now)
    journal.record('sync.finished', lineOf(work, now, progress.checkpoint))
  }

  async function finishFailed(work: RunWork, context: NoticeContext, failure: SyncFailure): Promise<void> {
    const { claimed, run } = work
    const now = clock.now()
    const notices = failureNotices(context, failure, { failedAt: now, lastFailure: claimed.lastFailure })
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
    observe(work, 'failed', now)
    journal.warn('sync.failed', { ...lineOf(work, now, run.checkpointBefore), ...failure })
  }

  function observe({ claimed, run, counters }: RunWork, outcome: 'succeeded' | 'failed', now: number): void {
    const durationMs = now - run.startedAt
    deps.observer?.runEnded({ key: claimed.key, type: run.type, outcome, counts: counters, durationMs })
  }

  async function postpone(work: RunWork, until: number, reason: string): Promise<void> {
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

function factsOf({ key }: ClaimedSync): Record<string, unknown> {
  return { integration: key.integration, connection_id: key.connectionId, sync: key.sync }
}

/** The one line of a run. */
function lineOf({ claimed, run, counters }: RunWork, now: number, checkpoint: Checkpoint): Record<string, unknown> {
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
