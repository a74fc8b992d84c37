/**
 * What the app is told of a run, in the peer's wire format, as deliveries of the durable queue: one for each destination of the
 * integration. `modifiedAfter` is when the run began: reading changes from there on finds all that it wrote.
 */
import type { Ids } from '../../domain/ids.ts'
import type { Checkpoint, RunCounters, SyncFailure, SyncFailureCode, SyncKey, SyncType } from '../../domain/sync.ts'
import type { ActiveSync } from './directory.ts'
import type { RecordWrite, SyncNotice } from './ports/run-store.ts'

export interface NoticeContext {
  readonly active: ActiveSync
  readonly key: SyncKey
  readonly type: SyncType
  readonly startedAt: number
  /** Where this connection's messages go instead of the destination's URL. */
  readonly urlOverride: string | null
  readonly ids: Ids
}

export function successNotices(
  context: NoticeContext,
  counts: Pick<RunCounters, 'added' | 'updated' | 'deleted'>,
  checkpoints: { readonly from: Checkpoint; readonly to: Checkpoint },
): SyncNotice[] {
  const { notify } = context.active.declaration
  const isEmpty = counts.added + counts.updated + counts.deleted === 0
  if (isEmpty ? !notify.empty : !notify.changes) return []
  return notices(context, {
    ...common(context),
    checkpoints: { from: orNull(checkpoints.from), to: orNull(checkpoints.to) },
    success: true,
    modifiedAfter: new Date(context.startedAt).toISOString(),
    queryTimeStamp: null,
    responseResults: { added: counts.added, updated: counts.updated, deleted: counts.deleted },
  })
}

/** `lastFailure` is why the run before failed. A sync that fails as it did before is no news, unless the app wants to hear of every run. */
export function failureNotices(
  context: NoticeContext,
  failure: SyncFailure,
  { failedAt, lastFailure }: { failedAt: number; lastFailure: SyncFailureCode | null },
): SyncNotice[] {
  const { failures } = context.active.declaration.notify
  if (failures === 'none' || (failures === 'first' && failure.code === lastFailure)) return []
  return notices(context, {
    ...common(context),
    success: false,
    error: {
      type: failure.code,
      description: failure.hint === null ? failure.message : `${failure.message}. ${failure.hint}`,
    },
    startedAt: new Date(context.startedAt).toISOString(),
    failedAt: new Date(failedAt).toISOString(),
  })
}

/** The record that an event led to, in the envelope of forwards. */
export function enrichedForward(context: NoticeContext, record: RecordWrite): SyncNotice[] {
  const { active, key } = context
  const head =
    `{"from":${JSON.stringify(active.provider)},"providerConfigKey":${JSON.stringify(key.integration)},` +
    `"type":"forward","connectionId":${JSON.stringify(key.connectionId)},"payload":`
  return noticesOf(context, Buffer.concat([Buffer.from(head), record.payload, Buffer.from('}')]))
}

function common({ active, key, type }: NoticeContext): Record<string, unknown> {
  return {
    from: active.provider,
    type: 'sync',
    connectionId: key.connectionId,
    providerConfigKey: key.integration,
    syncName: key.sync,
    syncVariant: 'base',
    model: active.declaration.model,
    syncType: type,
  }
}

function notices(context: NoticeContext, body: Record<string, unknown>): SyncNotice[] {
  return noticesOf(context, Buffer.from(JSON.stringify(body)))
}

function noticesOf(context: NoticeContext, bytes: Uint8Array): SyncNotice[] {
  const { active, key, urlOverride, ids } = context
  const requestId = ids.next('request')
  return active.destinations.map((destination) => ({
    id: ids.next('delivery'),
    requestId,
    integration: key.integration,
    provider: active.provider,
    connectionId: key.connectionId,
    destination,
    urlOverride,
    payload: { kind: 'json', bytes, batchPath: null, contentType: 'application/json', headers: {} },
  }))
}

function orNull(checkpoint: Checkpoint): Checkpoint | null {
  return Object.keys(checkpoint).length === 0 ? null : checkpoint
}
