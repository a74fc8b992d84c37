/** The HTTP edge on a real server on a free port, over stores in memory that can be looked into and told to fail. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Connection, JsonObject } from '../../src/domain/connection.ts'
import { createIds } from '../../src/domain/ids.ts'
import { Secret } from '../../src/domain/secret.ts'
import type {
  ConnectionInput,
  ConnectionStore,
  DeliveryQueue,
  Journal,
  LoggedDelivery,
  LoggedEvent,
  LoggedRequestDetail,
  LogReader,
  Page,
  PageRequest,
} from '../../src/engine/ports.ts'
import type { Destinations } from '../../src/engine/forward/destinations.ts'
import type { Replays } from '../../src/engine/forward/replays.ts'
import type { HttpAnswer } from '../../src/engine/receive/answer.ts'
import type { IncomingRequest } from '../../src/engine/receive/receive.ts'
import type { IntegrationSettings, Settings } from '../../src/engine/settings.ts'
import { createHttpApp } from '../../src/http/app.ts'
import type { HttpDependencies, Readiness } from '../../src/http/dependencies.ts'
import { createHttpServer, type HttpServer } from '../../src/http/server.ts'
import type { CompiledSpec } from '../../src/spec/compiled-spec.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { createMemorySyncStore, type MemorySyncStore } from '../support/memory-sync-store.ts'
import { createSyncControl } from '../../src/engine/sync/control.ts'

export const KEY = 'the-api-key'
export const MAX_BODY_BYTES = 100_000

export interface ApiInit {
  readonly method?: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface Harness {
  readonly url: string
  readonly port: number
  readonly clock: FakeClock
  readonly server: HttpServer
  /** What the receiving use case was called with. */
  readonly received: IncomingRequest[]
  readonly journal: { name: string; facts: Record<string, unknown> }[]
  readonly connections: Map<string, ConnectionInput & Connection>
  readonly replays: string[]
  readonly cancels: { id: string; states: readonly string[] }[]
  /** What `shop` keeps; it declares one sync, `contacts` with the model `Contact`. */
  readonly syncStore: MemorySyncStore
  /** Replaces a part of the dependencies; the edge sees it at once. */
  readonly set: Partial<{
    receive: (request: IncomingRequest) => Promise<HttpAnswer>
    readiness: () => Promise<Readiness>
    replay: DeliveryQueue['replayDelivery']
    cancel: DeliveryQueue['cancelDelivery']
    /** Read when the harness starts. */
    destinations: Partial<Destinations>
    replays: Partial<Replays>
    listRequests: LogReader['listRequests']
    listDeliveries: LogReader['listDeliveries']
    listEvents: LogReader['listEvents']
    settings: Partial<Settings>
  }>
  /** A call of the API with the key. */
  api(path: string, init?: ApiInit): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }>
  /** Bytes on a raw connection; resolves with all that comes back until the server closes. */
  raw(bytes: string | Buffer): Promise<string>
  socket(): Promise<Socket>
  stop(): Promise<void>
}

const spec = (provider: string, name: string): CompiledSpec =>
  ({
    provider,
    name,
    document: {
      docs: `https://${provider}.example/docs`,
      confidence: 'docs',
      secrets: { webhook_secret: { where: 'the settings page' } },
    },
  }) as unknown as CompiledSpec

const integration = (key: string, tokens: string[] = []): IntegrationSettings =>
  ({
    key,
    spec: spec('acme', 'Acme'),
    ingressTokens: tokens.map((token) => new Secret(token)),
    forward: ['app'],
    unmatched: 'raw',
    syncs: new Map(key === 'shop' ? [['contacts', { name: 'contacts', model: 'Contact' }]] : []),
  }) as unknown as IntegrationSettings

export async function startHarness(given: Harness['set'] = {}): Promise<Harness> {
  const clock = createFakeClock()
  const journal: Harness['journal'] = []
  const received: IncomingRequest[] = []
  const connections: Harness['connections'] = new Map()
  const replays: string[] = []
  const cancels: Harness['cancels'] = []
  const set: Harness['set'] = { ...given }
  const syncStore = createMemorySyncStore()
  const write: Journal['record'] = (name, facts) => void journal.push({ name, facts: { ...facts } })
  const settings = (): Settings => ({
    integrations: new Map(
      [integration('shop'), integration('shop-eu'), integration('guarded', ['s3cret-token'])].map((one) => [
        one.key,
        one,
      ]),
    ),
    destinations: new Map(),
    publicUrl: null,
    signingSecrets: [new Secret('x')],
    retrySchedule: { delaysMs: [], jitter: 0, maxRetryAfterMs: 0 },
    maxBodyBytes: MAX_BODY_BYTES,
    ...set.settings,
  })
  const deps: HttpDependencies = {
    explain: () => Promise.resolve(null),
    keyring: {
      list: () => Promise.resolve([]),
      reveal: () => Promise.resolve(null),
      forget: () => Promise.resolve(0),
      setConnectionSecrets: () => Promise.resolve(),
    },
    async receive(request) {
      received.push(request)
      return (
        set.receive?.(request) ?? {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: '{"status":"success"}',
        }
      )
    },
    settings: { current: settings },
    syncs: {
      store: syncStore,
      control: createSyncControl({ store: syncStore, clock, onStart: () => undefined, wake: () => undefined }),
    },
    log: logOver(set),
    connections: connectionsOver(connections),
    queue: {
      async replayDelivery(request) {
        replays.push(request.id)
        return set.replay?.(request) ?? 'replayed'
      },
      async cancelDelivery(request) {
        cancels.push({ id: request.id, states: request.states })
        return set.cancel?.(request) ?? 'cancelled'
      },
    },
    destinations: {
      list: async () => [],
      get: async () => Promise.reject(notFaked()),
      listBlocked: async () => ({ items: [], nextCursor: null }),
      pause: async () => Promise.reject(notFaked()),
      resume: async () => false,
      ...set.destinations,
    },
    replays: {
      plan: async () => Promise.reject(notFaked()),
      execute: async () => Promise.reject(notFaked()),
      get: async () => Promise.reject(notFaked()),
      list: async () => [],
      cancel: async () => Promise.reject(notFaked()),
      start: async () => undefined,
      stop: async () => undefined,
      ...set.replays,
    },
    authorize: (header) => header === `Bearer ${KEY}`,
    providers: () => new Map([spec('acme', 'Acme'), spec('globex', 'Globex')].map((one) => [one.provider, one])),
    sealCredentials: ({ credentials }) => Buffer.from(`sealed:${Object.keys(credentials).join()}`),
    newConnectionId: () => 'made-up-id',
    readiness: () => set.readiness?.() ?? Promise.resolve({ ready: true, checks: [{ name: 'store', ok: true }] }),
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'postern_up 1\n' }),
    clock,
    ids: createIds({ now: () => clock.now(), randomBytes: (size) => new Uint8Array(size) }),
    journal: { record: write, warn: write, error: write },
  }
  const server = createHttpServer(createHttpApp(deps))
  const { port } = await server.start({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${port}`
  const sockets = new Set<Socket>()
  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port })
    sockets.add(socket)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  return {
    url,
    port,
    clock,
    server,
    received,
    journal,
    connections,
    replays,
    cancels,
    syncStore,
    set,
    async api(path, init = {}) {
      const response = await fetch(url + path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${KEY}` },
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      }
    },
    async raw(bytes) {
      const socket = await open()
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.write(bytes)
      await closed(socket)
      return text
    },
    socket: open,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await server.stop({ graceMs: 500 })
    },
  }
}

function notFaked(): Error {
  return new Error('this test gave no such part')
}

/** Resolves when the connection is closed, however it came to that. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()))
}

function pageOf<T>(items: readonly T[], { limit, after }: PageRequest): Page<T> {
  const from = after === null ? 0 : Number(after)
  const next = from + limit
  return { items: items.slice(from, next), nextCursor: next < items.length ? String(next) : null }
}

function connectionsOver(connections: Harness['connections']): ConnectionStore {
  const keyOf = (integrationKey: string, id: string): string => `${integrationKey}/${id}`
  return {
    async putConnection(input, now) {
      const key = keyOf(input.integration, input.connectionId)
      const known = connections.get(key)
      const connection = { ...input, createdAt: known?.createdAt ?? now, updatedAt: now }
      connections.set(key, connection)
      return { connection, created: known === undefined }
    },
    async getConnection(integrationKey, id) {
      return connections.get(keyOf(integrationKey, id)) ?? null
    },
    async changeConnection(integrationKey, id, change, now) {
      const key = keyOf(integrationKey, id)
      const known = connections.get(key)
      if (known === undefined) return null
      const changed = { ...known, ...change, updatedAt: now }
      connections.set(key, changed)
      return changed
    },
    async deleteConnection(integrationKey, id) {
      return connections.delete(keyOf(integrationKey, id))
    },
    async listConnections(filter, page) {
      const wanted = [...connections.values()]
        .toReversed()
        .filter(
          ({ integration: key, connectionId }) =>
            (filter.integration ?? key) === key && (filter.connectionId ?? connectionId) === connectionId,
        )
        .filter(({ connectionId }) => connectionId.includes(filter.search ?? ''))
      return pageOf(wanted, page)
    },
  }
}

const AT = Date.UTC(2026, 2, 2, 10)

export const DELIVERY = {
  id: 'dlv_1',
  requestId: 'req_1',
  eventIds: ['evt_1'],
  integration: 'shop',
  provider: 'acme',
  connectionId: 'c1',
  destination: 'app',
  state: 'dead',
  deathReason: 'gone',
  attemptCount: 1,
  createdAt: AT,
  dueAt: null,
  finishedAt: AT + 5,
  lastStatus: 410,
  lastError: 'gone',
} as unknown as LoggedDelivery

export const EVENT = {
  id: 'evt_1',
  requestId: 'req_1',
  integration: 'shop',
  provider: 'acme',
  receivedAt: AT,
  position: 0,
  type: 'order.paid',
  dedupeKey: 'k',
  occurredAt: null,
  status: 'matched',
  matchedBy: 'metadata.shop',
  detail: null,
  connections: ['c1'],
} as unknown as LoggedEvent

export const REQUEST = {
  id: 'req_1',
  integration: 'shop',
  provider: 'acme',
  receivedAt: AT,
  outcome: 'accepted',
  method: 'POST',
  target: '/webhook/shop',
  answerStatus: 200,
  durationMs: 3,
  scheme: 'hmac-sha256',
  secretFingerprint: 'abcd1234',
  clockSkewMs: null,
  refusal: null,
  handshake: null,
  problems: [],
  eventCount: 1,
  bodyBytes: 2,
  remoteAddress: '127.0.0.1',
  headers: { 'x-a': 'b' },
  body: Buffer.from('{}'),
  events: [EVENT],
  deliveries: [DELIVERY],
} as unknown as LoggedRequestDetail

function logOver(set: Harness['set']): LogReader {
  const attempts = [
    {
      id: 'att_1',
      startedAt: AT,
      durationMs: 5,
      trigger: 'auto',
      url: 'https://app.example',
      outcome: 'permanent',
      reason: 'gone',
      status: 410,
      detail: 'Gone',
      responseHead: 'bye',
      retryAt: null,
    },
  ]
  return {
    listRequests: async (filter, page) => set.listRequests?.(filter, page) ?? pageOf([REQUEST], page),
    getRequest: async (id) =>
      id === 'req_1' ? REQUEST : id === 'req_binary' ? { ...REQUEST, body: Buffer.from([0xff, 0x00]) } : null,
    listEvents: async (filter, page) => set.listEvents?.(filter, page) ?? pageOf([EVENT], page),
    getEvent: async (id) => (id === 'evt_1' ? EVENT : null),
    listDeliveries: async (filter, page) => set.listDeliveries?.(filter, page) ?? pageOf([DELIVERY], page),
    getDelivery: async (id) => (id === 'dlv_1' ? ({ ...DELIVERY, attempts } as never) : null),
    stats: async () => ({
      requests: { accepted: 1, duplicate: 0, refused: 2, handshake: 0 },
      deliveries: { pending: 1, in_flight: 0, delivered: 0, dead: 1, held: 0, cancelled: 0 },
      oldestPendingAt: AT,
    }),
  }
}

export function jsonBody(value: unknown): ApiInit {
  return { method: 'POST', body: typeof value === 'string' ? value : JSON.stringify(value) }
}

/** A connection as the API would have made it. */
export async function addConnection(harness: Harness, input: JsonObject): Promise<void> {
  const { status, json } = await harness.api('/connections', jsonBody({ provider_config_key: 'shop', ...input }))
  if (status !== 201) throw new Error(JSON.stringify(json))
}
