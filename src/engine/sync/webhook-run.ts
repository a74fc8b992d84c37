/**
 * The WEBHOOK run: applies what events said about single objects (fetch, upsert, delete), those of one connection and sync together and
 * in their order. What cannot be fetched becomes an ordinary run, so that no change is lost to a bad moment.
 */
import type { Ids } from '../../domain/ids.ts'
import { NO_COUNTS, type RunCounters, type SyncFailure } from '../../domain/sync.ts'
import type { SyncView } from '../../domain/expression.ts'
import type { Connection } from '../../domain/connection.ts'
import type { Clock, ConnectionStore, Journal } from '../ports.ts'
import type { AskApi } from './api.ts'
import { connectionView } from './connection-view.ts'
import type { ActiveSync, SyncDirectory } from './directory.ts'
import { enrichedForward, failureNotices, type NoticeContext, successNotices } from './notices.ts'
import type { NewRun, RecordWrite, SyncNotice } from './ports/run-store.ts'
import type { ScheduleStore } from './ports/schedule-store.ts'
import type { SyncObserver } from './ports/sync-observer.ts'
import type { ClaimedTriggers, TriggerStore } from './ports/trigger-store.ts'
import { type PageRecords, recordOfItem, recordsFrom } from './records.ts'
import { evaluate } from './request.ts'

export interface WebhookRunDeps {
  readonly store: TriggerStore & Pick<ScheduleStore, 'requestRun'>
  readonly connections: Pick<ConnectionStore, 'getConnection'>
  readonly directory: SyncDirectory
  readonly ask: AskApi
  readonly clock: Clock
  readonly ids: Ids
  readonly journal: Journal
  readonly onNotices: (notices: readonly SyncNotice[]) => void
  readonly observer?: SyncObserver
}

export type ApplyTriggers = (claimed: ClaimedTriggers, signal: AbortSignal) => Promise<void>

/** What the triggers come to, by record id: the last word counts. */
interface Wanted {
  readonly records: Map<string, RecordWrite>
  readonly deletedIds: Set<string>
  requests: number
  skipped: number
  readonly notes: string[]
}

type Gathered =
  | { readonly kind: 'ready'; readonly wanted: Wanted }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'failed'; readonly failure: SyncFailure }

const MAX_POSTPONEMENTS = 10

export function createApplyTriggers(deps: WebhookRunDeps): ApplyTriggers {
  const { store, connections, directory, ask, clock, ids, journal } = deps

  return async (claimed, signal) => {
    const { key, triggers } = claimed
    const active = directory.find(key.integration, key.sync)
    const connection = await connections.getConnection(key.integration, key.connectionId)
    const run: NewRun = claimed.applied?.run ?? {
      id: ids.next('run'),
      type: 'WEBHOOK',
      cause: 'webhook',
      triggers: triggers.length,
      isFull: false,
      startedAt: clock.now(),
      checkpointBefore: {},
    }
    if (active === null || connection === null) {
      // Its sync or connection is gone: there is nothing that it could be applied to.
      await store.finishTriggers({
        triggers: claimed,
        run,
        model: '',
        failure: null,
        notes: [],
        now: clock.now(),
        notices: [],
      })
      return
    }
    const { model } = active.declaration
    const context: NoticeContext = {
      active,
      key,
      type: 'WEBHOOK',
      startedAt: run.startedAt,
      urlOverride: connection.webhookUrlOverride,
      ids,
    }
    const gathered = await gather(claimed, active, connection, signal)
    if (gathered.kind === 'wait' && claimed.postponements < MAX_POSTPONEMENTS)
      return store.postponeTriggers({ triggers: claimed, until: gathered.until })
    const now = clock.now()
    if (gathered.kind !== 'ready') {
      const isFailed = gathered.kind === 'failed'
      const windowMs = active.declaration.coalesceMs
      await store.requestRun({ key, now, windowMs, cause: 'webhook', triggers: 1, isFull: false, emptiesCache: false })
      const failure = isFailed ? gathered.failure : null
      const notices =
        failure === null ? [] : failureNotices(context, failure, { failedAt: now, lastFailure: claimed.lastFailure })
      const isFinished = await store.finishTriggers({
        triggers: claimed,
        run,
        model,
        failure,
        notes: ['a run was requested instead'],
        now,
        notices,
      })
      if (isFinished) deps.onNotices(notices)
      if (isFinished && isFailed) observe(claimed, run, { outcome: 'failed', counts: NO_COUNTS })
      journal.warn('sync.triggers_failed', { ...factsOf(claimed, run), ...failure })
      return
    }
    const { records, deletedIds, requests, skipped, notes } = gathered.wanted
    const result =
      claimed.applied?.result ??
      (await store.applyTriggers({
        triggers: claimed,
        run,
        model,
        records: [...records.values()],
        deletedIds: [...deletedIds],
        requests,
        skipped,
        notes,
        now,
      }))
    if (result === null) return
    const counts = { added: result.added.length, updated: result.updated.length, deleted: result.deleted.length }
    const forwarded = triggers.some((trigger) => trigger.forwardsResult)
      ? [...records.values()].flatMap((record) => enrichedForward(context, record))
      : []
    const notices = [...successNotices(context, counts, { from: {}, to: {} }), ...forwarded]
    const isFinished = await store.finishTriggers({
      triggers: claimed,
      run,
      model,
      failure: null,
      notes: [],
      now: clock.now(),
      notices,
    })
    if (!isFinished) return
    deps.onNotices(notices)
    observe(claimed, run, { outcome: 'succeeded', counts })
    journal.record('sync.finished', {
      ...factsOf(claimed, run),
      ...counts,
      unchanged: result.unchanged,
      requests,
      duration_ms: clock.now() - run.startedAt,
    })
  }

  function observe(
    { key }: ClaimedTriggers,
    { type, startedAt }: NewRun,
    end: { outcome: 'succeeded' | 'failed'; counts: Pick<RunCounters, 'added' | 'updated' | 'deleted'> },
  ): void {
    deps.observer?.runEnded({ key, type, durationMs: clock.now() - startedAt, ...end })
  }

  async function gather(
    claimed: ClaimedTriggers,
    active: ActiveSync,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<Gathered> {
    const wanted: Wanted = { records: new Map(), deletedIds: new Set(), requests: 0, skipped: 0, notes: [] }
    const toFetch = new Set<string>()
    for (const { action } of claimed.triggers) {
      if (action.kind === 'upsert') {
        for (const record of action.records) {
          wanted.records.set(record.id, record)
          wanted.deletedIds.delete(record.id)
          toFetch.delete(record.id)
        }
      } else if (action.kind !== 'run') {
        for (const id of action.ids) {
          wanted.records.delete(id)
          if (action.kind === 'fetch') toFetch.add(id)
          else toFetch.delete(id)
          if (action.kind === 'delete') wanted.deletedIds.add(id)
          else wanted.deletedIds.delete(id)
        }
      }
    }
    for (const id of toFetch) {
      const failed = await fetchOne({ id, active, connection, signal, wanted })
      if (failed !== null) return failed
    }
    return { kind: 'ready', wanted }
  }

  /** Adds the object to what is wanted; comes back with why that cannot be. */
  async function fetchOne(input: {
    id: string
    active: ActiveSync
    connection: Connection
    signal: AbortSignal
    wanted: Wanted
  }): Promise<Exclude<Gathered, { kind: 'ready' }> | null> {
    const { id, active, connection, signal, wanted } = input
    const { declaration } = active
    if (declaration.fetch === null) return null
    const view: SyncView = { connection: connectionView(connection), options: active.options, id, now: clock.now() }
    const asked = await ask({
      active,
      connectionId: connection.connectionId,
      request: declaration.fetch.request,
      view,
      placed: null,
      signal,
      onCall: () => (wanted.requests += 1),
    })
    if (asked.kind === 'wait') return asked
    if (asked.kind === 'failure') {
      const status = asked.failure.code === 'answer_status' ? asked.failure.answer?.status : undefined
      if (status !== 404 && status !== 410) return { kind: 'failed', failure: asked.failure }
      wanted.deletedIds.add(id)
      return null
    }
    const { status, headers, body } = asked.answer
    const records = await fetchedRecords(active, { ...view, response: { status, headers, body } })
    if (!records.ok) return { kind: 'failed', failure: records.failure }
    for (const record of records.value.writes) wanted.records.set(record.id, record)
    wanted.skipped += records.value.skipped
    wanted.notes.push(...records.value.notes)
    return null
  }
}

async function fetchedRecords(
  { declaration }: ActiveSync,
  view: SyncView,
): Promise<{ ok: true; value: PageRecords } | { ok: false; failure: SyncFailure }> {
  const { fetch } = declaration
  if (fetch !== null && fetch.record !== null) {
    const record = await evaluate(fetch.record, view)
    return record.ok ? { ok: true, value: recordsFrom(declaration, record.value) } : record
  }
  const item =
    fetch === null || fetch.item === null
      ? { ok: true as const, value: (view.response as { body: unknown }).body }
      : await evaluate(fetch.item, view)
  return item.ok ? { ok: true, value: await recordOfItem(declaration, view, item.value) } : item
}

function factsOf({ key, triggers }: ClaimedTriggers, run: NewRun): Record<string, unknown> {
  return {
    integration: key.integration,
    connection_id: key.connectionId,
    sync: key.sync,
    run_id: run.id,
    type: 'WEBHOOK',
    triggers: triggers.length,
  }
}
