/**
 * A sync keeps a cache of one model's records per connection. This is its glossary, and the arithmetic of when it runs. A sync of one
 * connection is a row with a due time; a run of it goes through these states:
 *
 * | state       | enters by                                         | leaves by                                         |
 * |-------------|---------------------------------------------------|---------------------------------------------------|
 * | running     | claim (lease and fence), or a waiting run resumed | success, failure, postponement, or a lapsed lease |
 * | waiting     | postponement, or the lease lapsed (kill -9)       | the next claim, which goes on where it was        |
 * | succeeded   | the last page is saved                            | –                                                 |
 * | failed      | a failure that trying again at once cannot mend   | – (the schedule goes on)                          |
 */
import type { JsonObject } from './connection.ts'
import type { ConnectionId, IntegrationKey, SyncName, SyncRunId } from './ids.ts'

export type { MissedWebhookId, SyncName, SyncRunId } from './ids.ts'

/** One sync of one connection: what is scheduled, leased and run. */
export interface SyncKey {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId
  readonly sync: SyncName
}

/** INITIAL: from an empty checkpoint. INCREMENTAL: from a saved one. WEBHOOK: single objects, straight from events. */
export type SyncType = 'INITIAL' | 'INCREMENTAL' | 'WEBHOOK'

/** Why a run happens. */
export type RunCause = 'schedule' | 'webhook' | 'request'

/**
 * Where a sync has safely got to, as its declaration says: the members are the declaration's own. Empty means from the start.
 * It is committed when a run has succeeded, because pages need not be sorted by it; inside a run the pending one is part of the
 * run's progress.
 */
export type Checkpoint = JsonObject

/** What a run that is taken up again needs. Saved in the transaction of the batch it belongs to. */
export interface RunProgress {
  /** Pages that are saved. */
  readonly pages: number
  readonly requests: number
  /** Items of all answers so far. */
  readonly items: number
  /** How the next page is asked for; null when there is none left. Opaque to the store. */
  readonly nextPage: JsonObject | null
  /** What becomes the checkpoint when the run succeeds. */
  readonly checkpoint: Checkpoint
  /** Whether every item of every page so far was saved: only then may what is missing be deleted. */
  readonly isComplete: boolean
}

export type RecordAction = 'ADDED' | 'UPDATED' | 'DELETED'

export interface RunCounters {
  readonly pages: number
  readonly requests: number
  readonly added: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  /** Left alone because a webhook wrote them after the page was asked for. */
  readonly ignored: number
  /** Items that could not become records: no id, no value, not valid, too large. */
  readonly skipped: number
}

export const NO_COUNTS: RunCounters = {
  pages: 0,
  requests: 0,
  added: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  ignored: 0,
  skipped: 0,
}

/** Why a run failed. Decisions are made on the code; the rest is for people. */
export const SYNC_FAILURES = [
  'request_failed', // the network, after all retries
  'request_timeout',
  'blocked_address',
  'answer_status', // a status that is no success and no reason to wait
  'answer_not_json',
  'answer_too_large',
  'rate_limited', // for longer than a run may be postponed
  'credentials_missing',
  'credentials_unreadable',
  'credentials_refused', // 401 or 403 with fresh credentials, or a refresh token that is dead
  'expression_failed',
  'request_invalid', // a template that gives no URL
  'records_missing', // the list is not in the answer
  'records_unusable', // no item of a page could become a record
  'pages_endless',
  'pages_loop',
  'page_foreign', // the next URL is of another origin
  'lease_lost',
  'connection_removed',
  'declaration_removed',
  'internal_error',
] as const
export type SyncFailureCode = (typeof SYNC_FAILURES)[number]

export interface SyncFailure {
  readonly code: SyncFailureCode
  /** Names the thing and the value seen; free of secrets. */
  readonly message: string
  /** The next action. */
  readonly hint: string | null
  /** What the provider answered, where it did: the body's first 2,000 characters, secrets replaced. */
  readonly answer: { readonly status: number; readonly contentType: string | null; readonly body: string } | null
}

/** A run as it stands in the log. */
export type SyncRun = RunFacts &
  (
    | { readonly state: 'running' }
    | { readonly state: 'waiting'; readonly until: number; readonly reason: string }
    | { readonly state: 'succeeded'; readonly finishedAt: number; readonly checkpointAfter: Checkpoint }
    | { readonly state: 'failed'; readonly finishedAt: number; readonly failure: SyncFailure }
  )

export interface RunFacts {
  readonly id: SyncRunId
  readonly key: SyncKey
  readonly model: string
  readonly type: SyncType
  readonly cause: RunCause
  /** From an empty checkpoint through all pages. */
  readonly isFull: boolean
  /** How many triggers this run answers: 400 webhooks that became one run are 400. 0 for the schedule. */
  readonly triggers: number
  readonly startedAt: number
  /** Times it was taken up again after a crash or a postponement. */
  readonly resumptions: number
  readonly checkpointBefore: Checkpoint
  readonly counters: RunCounters
  /** The first few items that were skipped and deletions that were withheld, for people. */
  readonly notes: readonly string[]
}

/** A change of a record as apps read it. */
export interface RecordChange {
  /** JSON text of the record as bytes; `{"id":…}` once it was pruned. */
  readonly payload: Uint8Array
  readonly id: string
  readonly action: RecordAction
  readonly firstSeenAt: number
  readonly lastModifiedAt: number
  readonly deletedAt: number | null
  readonly prunedAt: number | null
  /** Opaque; reading after it begins with the next change. */
  readonly cursor: string
}

/** Payloads of one page of changes: whoever asks for 10,000 records of 4 MB each gets them in many pages. */
export const MAX_RECORD_PAGE_BYTES = 16 * 1_048_576

/** No schedule is faster: a provider's rate limit is shared by all that an app does. */
export const MIN_EVERY_MS = 30_000

/** Share of the interval by which runs move at random, earlier or later, so that thousands of connections do not run at once. */
export const SCHEDULE_JITTER = 0.05

/**
 * When the schedule comes next after a run that was due at `dueAt`: the first interval's end after `now`, so that downtime is caught
 * up by one run and not by one for every interval missed, ±5 %. Never sooner than 30 s from now. `random` is in [0, 1).
 */
export function nextScheduledAt(input: { dueAt: number; everyMs: number; now: number; random: number }): number {
  const { dueAt, everyMs, now, random } = input
  const missed = Math.max(0, Math.floor((now - dueAt) / everyMs))
  const slot = dueAt + (missed + 1) * everyMs
  const moved = slot + Math.round((2 * random - 1) * everyMs * SCHEDULE_JITTER)
  return Math.max(moved, now + MIN_EVERY_MS)
}

/** A wish for a run that is not claimed yet. */
export interface RunRequest {
  readonly dueAt: number
  readonly firstRequestedAt: number
  /** Wishes that became this one. */
  readonly triggers: number
  readonly cause: 'webhook' | 'request'
  readonly isFull: boolean
  readonly emptiesCache: boolean
}

/**
 * Adds a wish to those already there. Webhooks wait for the end of the window that the first of them opened, so that what arrives
 * within it becomes one run *after* the last of it (the trailing edge); a person's request is due at once. A wish that comes during a
 * run finds no pending one, opens a window of its own, and so leads to exactly one more run. The stronger wish wins: full over
 * incremental, emptying over keeping, a person's over a webhook's.
 */
export function mergeRunRequest(
  pending: RunRequest | null,
  wish: {
    readonly now: number
    readonly windowMs: number
    readonly cause: 'webhook' | 'request'
    readonly triggers: number
    readonly isFull: boolean
    readonly emptiesCache: boolean
  },
): RunRequest {
  const dueAt = wish.cause === 'request' ? wish.now : wish.now + wish.windowMs
  if (pending === null) {
    return {
      dueAt,
      firstRequestedAt: wish.now,
      triggers: wish.triggers,
      cause: wish.cause,
      isFull: wish.isFull,
      emptiesCache: wish.emptiesCache,
    }
  }
  return {
    dueAt: Math.min(pending.dueAt, dueAt),
    firstRequestedAt: pending.firstRequestedAt,
    triggers: pending.triggers + wish.triggers,
    cause: pending.cause === 'request' ? 'request' : wish.cause,
    isFull: pending.isFull || wish.isFull,
    emptiesCache: pending.emptiesCache || wish.emptiesCache,
  }
}
