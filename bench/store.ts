/**
 * `npx tsx bench/store.ts` (after `npm run build`): the SQLite store alone, through its port, from the compiled `dist/`. One
 * process, two threads, a fresh file in the temporary directory. `--requests N` (default 100000), `--in-flight N` (default 64),
 * `--connections N` spread over the requests (default 300), `--stored N` requests stored before the measurement (default 0).
 *
 * "main" is the time the event loop was busy per item, measured by Node's event loop utilization: what the store costs the thread
 * that also serves HTTP. It includes making the acceptance and the caller's own promise.
 */
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type {
  AttemptId,
  ConnectionId,
  DeliveryId,
  DestinationName,
  EventId,
  IntegrationKey,
  RequestId,
} from '../src/domain/ids.ts'
import type { Acceptance, Store } from '../src/engine/ports.ts'

const { values: given } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    'in-flight': { type: 'string', default: '64' },
    connections: { type: 'string', default: '300' },
    stored: { type: 'string', default: '0' },
  },
})
const requestCount = Number(given.requests)
const inFlight = Number(given['in-flight'])
const connectionCount = Number(given.connections)

const { openSqliteStore } = (await import(
  new URL('../dist/store/sqlite/open.js', import.meta.url).href
)) as typeof import('../src/store/sqlite/open.ts')

const APP = 'app' as DestinationName
const LEASE_MS = 60_000
const body = randomFillSync(Buffer.alloc(512)).toString('hex')
let made = 0

console.log(`machine   ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, node ${process.version}`)
console.log(
  `load      1 KB body, 1 event with dedupe key, 1 delivery, ${inFlight} in flight, ${connectionCount} connections\n`,
)

const directory = mkdtempSync(join(tmpdir(), 'postern-bench-'))
const store = await openSqliteStore({
  path: join(directory, 'postern.db'),
  now: Date.now,
  maxPendingBytes: 256 * 1024 * 1024,
  onProblem: (name, facts) => console.error(name, facts),
})
try {
  if (Number(given.stored) > 0) await measure('stored before', Number(given.stored), 512, () => accept(store, false))
  await measure('accept', requestCount, inFlight, () => accept(store, false))
  await drain(store)
  await measure('accept leased + attempt', requestCount, inFlight, () => acceptAndAttempt(store))
  await measureLookups(store)
  console.log(`memory    ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`)
} finally {
  await store.close()
  rmSync(directory, { recursive: true })
}

/** Keeps `concurrency` calls under way until `count` are done, and prints rate, latencies and the event loop's share. */
async function measure(name: string, count: number, concurrency: number, call: () => Promise<void>): Promise<void> {
  const latencies = new Float64Array(count)
  let started = 0
  const runner = async (): Promise<void> => {
    while (started < count) {
      const at = started
      started += 1
      const begun = performance.now()
      await call()
      latencies[at] = performance.now() - begun
    }
  }
  const before = performance.eventLoopUtilization()
  const cpuBefore = process.cpuUsage()
  const begun = performance.now()
  await Promise.all(Array.from({ length: concurrency }, runner))
  const elapsed = performance.now() - begun
  const { active } = performance.eventLoopUtilization(before)
  const cpu = process.cpuUsage(cpuBefore)
  latencies.sort()
  const quantile = (share: number): string =>
    (latencies[Math.min(count - 1, Math.floor(count * share))] ?? 0).toFixed(2)
  print(name, [
    `${Math.round(count / (elapsed / 1000))}/s`,
    `main ${((active * 1000) / count).toFixed(1)} us`,
    `cpu ${((cpu.user + cpu.system) / count).toFixed(1)} us`,
    `p50 ${quantile(0.5)} ms`,
    `p99 ${quantile(0.99)} ms`,
    `max ${quantile(1)} ms`,
  ])
}

async function accept(target: Store, isLeased: boolean): Promise<void> {
  await target.acceptRequest(someAcceptance(isLeased))
}

async function acceptAndAttempt(target: Store): Promise<void> {
  const acceptance = someAcceptance(true)
  await target.acceptRequest(acceptance)
  for (const { id } of acceptance.deliveries) await target.recordAttempt(someAttempt(id, 1))
}

/** Claims everything pending in batches of 64 and records an accepted attempt for each. */
async function drain(target: Store): Promise<void> {
  const begun = performance.now()
  const before = performance.eventLoopUtilization()
  let count = 0
  let next = claim(target)
  for (;;) {
    const claimed = await next
    if (claimed.length === 0) break
    next = claim(target)
    count += claimed.length
    await Promise.all(claimed.map(({ id, fence }) => target.recordAttempt(someAttempt(id, fence))))
    if (count >= requestCount) break
  }
  await next
  const elapsed = performance.now() - begun
  const { active } = performance.eventLoopUtilization(before)
  print('claim 64 + attempts', [
    `${Math.round(count / (elapsed / 1000))}/s`,
    `main ${((active * 1000) / count).toFixed(1)} us`,
  ])
}

async function measureLookups(target: Store): Promise<void> {
  for (let at = 0; at < 1_000; at += 1) {
    await target.putConnection(
      {
        connectionId: `connection-${at}` as ConnectionId,
        integration: 'github-prod' as IntegrationKey,
        provider: 'github',
        connectionConfig: { installation_id: String(at) },
        metadata: {},
        tags: {},
        webhookUrlOverride: null,
        credentials: null,
      },
      Date.now(),
    )
  }
  const count = 100_000
  const begun = performance.now()
  for (let at = 0; at < count; at += 1) {
    await target.findConnections(
      {
        integration: 'github-prod' as IntegrationKey,
        field: 'connection_config.installation_id',
        values: [String(at % 1_000)],
      },
      100,
    )
  }
  print('findConnections', [`${(((performance.now() - begun) * 1000) / count).toFixed(1)} us each`])
  const statsBegun = performance.now()
  for (let at = 0; at < 1_000; at += 1) await target.stats()
  print('stats', [`${(performance.now() - statsBegun).toFixed(1)} us each`])
}

function claim(target: Store) {
  const now = Date.now()
  return target.claimDueDeliveries({ destination: APP, now, limit: 64, leaseUntil: now + LEASE_MS })
}

function someAcceptance(isLeased: boolean): Acceptance {
  made += 1
  const suffix = made.toString(16).padStart(12, '0')
  const eventId = `evt_0190000000007000800000${suffix}` as EventId
  const connectionId = `connection-${Math.floor(Math.random() * connectionCount)}` as ConnectionId
  const now = Date.now()
  const bytes = Buffer.from(body)
  return {
    request: {
      id: `req_0190000000007000800000${suffix}` as RequestId,
      integration: 'github-prod' as IntegrationKey,
      provider: 'github',
      receivedAt: now,
      method: 'POST',
      target: '/webhook/github-prod',
      headers: {
        host: 'hooks.example.com',
        'user-agent': 'GitHub-Hookshot/044aadd',
        'content-length': '1024',
        accept: '*/*',
        'content-type': 'application/json',
        'x-github-delivery': `72d3162e-cc78-11e3-81ab-${suffix}`,
        'x-github-event': 'push',
        'x-github-hook-id': '292430182',
        'x-hub-signature-256': 'sha256=d57c68ca6f92289e6987922ff26938930f6e66a2d161ef06abdf1859230aa23c',
      },
      body: bytes,
      remoteAddress: '127.0.0.1',
      answerStatus: 200,
      durationMs: 1.25,
    },
    scheme: 'sha256',
    secretFingerprint: 'abcdef01',
    clockSkewMs: null,
    events: [
      {
        id: eventId,
        position: 0,
        type: 'push',
        dedupeKey: `72d3162e-cc78-11e3-81ab-${suffix}`,
        occurredAt: now,
        match: { kind: 'matched', connections: [connectionId], field: 'connection_config.installation_id' },
      },
    ],
    dedupe: { since: now - 86_400_000 },
    payload: {
      kind: 'json',
      bytes,
      batchPath: null,
      contentType: 'application/json',
      headers: { 'x-github-event': 'push', 'x-github-delivery': `72d3162e-cc78-11e3-81ab-${suffix}` },
    },
    deliveries: [
      {
        id: `dlv_0190000000007000800000${suffix}` as DeliveryId,
        destination: APP,
        connectionId,
        body: 'wrapped',
        eventIds: [eventId],
        positions: null,
        urlOverride: null,
      },
    ],
    leaseUntil: isLeased ? now + LEASE_MS : null,
    leasedDestinations: new Set([APP]),
    problems: [],
  }
}

function someAttempt(deliveryId: DeliveryId, fence: number): Parameters<Store['recordAttempt']>[0] {
  return {
    id: `att${deliveryId.slice(3)}` as AttemptId,
    deliveryId,
    fence,
    startedAt: Date.now(),
    trigger: 'auto',
    url: 'https://app.example.com/webhooks',
    outcome: { kind: 'accepted', status: 200, durationMs: 3.2, responseHead: '{"ok":true}' },
    next: { kind: 'done' },
  }
}

function print(name: string, figures: readonly string[]): void {
  console.log(`${name.padEnd(26)}${figures.map((figure) => figure.padEnd(16)).join('')}`)
}
