/** Webhooks that trigger syncs on a running gateway, and what the app gets: forwards, enriched results, sync webhooks. */
import { createHmac } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { SyncRun } from '../../src/domain/sync.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { eventually, SIGNING_SECRET } from '../support/gateway.ts'
import type { ReceivedRequest } from '../support/receiver.ts'
import { createSyncWorld, shareSyncWorld, WEBHOOK_SECRET } from '../support/sync-world.ts'

const integration = (key: string, on: string, more = ''): string => `
  ${key}:
    provider: github
    secrets: { webhook_secret: [${WEBHOOK_SECRET}] }
    forward: [app]
    ${more}
    syncs:
      contacts:
        model: Contact
        coalesce: 100ms
        notify: { empty: true }
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 100 } }
        records: 'response.body.results.{ "id": id, "name": properties.firstname }'
        fetch:
          request: { get: "{url}/crm/v3/objects/contacts/{id}" }
          record: 'response.body.{ "id": id, "name": properties.firstname }'
        on: { ${on} }
`

const delivering = [
  { deliver: 'both', types: ['forward', 'sync', 'sync'] },
  { deliver: 'events', types: ['forward'] },
  { deliver: 'syncs', types: ['sync', 'sync'] },
]

const share = shareSyncWorld(
  [
    integration(
      'single',
      `contact.changed: { fetch: body.contact }, contact.sent: { upsert: '{ "id": body.contact, "name": body.name }' }, contact.gone: { delete: body.contact }`,
    ),
    ...delivering.map(({ deliver }) => integration(deliver, 'push: run', `deliver: ${deliver}`)),
    integration('enriched', 'contact.changed: { fetch: body.contact, forward: true }', 'deliver: syncs'),
  ].join(''),
)

beforeEach(() => {
  share.world.apis.items.clear()
  share.world.apis.fill(3)
})

const body = (more: Record<string, string | number>) => ({ ...more, repository: { id: 42 } })

/** A connection of the integration, with its cache filled. */
async function connected(key: string): Promise<void> {
  await share.world.connect({ integration: key, config: { repository_id: 42 } })
  await share.world.untilEnded(1, { integration: key })
}

function receivedOf(key: string): ReceivedRequest[] {
  return share.world.app.requests.filter((request) => request.body.includes(`"providerConfigKey":"${key}"`))
}

test('makes one run of 400 webhooks, and exactly one more of those that come during a run', async () => {
  const world = await createSyncWorld()
  const clock = createFakeClock(Date.now())
  world.apis.fill(3)
  world.configure(integration('crm', 'push: run').replace('100ms', '5s'))
  await world.startHere(clock)
  await world.connect({ config: { repository_id: 42 } })
  await world.untilEnded(1)
  const send = () => world.webhook({ event: 'push', body: body({}) })
  /** Time passes until so many runs have begun. */
  const untilBegun = (count: number): Promise<readonly SyncRun[]> =>
    eventually(
      () => {
        clock.advance(1_000)
        return world.runs()
      },
      (runs) => runs.length === count,
    )
  for (let sent = 0; sent < 400; sent += 50)
    expect(new Set(await Promise.all(Array.from({ length: 50 }, send)))).toEqual(new Set([200]))
  await untilBegun(2)
  expect((await world.untilEnded(2))[0]).toMatchObject({ cause: 'webhook', triggers: 400, state: 'succeeded' })

  const held = world.apis.holdNext()
  await send()
  await untilBegun(3)
  await held.isAsked
  for (let sent = 0; sent < 5; sent += 1) await send()
  clock.advance(10_000)
  world.apis.put(1, '2026-02-01T00:00:00.000Z', 'changed during the run')
  expect((await world.runs())[0]).toMatchObject({ state: 'running', triggers: 1 })
  held.release()
  await untilBegun(4)
  expect((await world.untilEnded(4)).slice(0, 2)).toMatchObject([{ triggers: 5 }, { triggers: 1 }])
  expect((await world.records()).find(({ id }) => id === '1')?.payload['name']).toBe('changed during the run')
}, 60_000)

test('fetches, upserts and deletes single records straight from webhooks, each in a WEBHOOK run', async () => {
  const { world } = share
  const place = { integration: 'single' }
  await connected('single')
  const calls = world.apis.requests.length
  world.apis.put(2, '2026-02-01T00:00:00.000Z', 'fetched')
  await world.webhook({ ...place, event: 'contact', body: body({ action: 'changed', contact: 2 }) })
  await world.untilEnded(2, place)
  await world.webhook({ ...place, event: 'contact', body: body({ action: 'sent', contact: 9, name: 'pushed' }) })
  await world.untilEnded(3, place)
  await world.webhook({ ...place, event: 'contact', body: body({ action: 'gone', contact: 3 }) })
  const runs = await world.untilEnded(4, place)
  expect(runs.slice(0, 3)).toMatchObject([
    { type: 'WEBHOOK', triggers: 1, counters: { added: 0, updated: 0, deleted: 1, requests: 0 } },
    { type: 'WEBHOOK', triggers: 1, counters: { added: 1, updated: 0, deleted: 0, requests: 0 } },
    { type: 'WEBHOOK', triggers: 1, counters: { added: 0, updated: 1, deleted: 0, requests: 1 } },
  ])
  expect(world.apis.requests.slice(calls).map(({ url }) => url)).toEqual(['/crm/v3/objects/contacts/2'])
  expect((await world.records(place)).map(({ id, action, payload }) => [id, action, payload['name']])).toEqual([
    ['1', 'ADDED', 'item 1'],
    ['2', 'UPDATED', 'fetched'],
    ['9', 'ADDED', 'pushed'],
    ['3', 'DELETED', 'item 3'],
  ])
})

for (const { deliver, types } of delivering) {
  test(`sends the app what deliver: ${deliver} says`, async () => {
    const { world } = share
    await connected(deliver)
    await world.webhook({ integration: deliver, event: 'push', body: body({ hello: 'app' }) })
    await world.untilEnded(2, { integration: deliver })
    const stored = async (): Promise<string[]> => {
      const answer = await world.api(`/api/v1/deliveries?integration=${deliver}`)
      const { deliveries } = (await answer.json()) as { deliveries: { state: string }[] }
      return deliveries.map(({ state }) => state)
    }
    await eventually(stored, (states) => states.length > 0 && states.every((state) => state === 'delivered'))
    const received = receivedOf(deliver).map((request) => JSON.parse(request.body.toString()) as { type: string })
    expect(received.map(({ type }) => type).sort()).toEqual(types)
  })
}

test('tells the app of runs in signed messages of type sync, as the peer writes them', () => {
  const { world } = share
  const common = {
    connectionId: 'acme',
    providerConfigKey: 'both',
    syncName: 'contacts',
    model: 'Contact',
    success: true,
  }
  expect(world.told('both')).toMatchObject([
    {
      ...common,
      from: 'github',
      syncType: 'INITIAL',
      responseResults: { added: 3, updated: 0, deleted: 0 },
      modifiedAfter: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    },
    { ...common, responseResults: { added: 0, updated: 0, deleted: 0 } },
  ])
  for (const message of receivedOf('both')) {
    const expected = createHmac('sha256', SIGNING_SECRET).update(message.body).digest('hex')
    expect(message.headers['x-nango-hmac-sha256']).toBe(expected)
    expect(message.headers['webhook-signature']).toMatch(/^v1,/)
  }
})

test('forwards the enriched record in place of the thin event', async () => {
  const { world } = share
  await connected('enriched')
  world.apis.put(2, '2026-02-01T00:00:00.000Z', 'enriched')
  await world.webhook({ integration: 'enriched', event: 'contact', body: body({ action: 'changed', contact: 2 }) })
  const isForward = (request: ReceivedRequest): boolean =>
    request.body.includes('"enriched"') && request.body.includes('"type":"forward"')
  const forward = await world.app.waitFor(isForward)
  expect(JSON.parse(forward.body.toString())).toEqual({
    from: 'github',
    providerConfigKey: 'enriched',
    type: 'forward',
    connectionId: 'acme',
    payload: { id: '2', name: 'enriched' },
  })
  expect(receivedOf('enriched').filter(isForward)).toHaveLength(1)
})
