/**
 * What the engine asks of the world. Every verb is one whole step of the domain and one transaction inside its adapter; nothing
 * here knows SQL, koa or sockets. All times are ms since the epoch.
 */
import type { Connection, IdentifierQuery, JsonObject } from '../domain/connection.ts'
import type {
  AttemptTrigger,
  ClaimedDelivery,
  DeathReason,
  DeliveryState,
  ForwardPayload,
  NextStep,
  Outcome,
  PlannedDelivery,
  Transport,
} from '../domain/delivery.ts'
import type { ReceivedEvent } from '../domain/event.ts'
import type { MaybePromise } from '../domain/expression.ts'
import type {
  AttemptId,
  ConnectionId,
  DeliveryId,
  DestinationName,
  EventId,
  IntegrationKey,
  ReplayId,
  RequestId,
} from '../domain/ids.ts'
import type { RefusalCode } from '../domain/verification.ts'
import type { SecretStore } from './keyring/ports.ts'

export interface Clock {
  now(): number
  /** Calls back once after at least `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, callback: () => void): { cancel(): void }
}

/** Numbers in [0, 1), for jitter. */
export type Random = () => number

// ---------------------------------------------------------------------------------------------------------------- ingest

/** The part of a request that is kept whatever became of it. Headers and query are already free of secrets. */
export interface RequestRecord {
  readonly id: RequestId
  readonly integration: IntegrationKey
  readonly provider: string
  readonly receivedAt: number
  readonly method: string
  /** Path and query, secrets replaced. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** The raw bytes, or the bytes with the members stripped that the spec calls secret. */
  readonly body: Uint8Array
  readonly remoteAddress: string | null
  readonly answerStatus: number
  /** Time spent from the first byte of the request to the decision. */
  readonly durationMs: number
}

export interface Acceptance {
  readonly request: RequestRecord
  readonly scheme: string
  readonly secretFingerprint: string | null
  readonly clockSkewMs: number | null
  readonly events: readonly ReceivedEvent[]
  readonly dedupe: {
    /** A dedupe key seen since this time makes the event a duplicate. */
    readonly since: number
  } | null
  /** Null where nothing is forwarded. */
  readonly payload: ForwardPayload | null
  readonly deliveries: readonly PlannedDelivery[]
  /**
   * Deliveries of these destinations are stored as in flight, leased until then, for the caller to attempt at once; all others as
   * pending and due now.
   */
  readonly leaseUntil: number | null
  readonly leasedDestinations: ReadonlySet<DestinationName>
  /** Remarks for the log: expressions that failed, an unreadable body. */
  readonly problems: readonly string[]
}

export interface AcceptanceReceipt {
  /** Events already seen within the window; deliveries that would carry only such events were not stored. */
  readonly duplicates: ReadonlySet<EventId>
  /** Ids of the deliveries that were stored, with the positions they now carry when duplicates were taken out of a batch. */
  readonly stored: readonly {
    readonly id: DeliveryId
    readonly positions: readonly number[] | null
    readonly eventIds: readonly EventId[]
  }[]
}

export interface IngestStore {
  /**
   * Throws `store_overloaded` when so many more bytes would not be taken now, so that a request can be turned away before it has
   * cost a signature and a parse. Reserves nothing: `acceptRequest` may still refuse.
   */
  assertRoom(bytes: number): void
  /**
   * Stores the request, its events and deliveries in one durable commit. Resolves only when they are on disk; rejects with
   * `store_unavailable` or `store_overloaded` and then nothing was stored. Duplicates are recognised inside the same transaction.
   */
  acceptRequest(acceptance: Acceptance): Promise<AcceptanceReceipt>
  /** Keeps a refused request with its cause. May be dropped under load; never delays the caller. */
  recordRefusal(refusal: {
    request: RequestRecord
    code: RefusalCode
    scheme: string | null
    detail: string
    clockSkewMs: number | null
  }): void
  /** Keeps an answered handshake. Same promise as `recordRefusal`. */
  recordHandshake(handshake: { request: RequestRecord; name: string }): void
}

export interface ConnectionDirectory {
  /** Connections having this identifier with any of the values, by connection id; at most `limit`. */
  findConnections(query: IdentifierQuery, limit: number): MaybePromise<readonly MatchedConnection[]>
}

export interface MatchedConnection {
  readonly connectionId: ConnectionId
  readonly webhookUrlOverride: string | null
}

// -------------------------------------------------------------------------------------------------------------- delivery

export interface AttemptRecord {
  readonly id: AttemptId
  readonly deliveryId: DeliveryId
  readonly fence: number
  readonly startedAt: number
  readonly trigger: AttemptTrigger
  readonly url: string
  readonly outcome: Outcome
  readonly next: NextStep
}

export interface DeliveryQueue {
  /**
   * Leases up to `limit` due deliveries of one destination, earliest due first, until `leaseUntil`. Two callers never receive the
   * same one; a lapsed lease makes it due again. At least half of them are first tries as long as so many are due, and as many of the
   * other half are retries and replays; what one kind leaves is the other's.
   */
  claimDueDeliveries(request: {
    destination: DestinationName
    now: number
    limit: number
    leaseUntil: number
  }): Promise<readonly ClaimedDelivery[]>
  /** When the next pending delivery or lapsing lease of each destination is due. Destinations with none are absent. */
  nextDueTimes(): Promise<ReadonlyMap<DestinationName, number>>
  /** Writes the attempt and moves the delivery. Changes nothing and answers false when the fence is not the current one. */
  recordAttempt(attempt: AttemptRecord): Promise<boolean>
  /** Gives back what this process had leased, without counting an attempt: at start (after a crash) and at stop. */
  releaseLeases(request: { now: number }): Promise<number>
  /** Gives back leases that were not used: these deliveries are due now and no attempt is counted. Older fences change nothing. */
  returnDeliveries(request: {
    deliveries: readonly { readonly id: DeliveryId; readonly fence: number }[]
    now: number
  }): Promise<number>
  /** Brings forward what is pending and due after `now`, by so much; answers how many. For when the clock was set back by it. */
  shiftDueTimes(request: { byMs: number; now: number }): Promise<number>
  /** Makes a delivery due now, whatever its state but `in_flight`; its attempts so far stay, its retry schedule begins anew. */
  replayDelivery(request: { id: DeliveryId; now: number }): Promise<'replayed' | 'in_flight' | 'unknown'>
  /** Ends a delivery in one of these states: it is `cancelled`, is not attempted again, and no longer holds up those behind it. */
  cancelDelivery(request: {
    id: DeliveryId
    states: readonly DeliveryState[]
    now: number
  }): Promise<'cancelled' | 'in_flight' | 'other_state' | 'unknown'>
  /**
   * Keeps the order of connections for these destinations only: what waits for its turn at another one becomes due. Answers how many.
   */
  keepOrderOf(request: { destinations: readonly DestinationName[]; now: number }): Promise<number>
}

/** What a person tells a destination; kept, so that it outlives a restart. */
export interface DestinationControl {
  /** Of a destination that is paused already, the pause as it is. */
  pauseDestination(request: {
    destination: DestinationName
    reason: string | null
    now: number
  }): Promise<DestinationPause>
  /** False when it was not paused. */
  resumeDestination(destination: DestinationName): Promise<boolean>
  listPauses(): Promise<readonly DestinationPause[]>
}

export interface DestinationPause {
  readonly destination: DestinationName
  readonly since: number
  readonly reason: string | null
}

/** What the store knows of destinations. */
export interface DestinationLog {
  /** Deliveries by state, of every destination that has or had any. */
  countByDestination(): Promise<ReadonlyMap<DestinationName, Readonly<Record<DeliveryState, number>>>>
  /** When the oldest of those that are due first was received; null when nothing is due. Looks at a few only. */
  oldestDue(destination: DestinationName): Promise<number | null>
  /** Connections with deliveries that wait for their turn behind one that is not delivered, by integration and connection. */
  listBlocked(destination: DestinationName, page: PageRequest): Promise<Page<BlockedConnection>>
}

export interface BlockedConnection {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId
  /** The delivery that the others wait for. */
  readonly head: LoggedDelivery
  /** At most 1,000 are counted. */
  readonly waiting: number
}

// ---------------------------------------------------------------------------------------------------- replays of many

/** Which deliveries a replay of many is about. */
export interface ReplayFilter {
  readonly state: DeliveryState
  readonly integration?: IntegrationKey
  readonly connectionId?: ConnectionId
  readonly destination?: DestinationName
  readonly since?: number
  readonly until?: number
}

/** What a filter fits, before anything is done. */
export interface ReplayPlan {
  readonly count: number
  /** When the oldest and the newest of them were created; null when there are none. */
  readonly oldestAt: number | null
  readonly newestAt: number | null
  readonly destinations: Readonly<Record<string, number>>
  readonly integrations: Readonly<Record<string, number>>
}

/**
 * | state     | enters by              | leaves by                                     |
 * |-----------|------------------------|-----------------------------------------------|
 * | planned   | the plan               | execution, cancel                             |
 * | running   | execution              | the end of what the filter fits, cancel       |
 * | done      | that                   | –                                             |
 * | cancelled | cancel                 | –                                             |
 */
export interface Replay {
  readonly id: ReplayId
  readonly state: 'planned' | 'running' | 'done' | 'cancelled'
  readonly filter: ReplayFilter
  readonly plan: ReplayPlan
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
  /** Deliveries made due in a second. */
  readonly ratePerSecond: number
  readonly replayed: number
  /** Fitted the filter and were under way, gone or otherwise by the time it was their turn. */
  readonly skipped: number
  /** Where it goes on: a cursor of `listDeliveries`. */
  readonly cursor: string | null
}

export interface ReplayStore {
  /** Stores a new replay or the new state of one. */
  putReplay(replay: Replay): Promise<void>
  getReplay(id: ReplayId): Promise<Replay | null>
  /** Newest first; at most 100. */
  listReplays(filter: { state?: Replay['state'] }): Promise<readonly Replay[]>
  /**
   * Makes these deliveries due now if they are still in the state of the filter, and moves the replay's cursor and counts in the same
   * transaction; answers the replay as it is then. A replay that is not running changes nothing.
   */
  replayBatch(request: {
    id: ReplayId
    deliveries: readonly DeliveryId[]
    cursor: string | null
    now: number
  }): Promise<Replay | null>
}

// -------------------------------------------------------------------------------------------------------------- retention

export interface RetentionStore {
  /**
   * Deletes at most `limit` requests of this kind received before `before`, with all that belongs to them, oldest first. A request
   * with a delivery that is not delivered or cancelled stays. `next` goes on behind the last one looked at; null at the end.
   */
  deleteRequests(request: {
    kind: 'accepted' | 'refused'
    before: number
    after: string | null
    limit: number
  }): Promise<Swept>
  /** Deletes at most `limit` attempts that began before `before`, except of deliveries that are still to be made. */
  deleteAttempts(request: { before: number; after: string | null; limit: number }): Promise<Swept>
  /** Cancels at most `limit` deliveries that are held since before `before`. */
  expireHeld(request: { before: number; now: number; limit: number }): Promise<number>
  /** Gives up to `pages` unused pages back to the file system; answers how many are left. */
  shrink(request: { pages: number }): Promise<number>
}

export interface Swept {
  readonly deleted: number
  readonly next: string | null
}

export interface OutboundCall {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly timeoutMs: number
  readonly transport?: Transport
}

export interface OutboundSender {
  /** Makes one POST and says what it came to. Never throws for what the network or the receiver does. */
  send(call: OutboundCall): Promise<Outcome>
}

// ----------------------------------------------------------------------------------------------------- connections and log

export interface ConnectionInput {
  readonly connectionId: ConnectionId
  readonly integration: IntegrationKey
  readonly provider: string
  readonly connectionConfig: JsonObject
  readonly metadata: JsonObject
  readonly tags: Readonly<Record<string, string>>
  readonly webhookUrlOverride: string | null
  /** Already encrypted, opaque to the store. */
  readonly credentials: Uint8Array | null
}

export interface ConnectionChange {
  readonly connectionConfig?: JsonObject
  readonly metadata?: JsonObject
  readonly tags?: Readonly<Record<string, string>>
  readonly webhookUrlOverride?: string | null
  readonly credentials?: Uint8Array | null
}

export interface ConnectionStore {
  /** Creates the connection or replaces the one of the same integration and id. */
  putConnection(input: ConnectionInput, now: number): Promise<{ connection: Connection; created: boolean }>
  getConnection(integration: IntegrationKey, id: ConnectionId): Promise<Connection | null>
  /** Replaces the given members; null when there is no such connection. */
  changeConnection(
    integration: IntegrationKey,
    id: ConnectionId,
    change: ConnectionChange,
    now: number,
  ): Promise<Connection | null>
  deleteConnection(integration: IntegrationKey, id: ConnectionId): Promise<boolean>
  /** Newest first. */
  listConnections(
    filter: { integration?: IntegrationKey; connectionId?: ConnectionId; search?: string },
    page: PageRequest,
  ): Promise<Page<Connection>>
}

/** Keyset paging, newest first: `after` is the cursor of the page before. */
export interface PageRequest {
  readonly limit: number
  readonly after: string | null
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

export type RequestOutcome = 'accepted' | 'duplicate' | 'refused' | 'handshake'

export interface LoggedRequest {
  readonly id: RequestId
  readonly integration: IntegrationKey
  readonly provider: string
  readonly receivedAt: number
  readonly outcome: RequestOutcome
  readonly method: string
  readonly target: string
  readonly answerStatus: number
  readonly durationMs: number
  readonly scheme: string | null
  readonly secretFingerprint: string | null
  readonly clockSkewMs: number | null
  readonly refusal: { readonly code: RefusalCode; readonly detail: string } | null
  readonly handshake: string | null
  readonly problems: readonly string[]
  readonly eventCount: number
  readonly bodyBytes: number
  readonly remoteAddress: string | null
}

export interface LoggedRequestDetail extends LoggedRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly events: readonly LoggedEvent[]
  readonly deliveries: readonly LoggedDelivery[]
}

export interface LoggedEvent {
  readonly id: EventId
  readonly requestId: RequestId
  readonly integration: IntegrationKey
  readonly provider: string
  readonly receivedAt: number
  readonly position: number
  readonly type: string | null
  readonly dedupeKey: string | null
  readonly occurredAt: number | null
  readonly status: 'matched' | 'unmatched' | 'duplicate' | 'skipped'
  readonly matchedBy: string | null
  readonly detail: string | null
  readonly connections: readonly ConnectionId[]
}

export interface LoggedDelivery {
  readonly id: DeliveryId
  readonly requestId: RequestId
  readonly eventIds: readonly EventId[]
  readonly integration: IntegrationKey
  readonly provider: string
  readonly connectionId: ConnectionId | null
  readonly destination: DestinationName
  readonly state: DeliveryState
  readonly deathReason: DeathReason | null
  readonly attemptCount: number
  readonly createdAt: number
  /** When the next attempt is due; null unless pending, and while it waits for its turn where the order is kept. */
  readonly dueAt: number | null
  readonly finishedAt: number | null
  readonly lastStatus: number | null
  readonly lastError: string | null
}

export interface LoggedAttempt {
  readonly id: AttemptId
  readonly startedAt: number
  readonly durationMs: number
  readonly trigger: AttemptTrigger
  readonly url: string
  readonly outcome: Outcome['kind']
  readonly reason: string | null
  readonly status: number | null
  readonly detail: string | null
  readonly responseHead: string
  readonly retryAt: number | null
  /** Why what follows follows: `schedule` or `retry_after` for a retry, the reason of a death; null after success. */
  readonly nextReason: string | null
}

export interface LogFilter {
  readonly integration?: IntegrationKey
  readonly connectionId?: ConnectionId
  /** Received or created at this time or later. */
  readonly since?: number
  /** Before this time. */
  readonly until?: number
}

export interface LogReader {
  listRequests(filter: LogFilter & { outcome?: RequestOutcome }, page: PageRequest): Promise<Page<LoggedRequest>>
  getRequest(id: RequestId): Promise<LoggedRequestDetail | null>
  listEvents(
    filter: LogFilter & { type?: string; status?: LoggedEvent['status'] },
    page: PageRequest,
  ): Promise<Page<LoggedEvent>>
  getEvent(id: EventId): Promise<LoggedEvent | null>
  listDeliveries(
    filter: LogFilter & { state?: DeliveryState; destination?: DestinationName; requestId?: RequestId },
    page: PageRequest,
  ): Promise<Page<LoggedDelivery>>
  getDelivery(id: DeliveryId): Promise<(LoggedDelivery & { readonly attempts: readonly LoggedAttempt[] }) | null>
  /** Counts by outcome and state, for `/api/v1/stats` and metrics. */
  stats(): Promise<{
    readonly requests: Readonly<Record<RequestOutcome, number>>
    readonly deliveries: Readonly<Record<DeliveryState, number>>
    readonly oldestPendingAt: number | null
  }>
}

/** The whole store; adapters implement it, the conformance suite proves them. */
export interface Store
  extends
    IngestStore,
    ConnectionDirectory,
    DeliveryQueue,
    DestinationControl,
    DestinationLog,
    ReplayStore,
    RetentionStore,
    ConnectionStore,
    SecretStore,
    LogReader {
  /** Whether a write would succeed now: for `/readyz`. */
  check(): Promise<{ ok: true } | { ok: false; detail: string }>
  /** Commits what is under way and closes. */
  close(): Promise<void>
}

/** One wide line per fact; names are dotted and in the past tense. */
export interface Journal {
  record(name: string, facts: Readonly<Record<string, unknown>>): void
  warn(name: string, facts: Readonly<Record<string, unknown>>): void
  error(name: string, facts: Readonly<Record<string, unknown>>): void
  /** False where such lines are thrown away, so that nobody need gather their facts. Absent where all are kept. */
  keeps?(kind: 'record' | 'warn'): boolean
}
