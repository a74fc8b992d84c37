/** A sync engine on the memory store, a real HTTP client and the played provider APIs: what the tests of runs share. */
import { onTestFinished } from 'vitest'
import type { Connection, JsonObject } from '../../../src/domain/connection.ts'
import { createIds, type ConnectionId, type IntegrationKey, type SyncName } from '../../../src/domain/ids.ts'
import type { SyncDeclaration } from '../../../src/domain/provider-spec.gen.ts'
import { Secret } from '../../../src/domain/secret.ts'
import type { RecordAction, SyncRun } from '../../../src/domain/sync.ts'
import type { ActiveSync, SyncDirectory } from '../../../src/engine/sync/directory.ts'
import { createSyncEngine, type SyncEngine } from '../../../src/engine/sync/engine.ts'
import { createVault } from '../../../src/engine/vault.ts'
import { createSyncExpressionCompiler } from '../../../src/expression/compile.ts'
import { createApiClient } from '../../../src/outbound/api-client.ts'
import { compileSync } from '../../../src/spec/compile-sync.ts'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts'
import { createMemorySyncStore, type MemorySyncStore } from '../../support/memory-sync-store.ts'
import { createProviderApis, type ProviderApis } from '../../support/provider-apis.ts'

export const INTEGRATION = 'crm-prod' as IntegrationKey
export const ACME = 'acme' as ConnectionId

export interface Syncing {
  readonly engine: SyncEngine
  readonly apis: ProviderApis
  readonly store: MemorySyncStore
  readonly clock: FakeClock
  readonly journal: { readonly level: string; readonly name: string; readonly facts: Record<string, unknown> }[]
  readonly connections: Map<string, Connection>
  /** Ids of records in the cache, in order of their last change, with their last action. */
  records(model?: string): Promise<{ id: string; action: RecordAction; payload: JsonObject }[]>
  runs(): Promise<readonly SyncRun[]>
  /** Waits until so many runs have ended, newest first. The clock goes on by a second every 5 ms. */
  untilEnded(count: number): Promise<readonly SyncRun[]>
  credentials(): JsonObject
  /** Bodies of the messages to the app. */
  told(): JsonObject[]
  addConnection(id: string, credentials?: JsonObject): void
}

const compile = createSyncExpressionCompiler()

/** Starts with the connection `acme`, and waits for nothing. Declarations may use `{url}` for the provider's address. */
export async function startSyncing(input: {
  syncs: Record<string, SyncDeclaration>
  credentials?: JsonObject
  setUp?: (apis: ProviderApis, store: MemorySyncStore) => void
  leaseMs?: number
}): Promise<Syncing> {
  const apis = await createProviderApis()
  const clock = createFakeClock(Date.UTC(2026, 2, 2, 10))
  const client = createApiClient({ allowPrivate: () => ['127.0.0.0/8'] })
  const store = createMemorySyncStore()
  const vault = createVault(() => [new Secret('a key of tests, long enough to be one')])
  const connections = new Map<string, Connection>()
  const journal: { level: string; name: string; facts: Record<string, unknown> }[] = []
  const note = (level: string) => (name: string, facts: Readonly<Record<string, unknown>>) =>
    void journal.push({ level, name, facts: { ...facts } })
  const place = (id: string): string => `credentials:${INTEGRATION}:${id}`

  const declared = JSON.parse(JSON.stringify(input.syncs).replaceAll('{url}', apis.url)) as Record<
    string,
    SyncDeclaration
  >
  const active = new Map(
    Object.entries(declared).map(([name, declaration]): [string, ActiveSync] => [
      name,
      {
        integration: INTEGRATION,
        provider: 'hubspot',
        declaration: compileSync(name, declaration, compile),
        options: { client_id: 'the-client' },
        secrets: new Map([['client_secret', [new Secret('the-secret')]]]),
        destinations: ['app' as never],
      },
    ]),
  )
  const directory: SyncDirectory = {
    find: (integration, sync) => (integration === INTEGRATION ? (active.get(sync) ?? null) : null),
    syncsOf: (integration) => (integration === INTEGRATION ? [...active.values()] : []),
    integrations: () => [INTEGRATION],
  }

  function addConnection(id: string, credentials: JsonObject = { access_token: 'good-token' }): void {
    const connectionId = id as ConnectionId
    connections.set(id, {
      connectionId,
      integration: INTEGRATION,
      provider: 'hubspot',
      connectionConfig: { owner: 'octo', repo: 'cat' },
      metadata: {},
      tags: {},
      webhookUrlOverride: null,
      createdAt: clock.now(),
      updatedAt: clock.now(),
    })
    store.addConnection(INTEGRATION, connectionId, vault.seal(JSON.stringify(credentials), place(id)))
  }

  addConnection(ACME, input.credentials)
  input.setUp?.(apis, store)
  let seed = 0
  const engine = createSyncEngine({
    store,
    connections: { getConnection: (_integration, id) => Promise.resolve(connections.get(id) ?? null) },
    directory,
    client,
    vault,
    clock,
    random: () => 0.5,
    ids: createIds({ now: () => clock.now(), randomBytes: (size) => Buffer.alloc(size, (seed += 1)) }),
    journal: { record: note('info'), warn: note('warn'), error: note('error') },
    onNotices: () => undefined,
    retry: { retries: 2, minTimeoutMs: 1, maxWaitMs: 20_000 },
    ...(input.leaseMs === undefined ? {} : { leaseMs: input.leaseMs }),
  })
  onTestFinished(async () => {
    await engine.stop()
    await client.close()
    await apis.close()
  })
  await engine.start()
  await engine.connectionChanged(INTEGRATION, ACME)
  // Schedules that all connections get at once are spread over a minute.
  clock.advance(61_000)

  const runs = async (): Promise<readonly SyncRun[]> =>
    (await store.listSyncRuns({}, { limit: 100, after: null })).items
  return {
    engine,
    apis,
    store,
    clock,
    journal,
    connections,
    async records(model = 'Contact') {
      const { records } = await store.listRecords({
        integration: INTEGRATION,
        connectionId: ACME,
        model,
        after: null,
        limit: 10_000,
        modifiedAfter: null,
        actions: null,
        ids: null,
      })
      return records.map(({ id, action, payload }) => ({
        id,
        action,
        payload: JSON.parse(Buffer.from(payload).toString()) as JsonObject,
      }))
    },
    runs,
    async untilEnded(count) {
      await until(async () => {
        clock.advance(1_000)
        const all = await runs()
        return all.filter(({ state }) => state === 'succeeded' || state === 'failed').length >= count
      })
      return runs()
    },
    credentials: () => JSON.parse(vault.open(store.sealedOf(INTEGRATION, ACME)!, place(ACME)) ?? 'null') as JsonObject,
    told: () => store.notices.map(({ payload }) => JSON.parse(Buffer.from(payload.bytes).toString()) as JsonObject),
    addConnection,
  }
}

/** Asks again until it holds; fails after 5 s. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('still not so after 5 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const sync = (name: string): SyncName => name as SyncName

/** HubSpot's contacts, by search, so that they can be read incrementally. */
export const CONTACTS: SyncDeclaration = {
  model: 'Contact',
  every: '1h',
  request: {
    post: '{url}/crm/v3/objects/contacts/search',
    body: `{ "limit": 3, "filterGroups": checkpoint.updated_at ? [{ "filters": [{ "propertyName": "lastmodifieddate", "operator": "GTE", "value": checkpoint.updated_at }] }] : [] }`,
  },
  pages: { next: 'response.body.paging.next.after', into: 'body.after' },
  records: 'response.body.results.{ "id": id, "name": properties.firstname, "updated_at": updatedAt }',
  checkpoint: { updated_at: '$max(records.updated_at)' },
  fetch: {
    request: { get: '{url}/crm/v3/objects/contacts/{id}' },
    record:
      '{ "id": response.body.id, "name": response.body.properties.firstname, "updated_at": response.body.updatedAt }',
  },
  on: {
    'contact.creation': 'run',
    'contact.propertyChange': { fetch: 'event.objectId' },
    'contact.merge': { upsert: '{ "id": event.objectId, "name": event.name }', forward: true },
    'contact.deletion': { delete: 'event.objectId' },
  },
}
