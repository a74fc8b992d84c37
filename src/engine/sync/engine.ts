/** Syncs as a whole, put together from their parts: what the rest of the gateway starts, wakes, asks and stops. */
import type { ConnectionId, IntegrationKey, Ids } from '../../domain/ids.ts'
import type { Clock, ConnectionStore, Journal, Random } from '../ports.ts'
import { createApi, DEFAULT_RETRY, type RetryPolicy } from './api.ts'
import { createSyncControl, type SyncControl } from './control.ts'
import { createCredentialKeeper, type CredentialDeps } from './credentials.ts'
import type { SyncDirectory } from './directory.ts'
import { createPace } from './pace.ts'
import type { ApiClient } from './ports/api-client.ts'
import type { SyncNotice } from './ports/run-store.ts'
import type { SyncObserver } from './ports/sync-observer.ts'
import type { SyncStore } from './ports/sync-store.ts'
import { createRunSync } from './run.ts'
import { createScheduler } from './scheduler.ts'
import { createStartedSyncs } from './started.ts'
import { createTokenRequester } from './token-request.ts'
import { createTriggers, type OnAccepted } from './triggers.ts'
import { createApplyTriggers } from './webhook-run.ts'

export interface SyncEngine {
  /** Declares the syncs in force for all connections, takes up what a crash has left, and begins. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Awaited between storing a request and answering it. */
  readonly onAccepted: OnAccepted
  /** A connection was made or changed: its syncs begin. */
  connectionChanged(integration: IntegrationKey, connectionId: ConnectionId): Promise<void>
  /** Another configuration is in force. */
  settingsChanged(): Promise<void>
  readonly control: SyncControl
}

export interface SyncEngineDeps {
  readonly store: SyncStore
  readonly connections: Pick<ConnectionStore, 'getConnection'>
  readonly directory: SyncDirectory
  readonly client: ApiClient
  readonly vault: CredentialDeps['vault']
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly journal: Journal
  /** Told of notices that were stored as deliveries, so that their destinations can be woken. */
  readonly onNotices: (notices: readonly SyncNotice[]) => void
  readonly observer?: SyncObserver
  readonly concurrency?: number
  readonly leaseMs?: number
  readonly retry?: RetryPolicy
}

const CONCURRENCY = 8
const LEASE_MS = 120_000
/** New schedules of many connections at once begin within this time. */
const SPREAD_MS = 60_000

export function createSyncEngine(deps: SyncEngineDeps): SyncEngine {
  const { store, directory, client, clock, journal } = deps
  const { concurrency = CONCURRENCY, leaseMs = LEASE_MS, retry = DEFAULT_RETRY } = deps
  const credentials = createCredentialKeeper({
    store,
    vault: deps.vault,
    requestToken: createTokenRequester({ client, clock, retry }),
    clock,
    journal,
  })
  const ask = createApi({ client, credentials, pace: createPace(clock), clock, retry })
  const common = { ...deps, ask, leaseMs, onUndeclared: (integration: IntegrationKey) => declare(integration, null) }
  const scheduler = createScheduler({
    store,
    runSync: createRunSync(common),
    applyTriggers: createApplyTriggers(common),
    clock,
    journal,
    ...(deps.observer === undefined ? {} : { observer: deps.observer }),
    concurrency,
    leaseMs,
  })
  const { wake } = scheduler
  const declared = new Set<IntegrationKey>()
  const started = createStartedSyncs()

  async function declare(integration: IntegrationKey, connectionId: ConnectionId | null): Promise<void> {
    const syncs = directory.syncsOf(integration).map(({ declaration }) => ({
      sync: declaration.name,
      model: declaration.model,
      everyMs: declaration.everyMs,
      startsByItself: declaration.startsByItself,
    }))
    const spreadMs = connectionId === null ? SPREAD_MS : 0
    const running = await store.declareSyncs({ integration, connectionId, syncs, now: clock.now(), spreadMs })
    started.add(integration, running)
  }

  /** Also those that had syncs before and have none any more: theirs must not be claimed. */
  async function declareAll(): Promise<void> {
    for (const integration of directory.integrations()) declared.add(integration)
    for (const integration of declared) await declare(integration, null)
  }

  return {
    async start() {
      await declareAll()
      await scheduler.start()
    },
    stop: () => scheduler.stop(),
    onAccepted: createTriggers({
      store,
      connections: deps.connections,
      directory,
      clock,
      journal,
      isStarted: (active) => started.has(active),
      wake,
    }),
    async connectionChanged(integration, connectionId) {
      if (directory.syncsOf(integration).length === 0) return
      await declare(integration, connectionId)
      wake()
    },
    async settingsChanged() {
      await declareAll()
      wake()
    },
    control: createSyncControl({
      store,
      clock,
      onStart: ({ integration, syncs }) => started.add(integration, syncs?.length === 0 ? null : syncs),
      wake,
    }),
  }
}
