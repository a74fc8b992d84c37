/** What events ask of syncs, kept from before the event is answered until it is done. */
import type { EventId } from '../../../domain/ids.ts'
import type { SyncFailure, SyncFailureCode, SyncKey, SyncName } from '../../../domain/sync.ts'
import type { BatchResult, NewRun, RecordWrite, SyncNotice } from './run-store.ts'

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
   * Keeps the triggers, durably before it resolves: a webhook is answered only after. Those of kind `run`, and all of a
   * paused schedule, become wishes for a run (`windowMs`); the others wait for `claimTriggers`. Notes for each sync and integration that
   * it was triggered, and takes back suspicions (`suspectMissedWebhooks`) that the trigger disproves: those with its ids, or all of the
   * sync for `run`.
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
  /** Why the last triggers of this sync and connection failed; null when they did not. */
  readonly lastFailure: SyncFailureCode | null
}
