import { afterEach, beforeEach, expect, test } from 'vitest'
import { DELIVERY, EVENT, type Harness, REQUEST, startHarness } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await startHarness()
})
afterEach(() => harness.stop())

test('requests are listed newest first in pages', async () => {
  harness.set.listRequests = (_, { limit, after }) =>
    Promise.resolve({ items: [{ ...REQUEST, id: `req_${limit}_${after}` as never }], nextCursor: 'next-1' })
  const { json } = await harness.api('/api/v1/requests?limit=7&cursor=abc')
  expect(json).toMatchObject({ requests: [{ id: 'req_7_abc' }], next_cursor: 'next-1' })
  expect((await harness.api('/api/v1/requests')).json).toMatchObject({ requests: [{ id: 'req_50_null' }] })
})

test('a request is shown whole', async () => {
  const { json } = await harness.api('/api/v1/requests/req_1')
  expect(json).toMatchObject({
    id: 'req_1',
    received_at: '2026-03-02T10:00:00.000Z',
    outcome: 'accepted',
    answer_status: 200,
    secret_fingerprint: 'abcd1234',
    headers: { 'x-a': 'b' },
    body: { encoding: 'utf8', text: '{}' },
    events: [{ id: 'evt_1', type: 'order.paid', matched_by: 'metadata.shop' }],
    deliveries: [{ id: 'dlv_1', state: 'dead', death_reason: 'gone' }],
  })
})

test('a body that is no text comes in base64', async () => {
  expect((await harness.api('/api/v1/requests/req_binary')).json.body).toEqual({ encoding: 'base64', text: '/wA=' })
})

test('events are listed and shown', async () => {
  expect((await harness.api('/api/v1/events')).json).toMatchObject({
    events: [{ id: EVENT.id, request_id: 'req_1', dedupe_key: 'k', connections: ['c1'] }],
    next_cursor: null,
  })
  expect((await harness.api('/api/v1/events/evt_1')).json).toMatchObject({
    id: 'evt_1',
    occurred_at: null,
    status: 'matched',
  })
})

test('deliveries are listed, and shown with their attempts', async () => {
  expect((await harness.api('/api/v1/deliveries')).json).toMatchObject({
    deliveries: [{ id: DELIVERY.id, event_ids: ['evt_1'], last_status: 410 }],
  })
  expect((await harness.api('/api/v1/deliveries/dlv_1')).json).toMatchObject({
    id: 'dlv_1',
    attempts: [
      {
        id: 'att_1',
        started_at: '2026-03-02T10:00:00.000Z',
        duration_ms: 5,
        outcome: 'permanent',
        status: 410,
        response_head: 'bye',
        retry_at: null,
      },
    ],
  })
})

test('numbers are told', async () => {
  expect((await harness.api('/api/v1/stats')).json).toEqual({
    requests: { accepted: 1, duplicate: 0, refused: 2, handshake: 0 },
    deliveries: { pending: 1, in_flight: 0, delivered: 0, dead: 1, held: 0, cancelled: 0 },
    oldest_pending_at: '2026-03-02T10:00:00.000Z',
  })
})

const filters = [
  { query: 'integration=shop&connection_id=c%2F1', filter: { integration: 'shop', connectionId: 'c/1' } },
  {
    query: 'since=2026-03-02T10:00:00Z&until=1772445600001',
    filter: { since: 1_772_445_600_000, until: 1_772_445_600_001 },
  },
  { query: 'since=2026-03-02', filter: { since: Date.UTC(2026, 2, 2) } },
  { query: 'until=2026-03-02T10:00:00.5%2B02:00', filter: { until: Date.UTC(2026, 2, 2, 8, 0, 0, 500) } },
  {
    query: 'state=dead&destination=app&request_id=req_1',
    filter: { state: 'dead', destination: 'app', requestId: 'req_1' },
  },
  { query: 'state=', filter: {} },
]
for (const { query, filter } of filters) {
  test(`filters deliveries by ${query}`, async () => {
    let seen: unknown
    harness.set.listDeliveries = (given) => {
      seen = given
      return Promise.resolve({ items: [], nextCursor: null })
    }
    expect((await harness.api(`/api/v1/deliveries?${query}`)).json).toEqual({ deliveries: [], next_cursor: null })
    expect(seen).toEqual(filter)
  })
}

test('filters events by type and status, and requests by outcome', async () => {
  const seen: unknown[] = []
  const nothing = { items: [], nextCursor: null }
  harness.set.listEvents = (filter) => (seen.push(filter), Promise.resolve(nothing))
  harness.set.listRequests = (filter) => (seen.push(filter), Promise.resolve(nothing))
  await harness.api('/api/v1/events?type=order.paid&status=unmatched')
  await harness.api('/api/v1/requests?outcome=refused')
  expect(seen).toEqual([{ type: 'order.paid', status: 'unmatched' }, { outcome: 'refused' }])
})

const badQueries = [
  { name: 'a limit of zero', path: '/api/v1/requests?limit=0', message: /"limit" is "0"/, hint: /1 to 200/ },
  { name: 'a limit beyond the bound', path: '/api/v1/requests?limit=201', message: /"limit"/ },
  { name: 'a limit that is no number', path: '/api/v1/requests?limit=ten', message: /"limit" is "ten"/ },
  { name: 'a limit that is a fraction', path: '/api/v1/requests?limit=1.5', message: /"limit"/ },
  {
    name: 'a cursor that is none',
    path: '/api/v1/requests?cursor=%27%3B%20drop',
    message: /"cursor"/,
    hint: /next_cursor/,
  },
  {
    name: 'a cursor of absurd length',
    path: `/api/v1/requests?cursor=${'a'.repeat(600)}`,
    message: /"cursor" is longer/,
  },
  {
    name: 'a word that is no outcome',
    path: '/api/v1/requests?outcome=acepted',
    message: /"outcome" is "acepted"/,
    hint: /Did you mean "accepted"/,
  },
  { name: 'a word that is no state', path: '/api/v1/deliveries?state=__proto__', message: /"state"/, hint: /pending/ },
  {
    name: 'a time that is none',
    path: '/api/v1/events?since=yesterday',
    message: /"since" is "yesterday"/,
    hint: /2026-03-02T10:00:00Z/,
  },
  { name: 'a time without a zone', path: '/api/v1/events?since=2026-03-02T10:00:00', message: /"since"/ },
  { name: 'a day that does not exist', path: '/api/v1/events?until=2026-13-45', message: /"until"/ },
  {
    name: 'a filter that is mistyped',
    path: '/api/v1/deliveries?stat=dead',
    message: /unknown parameter "stat"/,
    hint: /Did you mean "state"/,
  },
  {
    name: 'a filter that comes twice',
    path: '/api/v1/requests?outcome=refused&outcome=accepted',
    message: /"outcome" twice/,
  },
  { name: 'a filter of another list', path: '/api/v1/requests?state=dead', message: /unknown parameter/ },
  { name: 'any filter where there is none', path: '/api/v1/stats?integration=shop', message: /unknown parameter/ },
]
for (const { name, path, message, hint } of badQueries) {
  test(`refuses ${name}`, async () => {
    const { status, json } = await harness.api(path)
    expect(status).toBe(400)
    const { error } = json as { error: { code: string; message: string; hint?: string } }
    expect(error.code).toBe('api_invalid_input')
    expect(error.message).toMatch(message)
    if (hint !== undefined) expect(error.hint).toMatch(hint)
  })
}

for (const { path, code } of [
  { path: '/api/v1/requests/req_9', code: 'request_unknown' },
  { path: '/api/v1/events/evt_9', code: 'event_unknown' },
  { path: '/api/v1/deliveries/dlv_9', code: 'delivery_unknown' },
  { path: '/api/v1/deliveries/%00%27', code: 'delivery_unknown' },
]) {
  test(`${path} is unknown`, async () => {
    const { status, json } = await harness.api(path)
    expect([status, (json.error as { code: string }).code]).toEqual([404, code])
  })
}

const replays = [
  {
    name: 'a delivery is due again at once',
    result: 'replayed' as const,
    status: 202,
    body: { id: 'dlv_1', state: 'pending' },
  },
  {
    name: 'one under way is not replayed',
    result: 'in_flight' as const,
    status: 409,
    body: { error: { code: 'delivery_not_replayable' } },
  },
  {
    name: 'one that does not exist is unknown',
    result: 'unknown' as const,
    status: 404,
    body: { error: { code: 'delivery_unknown' } },
  },
]
for (const { name, result, status, body } of replays) {
  test(`replay: ${name}`, async () => {
    harness.set.replay = () => Promise.resolve(result)
    const answer = await harness.api('/api/v1/deliveries/dlv_1/replay', { method: 'POST' })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject(body)
    expect(harness.replays).toEqual(['dlv_1'])
  })
}
