/** Makes what the sync part of the suite stores, and gets at a store for it. Every `givenSync()` has a connection of its own. */
import { createHash, randomBytes } from 'node:crypto'
import { createIds } from '../../../src/domain/ids.ts'
import type { MissedWebhookId, RunProgress, SyncKey, SyncName, SyncRunId } from '../../../src/domain/sync.ts'
import type { Store } from '../../../src/engine/ports.ts'
import type {
  BatchResult,
  NewRun,
  RecordBatch,
  RecordWrite,
  SyncNotice,
} from '../../../src/engine/sync/ports/run-store.ts'
import type { ClaimedSync } from '../../../src/engine/sync/ports/schedule-store.ts'
import type { SyncStore } from '../../../src/engine/sync/ports/sync-store.ts'
import type { SyncTrigger } from '../../../src/engine/sync/ports/trigger-store.ts'
import { type Given, given, HOUR, MINUTE, NOW } from './given.ts'

export type SyncTestStore = SyncStore &
  Pick<
    Store,
    | 'putConnection'
    | 'changeConnection'
    | 'deleteConnection'
    | 'claimDueDeliveries'
    | 'listRequests'
    | 'listDeliveries'
    | 'getRequest'
  >

export interface OpenedSyncStore {
  readonly store: SyncTestStore
  /** Closes the store as a stop of the process would and opens the same data again. */
  reopen(): Promise<OpenedSyncStore>
  dispose(): Promise<void>
}

/** Opens an empty store. */
export type OpenSyncStore = () => Promise<OpenedSyncStore>

const ids = createIds({ now: () => NOW, randomBytes })
let made = 0

export const MODEL = 'Contact'
export const EVERY = HOUR
export const LEASE = 5 * MINUTE

export function runId(): SyncRunId {
  return ids.next('run')
}

export function missedId(): MissedWebhookId {
  return ids.next('missed')
}

export function recordOf(id: string, value: unknown = id): RecordWrite {
  const payload = Buffer.from(JSON.stringify({ id, value }))
  return { id, payload, hash: createHash('sha256').update(payload).digest().subarray(0, 16) }
}

export function progressAt(pages: number, over: Partial<RunProgress> = {}): RunProgress {
  return { pages, requests: pages, items: 0, nextPage: { page: pages + 1 }, checkpoint: {}, isComplete: true, ...over }
}

export interface GivenSync extends Given {
  readonly key: SyncKey
  readonly selection: { integration: SyncKey['integration']; connectionId: SyncKey['connectionId']; model: string }
  newRun(over?: Partial<NewRun>): NewRun
  batch(lease: ClaimedSync, run: SyncRunId, over?: Partial<RecordBatch>): RecordBatch
  notice(over?: Partial<SyncNotice>): SyncNotice
  trigger(action: SyncTrigger['action'], over?: Partial<SyncTrigger>): SyncTrigger
}

export function givenSync(): GivenSync {
  made += 1
  const base = given()
  const { integration, connectionId } = base
  const key = { integration, connectionId, sync: `sync-${made}` as SyncName }
  return {
    ...base,
    key,
    selection: { integration, connectionId, model: MODEL },
    newRun: (over = {}) => ({
      id: runId(),
      type: 'INITIAL',
      cause: 'schedule',
      triggers: 0,
      isFull: true,
      startedAt: NOW,
      checkpointBefore: {},
      ...over,
    }),
    batch: (lease, run, over = {}) => ({
      lease,
      run,
      model: MODEL,
      records: [],
      deletedIds: [],
      ignoreModifiedAfter: null,
      remembersIds: true,
      progress: progressAt(1),
      skipped: 0,
      notes: [],
      now: NOW,
      leaseUntil: NOW + LEASE,
      ...over,
    }),
    notice: (over = {}) => ({
      id: ids.next('delivery'),
      requestId: ids.next('request'),
      integration,
      provider: 'acme',
      connectionId,
      destination: base.destination,
      urlOverride: null,
      payload: {
        kind: 'json',
        bytes: Buffer.from('{"type":"sync"}'),
        batchPath: null,
        contentType: 'application/json',
        headers: {},
      },
      ...over,
    }),
    trigger: (action, over = {}) => ({
      key,
      eventId: ids.next('event'),
      eventType: 'contact.changed',
      at: NOW,
      action,
      forwardsResult: false,
      ...over,
    }),
  }
}

/** One store for the tests of a part; what a test made of connections goes when it ends, so none finds another's work. */
export class SyncBench {
  opened!: OpenedSyncStore
  readonly #open: OpenSyncStore
  #places: GivenSync[] = []

  constructor(open: OpenSyncStore) {
    this.#open = open
  }

  get store(): SyncTestStore {
    return this.opened.store
  }

  async begin(): Promise<void> {
    this.opened = await this.#open()
  }

  async reopen(): Promise<void> {
    this.opened = await this.opened.reopen()
  }

  async clear(): Promise<void> {
    for (const { integration, connectionId } of this.#places)
      await this.store.deleteConnection(integration, connectionId)
    this.#places = []
  }

  /** A connection with one declared sync that is due now. */
  async place(over: { startsByItself?: boolean } = {}): Promise<GivenSync> {
    const place = givenSync()
    this.#places.push(place)
    await this.store.putConnection(place.connection(), NOW)
    await this.declare(place, over)
    return place
  }

  async declare({ key }: GivenSync, over: { startsByItself?: boolean; everyMs?: number } = {}): Promise<void> {
    const { integration, connectionId, sync } = key
    const declared = { sync, model: MODEL, everyMs: EVERY, startsByItself: true, ...over }
    await this.store.declareSyncs({ integration, connectionId, syncs: [declared], now: NOW, spreadMs: 0 })
  }

  claim(now = NOW, limit = 10): Promise<readonly ClaimedSync[]> {
    return this.store.claimDueSyncs({ now, limit, leaseUntil: now + LEASE })
  }

  /** Claims the one that is due and begins a run. */
  async start(place: GivenSync, over: Partial<NewRun> & { emptiesCache?: boolean } = {}) {
    const { emptiesCache = false, ...more } = over
    const [lease] = await this.claim(over.startedAt ?? NOW)
    if (lease === undefined) throw new Error('nothing is due')
    const run = place.newRun(more)
    await this.store.startRun({ lease, run, model: MODEL, emptiesCache })
    return {
      lease,
      run,
      save: (batch: Partial<RecordBatch>): Promise<BatchResult | null> =>
        this.store.saveBatch(place.batch(lease, run.id, { now: run.startedAt, ...batch })),
      deleteMissing: (limit = 1_000) =>
        this.store.deleteMissing({
          lease,
          run: run.id,
          model: MODEL,
          startedAt: run.startedAt,
          limit,
          now: run.startedAt + 1,
        }),
      succeed: (checkpoint = {}, notices: readonly SyncNotice[] = []) =>
        this.store.finishRun({
          lease,
          run: run.id,
          now: run.startedAt + 2,
          nextDueAt: run.startedAt + EVERY,
          end: { state: 'succeeded', checkpoint },
          notes: [],
          notices,
        }),
    }
  }

  /** Saves records in a run of its own, an hour after the last one. */
  async fill(place: GivenSync, at: number, records: readonly RecordWrite[], deletedIds: readonly string[] = []) {
    const run = await this.start(place, { startedAt: at })
    const result = await run.save({ records, deletedIds, now: at })
    await run.succeed()
    return result
  }

  async read({ selection }: GivenSync, over: Partial<Parameters<SyncStore['listRecords']>[0]> = {}) {
    const page = { after: null, limit: 100, modifiedAfter: null, actions: null, ids: null }
    return this.store.listRecords({ ...selection, ...page, ...over })
  }
}
