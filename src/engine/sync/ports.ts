/**
 * What syncs ask of the world. Every verb is one whole step of the domain and one transaction inside its adapter. All times are ms
 * since the epoch. A verb that names a `lease` changes nothing and says so when that lease is no longer the current one.
 */
import type { JsonObject } from '../../domain/connection.ts'
import type { ForwardPayload } from '../../domain/delivery.ts'
import type { ConnectionId, DeliveryId, DestinationName, EventId, IntegrationKey, RequestId } from '../../domain/ids.ts'
import type {
  Checkpoint,
  MissedWebhookId,
  RecordAction,
  RecordChange,
  RunCause,
  RunProgress,
  SyncFailure,
  SyncKey,
  SyncName,
  SyncRun,
  SyncRunId,
  SyncType,
} from '../../domain/sync.ts'
import type { Page, PageRequest } from '../ports.ts'

// -------------------------------------------------------------------------------------------------------------- schedules

export interface DeclaredSync {
  readonly sync: SyncName
  readonly model: string
  readonly everyMs: number
  /** A schedule that is made for a connection runs by itself; otherwise it begins paused. */
  readonly startsByItself: boolean
}

/** The current lease of a sync of a connection. */
export interface SyncLease {
  readonly key: SyncKey
  /** Rises with every claim. */
  readonly fence: number
}

export interface ClaimedSync extends SyncLease {
  readonly model: string
  /** When it was due, for the grid of the schedule. */
  readonly dueAt: number
  readonly everyMs: number
  readonly cause: RunCause
  /** Wishes that this claim answers; 0 for the schedule. */
  readonly triggers: number
  readonly isFull: boolean
  readonly emptiesCache: boolean
  /** As committed by the last successful run; empty before. */
  readonly checkpoint: Checkpoint
  /** Start of the last full run that succeeded; null before. The first run that succeeds is full. */
  readonly lastFullAt: number | null
  /** Start of the last run that succeeded. */
  readonly lastSuccessAt: number | null
  /** The last event that triggered this sync for this connection, and for any connection of the integration. */
  readonly lastTriggerAt: number | null
  readonly integrationTriggeredAt: number | null
  /** A run that was interrupted or postponed: it goes on instead of a new one. Its cause, triggers and so on are those above. */
  readonly interrupted: { readonly run: SyncRun; readonly progress: RunProgress } | null
}

export interface ScheduleStore {
  /**
   * Makes the schedules that are missing: every declared sync for every connection of the integration, or for the one given. A new
   * one is due within `spreadMs` from now, spread evenly (0: at once). Sets model and `everyMs` of those there are (the due time moves
   * nearer when `everyMs` shrinks; an override stays). Schedules of syncs not in the list are kept, but never claimed until they are
   * declared again. Idempotent; safe while runs are under way.
   */
  declareSyncs(request: {
    integration: IntegrationKey
    connectionId: ConnectionId | null
    syncs: readonly DeclaredSync[]
    now: number
    spreadMs: number
  }): Promise<void>
  /**
   * Leases up to `limit` syncs that are due, earliest first: a request of a person, or (not paused) a webhook's wish, the schedule, or
   * an interrupted or postponed run. Never one that is leased, nor one of a connection whose rate limit is still closed. A lapsed lease makes
   * it due again, as interrupted where a run had begun. The wish that a claim takes is gone from the row and kept with the lease, so
   * that a wish that comes later leads to exactly one more run.
   */
  claimDueSyncs(request: { now: number; limit: number; leaseUntil: number }): Promise<readonly ClaimedSync[]>
  /** When the next sync is due or a lease lapses; null when there is none. */
  nextSyncDueAt(): Promise<number | null>
  /** False when the lease is lost. */
  renewSyncLease(request: { lease: SyncLease; leaseUntil: number }): Promise<boolean>
  /** Gives back all leases, at start (after a crash) and at stop; runs that had begun become interrupted and due now. */
  releaseSyncLeases(request: { now: number }): Promise<number>
  /** Adds a wish (`mergeRunRequest` says how wishes merge). `unknown` when there is no such schedule. */
  requestRun(request: RunWish): Promise<'requested' | 'unknown'>
  /** Paused schedules run for a person's request only. Starting makes them due now. Says how many there are. */
  setPaused(request: SyncSelection & { paused: boolean; now: number }): Promise<number>
  /** Overrides the interval, or takes the override back; moves the due time to at most so far from now. Null: no such schedule. */
  overrideEvery(request: { key: SyncKey; everyMs: number | null; now: number }): Promise<{ everyMs: number } | null>
  /** Calls of this connection wait until then, in all its syncs and over restarts. */
  setRateLimit(request: { integration: IntegrationKey; connectionId: ConnectionId; until: number }): Promise<void>
  /** By connection id and sync; `null` selects all. */
  syncStatus(selection: SyncSelection): Promise<readonly SyncStatus[]>
}

export interface RunWish {
  readonly key: SyncKey
  readonly now: number
  readonly windowMs: number
  readonly cause: 'webhook' | 'request'
  readonly triggers: number
  readonly isFull: boolean
  readonly emptiesCache: boolean
}

export interface SyncSelection {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId | null
  /** Null or empty: all. */
  readonly syncs: readonly SyncName[] | null
}

export interface SyncStatus {
  readonly key: SyncKey
  readonly model: string
  readonly isPaused: boolean
  readonly isDeclared: boolean
  readonly everyMs: number
  readonly overridesEvery: boolean
  /** Null when paused. */
  readonly nextDueAt: number | null
  readonly lastRun: SyncRun | null
  readonly checkpoint: Checkpoint
  /** Records that are not deleted. */
  readonly recordCount: number
  readonly missedWebhooks: number
}

// ------------------------------------------------------------------------------------------------------------------- runs

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

// --------------------------------------------------------------------------------------------------------------- triggers

/** What an event asks of a sync, kept until it is done. */
export interface SyncTrigger {
  readonly key: SyncKey
  readonly eventId: EventId
  readonly eventType: string | null
  readonly at: number
  readonly action:
    | { readonly kind: 'run' }
    | { readonly kind: 'fetch'; readonly ids: readonly string[] }
    | { readonly kind: 'upsert'; readonly records: readonly RecordWrite[] }
    | { readonly kind: 'delete'; readonly ids: readonly string[] }
  /** Whether the resulting records are forwarded to the app in the peer's envelope. */
  readonly forwardsResult: boolean
}

export interface TriggerStore {
  /**
   * Keeps the triggers, durably before it resolves: a webhook is answered only after. Those of kind `run` become wishes for a run
   * (`windowMs`); the others wait for `claimTriggers`. Notes for each sync and integration that it was triggered, and takes back
   * suspicions (`suspectMissedWebhooks`) that the trigger disproves: those with its ids, or all of the sync for `run`.
   */
  addTriggers(request: {
    triggers: readonly SyncTrigger[]
    windowMs: ReadonlyMap<SyncName, number>
    now: number
  }): Promise<void>
  /**
   * Leases waiting triggers, oldest first, of up to `limit` connections, at most 100 each; all of one connection and sync together, never
   * while another lease of them is current. A lapsed lease makes them claimable again.
   */
  claimTriggers(request: { now: number; limit: number; leaseUntil: number }): Promise<readonly ClaimedTriggers[]>
  /** When the next ones can be claimed; null when there are none. */
  nextTriggerDueAt(): Promise<number | null>
  /**
   * Saves records and deletions as a batch does, with an entry in the log for the WEBHOOK run, and keeps the result with the triggers, so
   * that after a crash it comes back in `applied` instead of being counted as no change. Null when the lease is lost.
   */
  applyTriggers(request: {
    triggers: ClaimedTriggers
    run: NewRun
    model: string
    records: readonly RecordWrite[]
    deletedIds: readonly string[]
    requests: number
    skipped: number
    notes: readonly string[]
    now: number
  }): Promise<BatchResult | null>
  /** The triggers are done: they go, the run is ended, the notices are stored as pending deliveries, in one transaction. */
  finishTriggers(request: {
    triggers: ClaimedTriggers
    /** As given to `applyTriggers`, or new where the failure came before. */
    run: NewRun
    model: string
    failure: SyncFailure | null
    notes: readonly string[]
    now: number
    notices: readonly SyncNotice[]
  }): Promise<boolean>
  /** Lets them wait until then and gives the lease back. */
  postponeTriggers(request: { triggers: ClaimedTriggers; until: number }): Promise<void>
}

export interface ClaimedTriggers {
  readonly key: SyncKey
  readonly fence: number
  /** Times they were postponed. */
  readonly postponements: number
  readonly triggers: readonly SyncTrigger[]
  /** What `applyTriggers` came to before a crash; then `triggers` are exactly those of that time. */
  readonly applied: { readonly run: NewRun; readonly result: BatchResult } | null
}

// ---------------------------------------------------------------------------------------------------------------- records

export interface RecordSelection {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId
  readonly model: string
}

export interface RecordStore {
  /**
   * Changes in the order in which they were made, each record once (its last change). A record that changes meanwhile moves to the end, so
   * that nobody reading on misses it. `after` is the cursor of a record; null begins at the start. Throws `api_invalid_input` for a
   * cursor that is none.
   */
  listRecords(
    request: RecordSelection & {
      readonly after: string | null
      readonly limit: number
      /** Modified at this time or later. */
      readonly modifiedAfter: number | null
      /** Null: all. */
      readonly actions: readonly RecordAction[] | null
      readonly ids: readonly string[] | null
    },
  ): Promise<{ readonly records: readonly RecordChange[]; readonly nextCursor: string | null }>
  /** Empties the payload of up to `limit` records up to and including the cursor; they can come back by another sync with the same hash. */
  pruneRecords(
    request: RecordSelection & { readonly untilCursor: string; readonly limit: number; readonly now: number },
  ): Promise<{ readonly count: number; readonly hasMore: boolean }>
  countRecords(selection: RecordSelection): Promise<number>
}

// ------------------------------------------------------------------------------------------------------------ credentials

export interface CredentialStore {
  /** Sealed bytes as `putConnection` was given, with the version that replacing them names; null without connection or credentials. */
  readCredentials(integration: IntegrationKey, connectionId: ConnectionId): Promise<SealedCredentials | null>
  /** Replaces them if nobody did so meanwhile. The connection's `updatedAt` stays. */
  replaceCredentials(request: {
    integration: IntegrationKey
    connectionId: ConnectionId
    expectedVersion: number
    sealed: Uint8Array
  }): Promise<boolean>
}

export interface SealedCredentials {
  readonly sealed: Uint8Array
  readonly version: number
}

// ------------------------------------------------------------------------------------------------------------------- gaps

/** A change that a scheduled run found although events of its kind should have announced it. */
export interface MissedWebhook {
  readonly id: MissedWebhookId
  readonly key: SyncKey
  readonly run: SyncRunId
  readonly model: string
  readonly recordId: string
  readonly action: RecordAction
  readonly foundAt: number
}

export interface GapStore {
  /** Keeps suspicions; a trigger that comes before `confirmAt` takes them back, since webhooks may be late. */
  suspectMissedWebhooks(request: { missed: readonly MissedWebhook[]; confirmAt: number }): Promise<void>
  /** Confirms those whose time has come, counts them with their sync, and gives them out once, at most `limit`. */
  confirmMissedWebhooks(request: { now: number; limit: number }): Promise<readonly MissedWebhook[]>
  /** Confirmed ones, newest first. */
  listMissedWebhooks(filter: Partial<SyncKey>, page: PageRequest): Promise<Page<MissedWebhook>>
}

/** All that syncs keep; the adapter's conformance suite proves it. */
export interface SyncStore extends ScheduleStore, RunStore, TriggerStore, RecordStore, CredentialStore, GapStore {}

// --------------------------------------------------------------------------------------------------------------- outbound

export interface ApiCall {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  readonly timeoutMs: number
  /** What is read of the answer at most. */
  readonly maxBytes: number
  /** Gives the call up; it is then unanswered. */
  readonly signal?: AbortSignal
}

/** What a call came to. */
export type ApiAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Lower-case names; repeated ones joined by a comma. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      /** The answer was larger than `maxBytes`; the body is what fitted. */
      readonly isCut: boolean
      readonly durationMs: number
    }
  | {
      readonly kind: 'unanswered'
      readonly reason: 'timeout' | 'network' | 'blocked_address' | 'invalid_url'
      /** The network's own words. */
      readonly detail: string
      readonly durationMs: number
    }

export interface ApiClient {
  /** Makes one call through the guard of all outbound calls, following no redirect. Never throws for what the network does. */
  call(call: ApiCall): Promise<ApiAnswer>
}

/** What the engine reads of a connection for expressions. */
export interface ConnectionView {
  readonly connection_id: string
  readonly connection_config: JsonObject
  readonly metadata: JsonObject
  readonly tags: Readonly<Record<string, string>>
}
