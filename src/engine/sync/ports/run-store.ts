/**
 * Runs as they are kept: begun, fed with batches of records, ended with their notices to the app, and the log of them.
 */
import type { ForwardPayload } from '../../../domain/delivery.ts'
import type { ConnectionId, DeliveryId, DestinationName, IntegrationKey, RequestId } from '../../../domain/ids.ts'
import type {
  Checkpoint,
  RunCause,
  RunProgress,
  SyncFailure,
  SyncKey,
  SyncRun,
  SyncRunId,
  SyncType,
} from '../../../domain/sync.ts'
import type { Page, PageRequest } from '../../ports.ts'
import type { SyncLease } from './schedule-store.ts'

export interface NewRun {
  readonly id: SyncRunId
  readonly type: SyncType
  readonly cause: RunCause
  readonly triggers: number
  readonly isFull: boolean
  readonly startedAt: number
  readonly checkpointBefore: Checkpoint
}

export interface RecordWrite {
  readonly id: string
  /** JSON text. */
  readonly payload: Uint8Array
  /** 16 bytes; equal exactly when the payload is. */
  readonly hash: Uint8Array
}

export interface RecordBatch {
  readonly lease: SyncLease
  readonly run: SyncRunId
  readonly model: string
  /** Ids are unique within a batch. */
  readonly records: readonly RecordWrite[]
  /** Ids that the provider says are gone; unknown and already deleted ones cost nothing. */
  readonly deletedIds: readonly string[]
  /** Records that another run (a webhook's) modified after this time stay as they are; null overrides. */
  readonly ignoreModifiedAfter: number | null
  /** Remembers that these ids were seen by this run (also the unchanged and ignored ones), for `deleteMissing`. */
  readonly remembersIds: boolean
  /** Replaces the run's. */
  readonly progress: RunProgress
  readonly skipped: number
  readonly notes: readonly string[]
  readonly now: number
  /** The lease is renewed with the batch. */
  readonly leaseUntil: number
}

export interface BatchResult {
  readonly added: readonly string[]
  readonly updated: readonly string[]
  readonly deleted: readonly string[]
  readonly unchanged: number
  readonly ignored: number
}

/** A message to the app, delivered through the durable queue of deliveries as any forward: signed, retried, logged. */
export interface SyncNotice {
  readonly id: DeliveryId
  readonly requestId: RequestId
  readonly integration: IntegrationKey
  readonly provider: string
  readonly connectionId: ConnectionId
  readonly destination: DestinationName
  readonly urlOverride: string | null
  /** Goes out as it is: `body: 'raw'`, no events, no positions. */
  readonly payload: ForwardPayload
}

export interface RunStore {
  /** Begins a run under the lease. With `emptiesCache` all records of the model and connection go, and the checkpoint with them. */
  startRun(request: { lease: SyncLease; run: NewRun; model: string; emptiesCache: boolean }): Promise<boolean>
  /**
   * Saves a batch, its progress and the run's counters. A record is ADDED when its id is new or was deleted, UPDATED when its hash is
   * another, and costs no write otherwise. The same batch again changes nothing. Null when the lease is lost.
   */
  saveBatch(batch: RecordBatch): Promise<BatchResult | null>
  /**
   * Marks as DELETED up to `limit` records of the model and connection that this run has not seen and that were last modified before
   * the run started. Call until `hasMore` is false. Null when the lease is lost.
   */
  deleteMissing(request: {
    lease: SyncLease
    run: SyncRunId
    model: string
    startedAt: number
    limit: number
    now: number
  }): Promise<{
    readonly deleted: readonly string[]
    readonly hasMore: boolean
  } | null>
  /**
   * Ends the run, gives the lease back, sets when the schedule comes next, commits the checkpoint (success only), forgets the seen ids,
   * and stores the notices as pending deliveries due now, all in one transaction. False when the lease is lost.
   */
  finishRun(request: {
    lease: SyncLease
    run: SyncRunId
    now: number
    nextDueAt: number
    end:
      | { readonly state: 'succeeded'; readonly checkpoint: Checkpoint }
      | { readonly state: 'failed'; readonly failure: SyncFailure }
    notes: readonly string[]
    notices: readonly SyncNotice[]
  }): Promise<boolean>
  /** Lets the run wait, with its progress, and gives the lease back; it is claimed again from `until` on. */
  postponeRun(request: { lease: SyncLease; run: SyncRunId; until: number; reason: string }): Promise<boolean>
  /** Newest first. */
  listSyncRuns(filter: Partial<SyncKey> & { state?: SyncRun['state'] }, page: PageRequest): Promise<Page<SyncRun>>
  getSyncRun(id: SyncRunId): Promise<SyncRun | null>
}
