/** A connection of `shop` with the sync `contacts`, and runs of it that end as a test wants. */
import type { ConnectionId, IntegrationKey, SyncName, SyncRunId } from '../../src/domain/ids.ts'
import type { RunProgress, SyncFailure, SyncKey } from '../../src/domain/sync.ts'
import type { BatchResult, NewRun } from '../../src/engine/sync/ports/run-store.ts'
import { addConnection, type Harness } from './harness.ts'

export const EVERY_MS = 3_600_000

export interface Keeping {
  readonly key: SyncKey
  /** Claims the sync, for a person's wish, and begins a run. */
  begin(over?: Partial<NewRun>): Promise<BegunRun>
  /** A run that saves these payloads and ends well. */
  save(payloads: Readonly<Record<string, string>>, deletedIds?: readonly string[]): Promise<void>
}

export interface BegunRun {
  readonly id: SyncRunId
  save(payloads: Readonly<Record<string, string>>, deletedIds?: readonly string[]): Promise<BatchResult | null>
  succeed(checkpoint?: Record<string, string>): Promise<boolean>
  fail(failure: SyncFailure): Promise<boolean>
  postpone(until: number, reason: string): Promise<boolean>
}

const PROGRESS: RunProgress = { pages: 2, requests: 3, items: 4, nextPage: null, checkpoint: {}, isComplete: true }
let made = 0

export async function keep(harness: Harness, connection: string): Promise<Keeping> {
  const { syncStore: store, clock } = harness
  const integration = 'shop' as IntegrationKey
  const key = { integration, connectionId: connection as ConnectionId, sync: 'contacts' as SyncName }
  await addConnection(harness, { connection_id: connection })
  store.addConnection(integration, key.connectionId)
  const declared = { sync: key.sync, model: 'Contact', everyMs: EVERY_MS, startsByItself: true }
  await store.declareSyncs({ integration, connectionId: null, syncs: [declared], now: clock.now(), spreadMs: 0 })

  async function begin(over: Partial<NewRun> = {}): Promise<BegunRun> {
    const now = clock.now()
    const wish = { cause: 'request', triggers: 1, isFull: false, emptiesCache: false } as const
    await store.requestRun({ key, now, windowMs: 0, ...wish })
    const due = await store.claimDueSyncs({ now, limit: 100, leaseUntil: now + 60_000 })
    const lease = due.find((one) => one.key.connectionId === key.connectionId)
    if (lease === undefined) throw new Error('it is under way')
    made += 1
    const run: NewRun = {
      id: `run_${made}` as SyncRunId,
      type: 'INITIAL',
      cause: 'request',
      triggers: 1,
      isFull: true,
      startedAt: now,
      checkpointBefore: {},
      ...over,
    }
    await store.startRun({ lease, run, model: 'Contact', emptiesCache: false })
    const finish = { lease, run: run.id, notes: [], notices: [] }
    return {
      id: run.id,
      save: (payloads, deletedIds = []) =>
        store.saveBatch({
          lease,
          run: run.id,
          model: 'Contact',
          records: Object.entries(payloads).map(([id, payload]) => ({
            id,
            payload: Buffer.from(payload),
            hash: Buffer.from(payload),
          })),
          deletedIds,
          ignoreModifiedAfter: null,
          remembersIds: false,
          progress: PROGRESS,
          skipped: 1,
          notes: ['item 3 was skipped: it has no id'],
          now: clock.now(),
          leaseUntil: clock.now() + 60_000,
        }),
      succeed: (checkpoint = {}) =>
        store.finishRun({
          ...finish,
          now: clock.now(),
          nextDueAt: clock.now() + EVERY_MS,
          end: { state: 'succeeded', checkpoint },
        }),
      fail: (failure) =>
        store.finishRun({
          ...finish,
          now: clock.now(),
          nextDueAt: clock.now() + EVERY_MS,
          end: { state: 'failed', failure },
        }),
      postpone: (until, reason) => store.postponeRun({ lease, run: run.id, until, reason }),
    }
  }

  return {
    key,
    begin,
    async save(payloads, deletedIds) {
      const run = await begin()
      await run.save(payloads, deletedIds)
      await run.succeed()
    },
  }
}
