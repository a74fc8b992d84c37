/** Syncs and their runs on the wire: once as the peer's clients know them, once in our own words. */
import { createHash } from 'node:crypto'
import type { Checkpoint, SyncKey, SyncRun } from '../../domain/sync.ts'
import { everyPhrase } from '../../engine/sync/control.ts'
import type { MissedWebhook } from '../../engine/sync/ports/gap-store.ts'
import type { SyncStatus } from '../../engine/sync/ports/schedule-store.ts'
import { instant, instantOrNull } from './log-shape.ts'
import { BASE_VARIANT } from './sync-place.ts'

type Json = Record<string, unknown>

/** An item of `GET /sync/status`. */
export function peerStatusShape(status: SyncStatus): Json {
  const { key, model, lastRun } = status
  return {
    id: stableId(key),
    name: key.sync,
    variant: BASE_VARIANT,
    connection_id: key.connectionId,
    type: lastRun === null || lastRun.type === 'INITIAL' ? 'INITIAL' : 'INCREMENTAL',
    status: peerState(status),
    frequency: everyPhrase(status.everyMs),
    finishedAt: lastRun === null ? undefined : (instantOrNull(finishedAt(lastRun)) ?? undefined),
    nextScheduledSyncAt: instantOrNull(status.isDeclared ? status.nextDueAt : null),
    latestResult: lastRun === null ? {} : { [model]: resultOf(lastRun) },
    recordCount: { [model]: status.recordCount },
    checkpoint: orNull(status.checkpoint),
  }
}

/** As the peer says it: a run under way counts before a pause, and what never ran is stopped. */
function peerState({ isPaused, isDeclared, lastRun }: SyncStatus): string {
  if (lastRun?.state === 'running' || lastRun?.state === 'waiting') return 'RUNNING'
  if (isPaused) return 'PAUSED'
  if (!isDeclared || lastRun === null) return 'STOPPED'
  return lastRun.state === 'failed' ? 'ERROR' : 'SUCCESS'
}

export function syncShape(status: SyncStatus): Json {
  const { key, lastRun } = status
  return {
    integration: key.integration,
    connection_id: key.connectionId,
    sync: key.sync,
    model: status.model,
    state: stateOf(status),
    declared: status.isDeclared,
    paused: status.isPaused,
    every: everyPhrase(status.everyMs),
    every_ms: status.everyMs,
    every_overridden: status.overridesEvery,
    next_run_at: instantOrNull(status.isDeclared ? status.nextDueAt : null),
    records: status.recordCount,
    checkpoint: orNull(status.checkpoint),
    missed_webhooks: status.missedWebhooks,
    last_run: lastRun === null ? null : runShape(lastRun),
  }
}

/** `running`, `waiting`, `undeclared`, `paused`, `never_run`, `succeeded` or `failed`. */
function stateOf({ isPaused, isDeclared, lastRun }: SyncStatus): string {
  if (lastRun?.state === 'running' || lastRun?.state === 'waiting') return lastRun.state
  if (!isDeclared) return 'undeclared'
  if (isPaused) return 'paused'
  return lastRun === null ? 'never_run' : lastRun.state
}

export function runShape(run: SyncRun): Json {
  const { key, counters } = run
  const endedAt = finishedAt(run)
  return {
    id: run.id,
    integration: key.integration,
    connection_id: key.connectionId,
    sync: key.sync,
    model: run.model,
    state: run.state,
    type: run.type,
    cause: run.cause,
    triggers: run.triggers,
    full: run.isFull,
    started_at: instant(run.startedAt),
    finished_at: instantOrNull(endedAt),
    duration_ms: endedAt === null ? null : endedAt - run.startedAt,
    waits_until: run.state === 'waiting' ? instant(run.until) : null,
    reason: run.state === 'waiting' ? run.reason : null,
    resumptions: run.resumptions,
    pages: counters.pages,
    requests: counters.requests,
    added: counters.added,
    updated: counters.updated,
    deleted: counters.deleted,
    unchanged: counters.unchanged,
    ignored: counters.ignored,
    skipped: counters.skipped,
    checkpoint_before: orNull(run.checkpointBefore),
    checkpoint_after: run.state === 'succeeded' ? orNull(run.checkpointAfter) : null,
    notes: run.notes,
    failure: run.state === 'failed' ? failureShape(run) : null,
  }
}

/** The provider's answer is capped and free of secrets since it was stored. */
function failureShape({ failure }: Extract<SyncRun, { state: 'failed' }>): Json {
  const { code, message, hint, answer } = failure
  return {
    code,
    message,
    hint,
    answer: answer === null ? null : { status: answer.status, content_type: answer.contentType, body: answer.body },
  }
}

export function missedWebhookShape(missed: MissedWebhook): Json {
  return {
    id: missed.id,
    integration: missed.key.integration,
    connection_id: missed.key.connectionId,
    sync: missed.key.sync,
    model: missed.model,
    record_id: missed.recordId,
    action: missed.action,
    run_id: missed.run,
    found_at: instant(missed.foundAt),
  }
}

function finishedAt(run: SyncRun): number | null {
  return run.state === 'succeeded' || run.state === 'failed' ? run.finishedAt : null
}

function resultOf({ counters }: SyncRun): Json {
  return { added: counters.added, updated: counters.updated, deleted: counters.deleted }
}

function orNull(checkpoint: Checkpoint): Checkpoint | null {
  return Object.keys(checkpoint).length === 0 ? null : checkpoint
}

/** The peer names syncs of connections by UUID; ours have a key, of which one is made that stays the same. */
function stableId({ integration, connectionId, sync }: SyncKey): string {
  const hex = createHash('sha256').update(`${integration}\n${connectionId}\n${sync}`).digest('hex')
  // Version 8 and the variant of RFC 9562: a UUID whose other bits are ours.
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
