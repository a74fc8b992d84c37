/**
 * The duty to bring a request's events of one connection to one destination. A batch that holds several events of the same
 * connection is one delivery, because the peer's wire format is one POST per connection; `positions` names the events.
 *
 * | state     | enters by                              | leaves by                                   |
 * |-----------|----------------------------------------|---------------------------------------------|
 * | pending   | accepted, retryable outcome, replay    | claim, skip (cancelled)                     |
 * | in_flight | claim (lease and fence)                | outcome, or the lease lapses (pending)      |
 * | delivered | accepted outcome                       | replay (pending)                            |
 * | dead      | permanent outcome, retries exhausted   | replay (pending), discard (cancelled)       |
 * | held      | unmatched with `hold`                  | a connection appears (pending), discard     |
 * | cancelled | discard, skip, held too long           | replay (pending)                            |
 *
 * Where a destination keeps the order of each connection, a pending delivery without a due time waits for the one before it.
 */
import type { ConnectionId, DeliveryId, DestinationName, EventId, IntegrationKey, RequestId } from './ids.ts'

export const DELIVERY_STATES = ['pending', 'in_flight', 'delivered', 'dead', 'held', 'cancelled'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Why a delivery is dead. */
export type DeathReason =
  | 'retries_exhausted'
  | 'gone'
  | 'blocked_address'
  | 'destination_removed'
  | 'invalid_destination'

/** A delivery as it is planned when its request is accepted. */
export interface PlannedDelivery {
  readonly id: DeliveryId
  readonly destination: DestinationName
  /** Null for what was forwarded unmatched. */
  readonly connectionId: ConnectionId | null
  /** `wrapped`: the peer's envelope around the payload; `raw`: the payload alone; `exact`: the request's own bytes. */
  readonly body: 'wrapped' | 'raw' | 'exact'
  /** The events it carries; empty for a body that could not be read as events. */
  readonly eventIds: readonly EventId[]
  /** Which items of the batch to keep, ascending; null keeps the payload as it is. */
  readonly positions: readonly number[] | null
  /** Where this connection's forwards go instead of the destination's URL. */
  readonly urlOverride: string | null
  /** Not due: waits in the inbox until a connection with the identifier appears or someone discards it. */
  readonly held?: true
  /** Begins only when every earlier delivery of its connection to this destination has ended. */
  readonly ordered?: true
}

/** A delivery under lease, with all that an attempt needs. */
export interface ClaimedDelivery extends PlannedDelivery {
  readonly requestId: RequestId
  readonly integration: IntegrationKey
  readonly provider: string
  /** Attempts made before this one. */
  readonly attemptCount: number
  /** Proves that the lease is still ours; a completion with an older fence changes nothing. */
  readonly fence: number
  /** When the request was received, ms since the epoch. */
  readonly receivedAt: number
  /** Other than `auto` for the first attempt after a replay. */
  readonly trigger?: AttemptTrigger
  readonly payload: ForwardPayload
  /** The request as it is kept; only there for a body that is `exact`. */
  readonly received?: ReceivedRequest
}

/** Who asked for an attempt: the schedule, a person for this delivery, a person for many at once. */
export type AttemptTrigger = 'auto' | 'manual' | 'bulk'

/** The bytes and headers of a request as they are kept: what a spec or the gateway calls secret is no longer in them. */
export interface ReceivedRequest {
  readonly bytes: Uint8Array
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** What is forwarded, kept once per request. */
export interface ForwardPayload {
  /** `json` is embedded verbatim; `text` becomes a JSON string in the envelope. */
  readonly kind: 'json' | 'text'
  readonly bytes: Uint8Array
  /** Path of the batch array in the payload, such as `['events']`; null where the request is one event. */
  readonly batchPath: readonly string[] | null
  /** Content type of the unwrapped body when it goes out raw. */
  readonly contentType: string
  /** Provider headers that the spec lets pass, lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** What one attempt came to. The retry policy reads these fields and nothing else. */
export type Outcome =
  | { readonly kind: 'accepted'; readonly status: number; readonly durationMs: number; readonly responseHead: string }
  | {
      readonly kind: 'retryable'
      readonly reason: 'timeout' | 'network' | 'status'
      readonly status?: number
      readonly retryAfterMs?: number
      readonly durationMs: number
      readonly responseHead: string
      /** For people: the network's own words, or the status. */
      readonly detail: string
    }
  | {
      readonly kind: 'permanent'
      readonly reason: 'gone' | 'blocked_address' | 'invalid_destination'
      readonly status?: number
      readonly durationMs: number
      readonly responseHead: string
      readonly detail: string
    }

/** What follows an attempt. */
export type NextStep =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly dueAt: number; /** Whose word the time is. */ readonly reason?: RetryReason }
  | { readonly kind: 'dead'; readonly reason: DeathReason }

/** The schedule, or the `Retry-After` of the answer where that is later. */
export type RetryReason = 'schedule' | 'retry_after'

export interface RetrySchedule {
  /** Waits before the second, third… attempt, in ms. */
  readonly delaysMs: readonly number[]
  /** Share by which a wait is made longer or shorter at random: 0.2 is ±20 %. */
  readonly jitter: number
  /** A `Retry-After` is honoured up to this. */
  readonly maxRetryAfterMs: number
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: the waits that Standard Webhooks recommends, ±20 %. */
export const DEFAULT_RETRY_SCHEDULE: RetrySchedule = {
  delaysMs: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
  jitter: 0.2,
  maxRetryAfterMs: 24 * HOUR,
}

/**
 * Decides what follows an attempt. `attemptCount` includes the attempt just made; `random` is in [0, 1). A server's wish to wait
 * longer than the schedule is honoured within the bound; a wish to be asked sooner is not.
 */
export function nextStep(input: {
  outcome: Outcome
  attemptCount: number
  now: number
  schedule: RetrySchedule
  random: number
}): NextStep {
  const { outcome, attemptCount, now, schedule, random } = input
  if (outcome.kind === 'accepted') return { kind: 'done' }
  if (outcome.kind === 'permanent') return { kind: 'dead', reason: outcome.reason }
  const base = schedule.delaysMs[attemptCount - 1]
  if (base === undefined) return { kind: 'dead', reason: 'retries_exhausted' }
  const jittered = base * (1 + schedule.jitter * (2 * random - 1))
  const wished = Math.min(outcome.retryAfterMs ?? 0, schedule.maxRetryAfterMs)
  const reason = wished > jittered ? 'retry_after' : 'schedule'
  return { kind: 'retry', dueAt: now + Math.round(Math.max(jittered, wished)), reason }
}

/** So many attempts in so much time, evenly spread; what exceeds it is delayed. */
export interface RateLimit {
  readonly count: number
  readonly perMs: number
}

/** When a destination counts as down, see engine/forward/breaker.ts. */
export interface BreakerSettings {
  /** Opens when this share of the attempts within the window failed… */
  readonly failureRatio: number
  /** …and there were at least so many. */
  readonly minAttempts: number
  readonly windowMs: number
  /** How long it stays open before one delivery probes; doubles with every probe that fails. */
  readonly openForMs: number
}

/** The `default` of the schema; a test compares the two. */
export const DEFAULT_BREAKER: BreakerSettings = {
  failureRatio: 0.5,
  minAttempts: 20,
  windowMs: MINUTE,
  openForMs: 10 * SECOND,
}

/** How outbound calls to one destination travel. */
export interface Transport {
  /** PEM texts: our certificate and its key for mutual TLS, and authorities in place of the built-in ones. */
  readonly cert: string | null
  readonly key: string | null
  readonly ca: string | null
  /** URL of an HTTP proxy that opens the connection for us. */
  readonly proxy: string | null
}
