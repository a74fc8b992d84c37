/**
 * What end-to-end tests of syncs share: the played provider APIs, an app that listens, and a gateway between them, as a process of its
 * own or in this one on a clock of the test's. What the gateway keeps is read from its database file while it runs.
 */
import { createHmac } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { composeGateway } from '../../src/compose.ts'
import type { JsonObject } from '../../src/domain/connection.ts'
import type { RecordAction, SyncKey, SyncRun } from '../../src/domain/sync.ts'
import type { Clock, Page } from '../../src/engine/ports.ts'
import type { MissedWebhook } from '../../src/engine/sync/ports/gap-store.ts'
import { ReadConnection } from '../../src/store/sqlite/reader/read-connection.ts'
import { listRecords } from '../../src/store/sqlite/sync/reader/records.ts'
import { listMissedWebhooks, listSyncRuns } from '../../src/store/sqlite/sync/reader/runs.ts'
import {
  API_KEY,
  createGatewayHome,
  eventually,
  type GatewayHome,
  type PreparedGateway,
  type RunningGateway,
} from './gateway.ts'
import { createProviderApis, type ProviderApis } from './provider-apis.ts'
import { createReceiver, type Receiver } from './receiver.ts'

export const WEBHOOK_SECRET = 'the secret of the webhooks of this test'

export interface SeenRecord {
  readonly id: string
  readonly action: RecordAction
  readonly payload: JsonObject
  readonly prunedAt: number | null
}

export interface SyncWorld {
  readonly home: GatewayHome
  readonly apis: ProviderApis
  readonly app: Receiver
  /** Writes the configuration: destination `app`, and the integrations given, in which `{url}` is the provider's address. */
  configure(integrations: string): void
  /** As a process of its own. */
  start(prepared?: PreparedGateway): Promise<RunningGateway>
  /** In this process, on this clock. Resolves with how to stop it; it is stopped at the end of the test at the latest. */
  startHere(clock: Clock): Promise<() => Promise<void>>
  api(path: string, init?: RequestInit): Promise<Response>
  connect(input?: { id?: string; integration?: string; config?: JsonObject; credentials?: JsonObject }): Promise<void>
  /** Sends a signed webhook of GitHub's to the integration; resolves with the status. */
  webhook(input: { event: string; body: JsonObject; integration?: string; delivery?: string }): Promise<number>
  /** Newest first. */
  runs(filter?: Partial<Record<keyof SyncKey, string>>): Promise<readonly SyncRun[]>
  /** Waits until so many runs have ended and none is under way. */
  untilEnded(count: number, filter?: Partial<Record<keyof SyncKey, string>>): Promise<readonly SyncRun[]>
  /** The change stream from its beginning, page by page as an app reads it. */
  records(input?: { integration?: string; connection?: string; model?: string }): Promise<readonly SeenRecord[]>
  missed(): Promise<readonly MissedWebhook[]>
  /** Bodies of the messages of type sync that the app got of this integration, in their order. */
  told(integration?: string): JsonObject[]
  close(): Promise<void>
}

/** Cleans up after itself at the end of the test. */
export async function createSyncWorld(): Promise<SyncWorld> {
  const world = await openSyncWorld()
  onTestFinished(() => world.close())
  return world
}

/** One gateway for all tests of a file, which have an integration each: starting it takes longer than most tests. */
export function shareSyncWorld(integrations: string): { readonly world: SyncWorld } {
  const share: { world: SyncWorld } = { world: undefined as never }
  beforeAll(async () => {
    share.world = await openSyncWorld()
    share.world.configure(integrations)
    await share.world.start()
  })
  afterAll(() => share.world.close())
  return share
}

async function openSyncWorld(): Promise<SyncWorld> {
  const [apis, app] = await Promise.all([createProviderApis(), createReceiver()])
  const home = createGatewayHome()
  const stops = new Set<() => Promise<void>>()
  let url = ''
  let reader: ReadConnection | null = null
  const reading = (): ReadConnection | null => {
    if (reader === null && existsSync(home.database)) reader = new ReadConnection(home.database)
    return reader
  }
  let serial = 0

  const world: SyncWorld = {
    home,
    apis,
    app,
    configure(integrations) {
      home.configure(`log: { level: info }
destinations: { app: { url: "${app.url}/webhooks" } }
integrations:
${integrations.replaceAll('{url}', apis.url)}`)
    },
    async start(prepared) {
      const gateway = await (prepared ?? home).start()
      url = gateway.url
      return gateway
    },
    async startHere(clock) {
      const journalTo = openSync(join(home.folder, 'journal.log'), 'a', 0o600)
      const { configFile: configPath, folder: cwd } = home
      const gateway = await composeGateway({ configPath, cwd, env: {}, warn: () => {}, journalTo, clock })
      const stop = async (): Promise<void> => {
        if (!stops.delete(stop)) return
        await gateway.stop()
        closeSync(journalTo)
      }
      stops.add(stop)
      url = (await gateway.start()).url
      return stop
    },
    api(path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${API_KEY}`)
      headers.set('content-type', 'application/json')
      return fetch(url + path, { ...init, headers })
    },
    async connect({
      id = 'acme',
      integration = 'crm',
      config = {},
      credentials = { access_token: 'good-token' },
    } = {}) {
      const body = { connection_id: id, provider_config_key: integration, connection_config: config, credentials }
      const answer = await world.api('/connections', { method: 'POST', body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`the connection was refused: ${answer.status} ${await answer.text()}`)
    },
    async webhook({ event, body, integration = 'crm', delivery }) {
      serial += 1
      const text = JSON.stringify(body)
      const answer = await fetch(`${url}/webhook/${integration}`, {
        method: 'POST',
        headers: {
          'x-github-event': event,
          'x-github-delivery': delivery ?? `delivery-${serial}`,
          'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(text).digest('hex')}`,
        },
        body: text,
      })
      await answer.arrayBuffer()
      return answer.status
    },
    async runs(filter = {}) {
      const from = reading()
      if (from === null) return []
      const all: SyncRun[] = []
      let after: string | null = null
      do {
        const page: Page<SyncRun> = await listSyncRuns(from, filter as Partial<SyncKey>, { limit: 500, after })
        all.push(...page.items)
        after = page.nextCursor
      } while (after !== null)
      return all
    },
    untilEnded: (count, filter) =>
      eventually(
        () => world.runs(filter),
        (runs) =>
          runs.filter(hasEnded).length >= count &&
          runs.every(({ state }) => state === 'succeeded' || state === 'failed'),
      ),
    async records({ integration = 'crm', connection = 'acme', model = 'Contact' } = {}) {
      const from = reading()
      if (from === null) return []
      const seen: SeenRecord[] = []
      let after: string | null = null
      do {
        const page = await listRecords(from, {
          integration: integration as SyncKey['integration'],
          connectionId: connection as SyncKey['connectionId'],
          model,
          after,
          limit: 1_000,
          modifiedAfter: null,
          actions: null,
          ids: null,
        })
        for (const { id, action, payload, prunedAt } of page.records)
          seen.push({ id, action, prunedAt, payload: JSON.parse(Buffer.from(payload).toString()) as JsonObject })
        after = page.nextCursor
      } while (after !== null)
      return seen
    },
    async missed() {
      const from = reading()
      return from === null ? [] : (await listMissedWebhooks(from, {}, { limit: 100, after: null })).items
    },
    told: (integration = 'crm') =>
      app.requests
        .map((request) => JSON.parse(request.body.toString()) as JsonObject)
        .filter((body) => body['type'] === 'sync' && body['providerConfigKey'] === integration),
    async close() {
      for (const stop of stops) await stop()
      reader?.close()
      await home.remove()
      await Promise.all([apis.close(), app.close()])
    },
  }
  return world
}

function hasEnded({ state }: SyncRun): boolean {
  return state === 'succeeded' || state === 'failed'
}
