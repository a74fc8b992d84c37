/**
 * When syncs run: schedules, claims with their leases, wishes for a run, pauses. A verb that names a `lease` changes
 * nothing and says so when that lease is no longer the current one. As in all ports of syncs every verb is one whole
 * step of the domain and one transaction inside its adapter, and all times are ms since the epoch.
 */
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'
import type {
  Checkpoint,
  RunCause,
  RunProgress,
  SyncFailureCode,
  SyncKey,
  SyncName,
  SyncRun,
} from '../../../domain/sync.ts'
import type { Page, PageRequest } from '../../ports.ts'

export interface DeclaredSync {
  readonly sync: SyncName
  readonly model: string
  readonly everyMs: number
  /**
   * A schedule that is made for a connection runs by itself; otherwise it begins paused, and waits until it is started or its
   * declaration says that it starts by itself. Who pauses it by hand keeps it paused whatever is declared.
   */
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
  readonly interrupted: {
    readonly run: SyncRun
    /** Null where nothing was saved yet. */
    readonly progress: RunProgress | null
  } | null
  /** Why the last run that ended failed; null when it succeeded, or there was none. */
  readonly lastFailure: SyncFailureCode | null
}

export interface ScheduleStore {
  /**
   * Makes the schedules that are missing: every declared sync for every connection of the integration, or for the one given. A new
   * one is due within `spreadMs` from now, spread evenly (0: at once). Sets model and `everyMs` of those there are (the due time moves
   * nearer when `everyMs` shrinks; an override stays). Schedules of syncs not in the list are kept, but never claimed until they are
   * declared again. Idempotent; safe while runs are under way. Answers with the declared syncs that run for at least one of those connections.
   */
  declareSyncs(request: {
    integration: IntegrationKey
    connectionId: ConnectionId | null
    syncs: readonly DeclaredSync[]
    now: number
    spreadMs: number
  }): Promise<readonly SyncName[]>
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
  /** The same of all integrations, also those configured no more, in pages: by integration, connection id and sync. */
  listSyncs(filter: Partial<SyncKey>, page: PageRequest): Promise<Page<SyncStatus>>
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
  /** The one that runs or waits, else the last that began. */
  readonly lastRun: SyncRun | null
  readonly checkpoint: Checkpoint
  /** Records that are not deleted. */
  readonly recordCount: number
  readonly missedWebhooks: number
}
