/**
 * Makes a database that looks as if the gateway had been running for a while: connections, and events that were accepted and delivered.
 * It goes through the store itself, so that what it makes is what the gateway makes, whatever the schema: 1,000,000 events take a minute
 * or two, most of it SQLite's own work.
 */
import type { ConnectionId, DestinationName, IntegrationKey } from '../src/domain/ids.ts'
import type { Acceptance, AttemptRecord } from '../src/engine/ports.ts'
import { githubBody } from './signed-messages.ts'

export interface FillOrder {
  readonly databaseFile: string
  readonly connections: number
  readonly events: number
}

/** The connection with this number is found by this identifier; all have the same number of digits. */
export function repositoryOf(connection: number): number {
  return 1_000_000 + connection
}

const IN_FLIGHT = 1_024
const APP = 'app' as DestinationName
const GITHUB = 'github' as IntegrationKey
const LEASE_MS = 3_600_000

export async function fill({ databaseFile, connections, events }: FillOrder): Promise<void> {
  const { openSqliteStore } = (await import(
    new URL('../dist/store/sqlite/open.js', import.meta.url).href
  )) as typeof import('../src/store/sqlite/open.ts')
  const store = await openSqliteStore({
    path: databaseFile,
    now: Date.now,
    maxPendingBytes: 2 ** 30,
    onProblem: (name, facts) => console.error(name, facts),
  })
  try {
    await many(connections, async (number) => {
      await store.putConnection(
        {
          connectionId: connectionOf(number),
          integration: GITHUB,
          provider: 'github',
          connectionConfig: { repository_id: String(repositoryOf(number)) },
          metadata: {},
          tags: {},
          webhookUrlOverride: null,
          credentials: null,
        },
        Date.now(),
      )
    })
    await many(events, async (number) => {
      const acceptance = acceptanceOf(number, number % connections)
      await store.acceptRequest(acceptance)
      const isRecorded = await store.recordAttempt(attemptOf(acceptance))
      if (!isRecorded) throw new Error('an attempt was not recorded')
    })
  } finally {
    await store.close()
  }
}

/** Keeps some under way until all are done. */
async function many(count: number, make: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await make(next++)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

function connectionOf(number: number): ConnectionId {
  return `customer-${number}` as ConnectionId
}

function acceptanceOf(number: number, connection: number): Acceptance {
  const suffix = number.toString(16).padStart(12, '0')
  const eventId = `evt_0190000000007000800000${suffix}` as Acceptance['events'][number]['id']
  const now = Date.now()
  const body = Buffer.from(githubBody(1024, repositoryOf(connection)))
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'bench',
    'x-github-event': 'push',
    'x-github-delivery': `before-${suffix}`,
  }
  return {
    request: {
      id: `req_0190000000007000800000${suffix}` as Acceptance['request']['id'],
      integration: GITHUB,
      provider: 'github',
      receivedAt: now,
      method: 'POST',
      target: '/webhook/github',
      headers: { ...headers, accept: '*/*', host: '127.0.0.1', 'content-length': String(body.length) },
      body,
      remoteAddress: '127.0.0.1',
      answerStatus: 200,
      durationMs: 1,
    },
    scheme: 'sha256',
    secretFingerprint: 'abcdef01',
    clockSkewMs: null,
    events: [
      {
        id: eventId,
        position: 0,
        type: 'push',
        dedupeKey: headers['x-github-delivery'],
        occurredAt: null,
        match: { kind: 'matched', connections: [connectionOf(connection)], field: 'connection_config.repository_id' },
      },
    ],
    dedupe: { since: now - 86_400_000 },
    payload: { kind: 'json', bytes: body, batchPath: null, contentType: 'application/json', headers },
    deliveries: [
      {
        id: `dlv_0190000000007000800000${suffix}` as Acceptance['deliveries'][number]['id'],
        destination: APP,
        connectionId: connectionOf(connection),
        body: 'wrapped',
        eventIds: [eventId],
        positions: null,
        urlOverride: null,
      },
    ],
    leaseUntil: now + LEASE_MS,
    leasedDestinations: new Set([APP]),
    problems: [],
  }
}

function attemptOf({ deliveries }: Acceptance): AttemptRecord {
  const { id } = deliveries[0]!
  return {
    id: `att${id.slice(3)}` as AttemptRecord['id'],
    deliveryId: id,
    fence: 1,
    startedAt: Date.now(),
    trigger: 'auto',
    url: 'https://app.example.com/webhooks',
    outcome: { kind: 'accepted', status: 200, durationMs: 3, responseHead: '' },
    next: { kind: 'done' },
  }
}
