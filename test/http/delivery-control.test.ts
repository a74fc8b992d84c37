import { afterEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import type { DestinationName } from '../../src/domain/ids.ts'
import type { DestinationView } from '../../src/engine/forward/destinations.ts'
import type { Replay, ReplayFilter } from '../../src/engine/ports.ts'
import { DELIVERY, type Harness, startHarness } from './harness.ts'

const AT = Date.UTC(2026, 2, 2, 10)
let harness: Harness
afterEach(() => harness.stop())

async function start(given: Harness['set'] = {}): Promise<Harness> {
  harness = await startHarness(given)
  return harness
}

const VIEW: DestinationView = {
  name: 'app' as DestinationName,
  settings: {
    name: 'app' as DestinationName,
    url: 'https://app.example',
    timeoutMs: 20_000,
    concurrency: 16,
    headers: { authorization: 'secret' },
    rate: { count: 5, perMs: 1_000 },
    order: 'connection',
    transport: { cert: 'c', key: 'private key', ca: null, proxy: 'http://user:pass@proxy' },
  },
  lane: {
    destination: 'app' as DestinationName,
    waiting: 1,
    sending: 2,
    recording: 0,
    hasBacklog: true,
    nextDueAt: AT,
    gate: {
      paused: { since: AT, reason: 'migration' },
      breaker: 'open',
      breakerSince: AT,
      breakerUntil: AT + 10_000,
      heldUntil: null,
      slots: 8,
    },
  },
  deliveries: { pending: 7, in_flight: 2, delivered: 1, dead: 0, held: 0, cancelled: 0 },
  oldestPendingAt: AT,
}

describe('destinations', () => {
  test('are shown with what waits, why they wait, and without credentials', async () => {
    await start({ destinations: { list: async () => [VIEW], get: async () => VIEW } })
    const { json } = await harness.api('/api/v1/destinations')
    const [shown] = json['destinations'] as [Record<string, unknown>]
    expect(shown).toMatchObject({
      name: 'app',
      state: 'paused',
      paused: { since: '2026-03-02T10:00:00.000Z', reason: 'migration' },
      breaker: { state: 'open', until: '2026-03-02T10:00:10.000Z' },
      deliveries: { pending: 7 },
      oldest_pending_at: '2026-03-02T10:00:00.000Z',
      lane: { slots: 8, waiting: 1, sending: 2 },
      tls: true,
      proxied: true,
    })
    expect(JSON.stringify(json)).not.toMatch(/secret|private key|pass/)
    expect((await harness.api('/api/v1/destinations/app')).json).toEqual(shown)
  })

  test('are paused with a reason and resumed', async () => {
    const told: unknown[] = []
    await start({
      destinations: {
        pause: async (name, reason) => (told.push([name, reason]), { since: AT, reason }),
        resume: async (name) => (told.push(name), true),
      },
    })
    const paused = await harness.api('/api/v1/destinations/app/pause', { method: 'POST', body: '{"reason":"why"}' })
    expect(paused).toMatchObject({
      status: 200,
      json: { paused: { since: '2026-03-02T10:00:00.000Z', reason: 'why' } },
    })
    expect(await harness.api('/api/v1/destinations/app/resume', { method: 'POST' })).toMatchObject({
      status: 200,
      json: { was_paused: true },
    })
    expect(told).toEqual([['app', 'why'], 'app'])
  })

  test('show the connections that wait behind a failing delivery', async () => {
    const blocked = { integration: 'shop', connectionId: 'c1', head: DELIVERY, waiting: 4 } as never
    await start({ destinations: { listBlocked: async () => ({ items: [blocked], nextCursor: 'more' }) } })
    const { json } = await harness.api('/api/v1/destinations/app/blocked')
    expect(json).toMatchObject({
      connections: [
        { integration: 'shop', connection_id: 'c1', waiting: 4, head: { id: 'dlv_1', last_error: 'gone' } },
      ],
      next_cursor: 'more',
    })
  })
})

describe('a delivery', () => {
  for (const [verb, states] of [
    ['discard', ['dead', 'held']],
    ['skip', ['pending']],
  ] as const) {
    test(`is ended by ${verb} in the states ${states.join(' and ')}`, async () => {
      await start()
      const answer = await harness.api(`/api/v1/deliveries/dlv_1/${verb}`, { method: 'POST' })
      expect(answer).toMatchObject({ status: 200, json: { id: 'dlv_1', state: 'cancelled' } })
      expect(harness.cancels).toEqual([{ id: 'dlv_1', states }])
    })
  }

  const refusals = [
    { result: 'unknown', status: 404, code: 'delivery_unknown' },
    { result: 'in_flight', status: 409, code: 'delivery_not_cancellable' },
    { result: 'other_state', status: 409, code: 'delivery_not_cancellable' },
  ] as const
  for (const { result, status, code } of refusals) {
    test(`is not ended when it is ${result}`, async () => {
      await start({ cancel: async () => result })
      const answer = await harness.api('/api/v1/deliveries/dlv_1/discard', { method: 'POST' })
      expect(answer).toMatchObject({ status, json: { error: { code } } })
    })
  }
})

describe('replays of many', () => {
  const replay: Replay = {
    id: 'rpl_1' as never,
    state: 'planned',
    filter: { state: 'dead', since: AT },
    plan: { count: 2, oldestAt: AT, newestAt: AT, destinations: { app: 2 }, integrations: { shop: 2 } },
    createdAt: AT,
    startedAt: null,
    finishedAt: null,
    ratePerSecond: 5,
    replayed: 0,
    skipped: 0,
    cursor: 'inner',
  }
  const post = (body: unknown) => harness.api('/api/v1/replays', { method: 'POST', body: JSON.stringify(body) })

  test('are planned by a filter', async () => {
    const asked: [ReplayFilter, { ratePerSecond: number }][] = []
    await start({ replays: { plan: async (...given) => (asked.push(given), replay) } })
    const answer = await post({
      state: 'dead',
      destination: 'app',
      since: '2026-03-02T10:00:00Z',
      rate: 5,
      dry_run: true,
    })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({
      id: 'rpl_1',
      state: 'planned',
      plan: { count: 2, destinations: { app: 2 } },
      rate: 5,
    })
    expect(asked).toEqual([[{ state: 'dead', destination: 'app', since: AT }, { ratePerSecond: 5 }]])
  })

  test('are executed by their plan alone', async () => {
    const asked: unknown[] = []
    await start({ replays: { execute: async (...given) => (asked.push(given), { ...replay, state: 'running' }) } })
    expect(await post({ plan: 'rpl_1', confirm: true })).toMatchObject({ status: 202, json: { state: 'running' } })
    expect(asked).toEqual([['rpl_1', { isConfirmed: true }]])
  })

  const wrong = [
    { name: 'without a plan', body: { state: 'dead' } },
    { name: 'without a state', body: { dry_run: true } },
    { name: 'of what is under way', body: { state: 'in_flight', dry_run: true } },
    { name: 'of an unknown state', body: { state: 'daed', dry_run: true } },
    { name: 'with a filter beside the plan', body: { plan: 'rpl_1', state: 'dead' } },
    { name: 'with a mistyped member', body: { state: 'dead', destinatoin: 'app', dry_run: true } },
    { name: 'at no rate', body: { state: 'dead', rate: 0, dry_run: true } },
  ]
  for (const { name, body } of wrong) {
    test(`are refused ${name}`, async () => {
      await start()
      expect(await post(body)).toMatchObject({ status: 400, json: { error: { code: 'api_invalid_input' } } })
    })
  }

  test('say what they have come to, and are cancelled', async () => {
    await start({ replays: { get: async () => replay, list: async () => [replay], cancel: async () => replay } })
    expect((await harness.api('/api/v1/replays/rpl_1')).json).toMatchObject({ id: 'rpl_1', replayed: 0 })
    expect((await harness.api('/api/v1/replays')).json).toMatchObject({ replays: [{ id: 'rpl_1' }] })
    expect((await harness.api('/api/v1/replays/rpl_1/cancel', { method: 'POST' })).status).toBe(200)
  })

  test('that have grown are a conflict', async () => {
    const grown = new GatewayError({ code: 'replay_grown', message: 'grown', details: { planned: 1, now: 2 } })
    await start({ replays: { execute: async () => Promise.reject(grown) } })
    expect(await post({ plan: 'rpl_1' })).toMatchObject({ status: 409, json: { error: { code: 'replay_grown' } } })
  })
})

test('a store that is full of work is answered 503 with Retry-After, never a 2xx', async () => {
  const overloaded = new GatewayError({ code: 'store_overloaded', message: 'too much waits' })
  await start({ receive: async () => Promise.reject(overloaded) })
  const response = await fetch(`${harness.url}/webhook/shop`, { method: 'POST', body: '{}' })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
})
