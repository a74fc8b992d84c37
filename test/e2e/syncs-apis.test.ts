/** Syncs of a running gateway against four paginated APIs, declared in its configuration: pages, limits, faults, credentials. */
import { readFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import type { Fault } from '../support/provider-apis.ts'
import { createSyncWorld, shareSyncWorld } from '../support/sync-world.ts'

const SECRETS = 'secrets: { webhook_secret: [a secret that nobody uses here] }'

const apis = [
  {
    name: 'hubspot',
    sync: `
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 3 } }
        pages: { next: response.body.paging.next.after, into: query.after }
        records: 'response.body.results.{ "id": id, "name": properties.firstname }'`,
    credentials: { access_token: 'good-token' },
    first: { id: '1', name: 'item 1' },
  },
  {
    name: 'github',
    sync: `
        request:
          get: "{url}/repos/{connection.connection_config.owner}/{connection.connection_config.repo}/issues"
          query: { per_page: 3, since: checkpoint.updated_at }
        pages: { link: next }
        records: { list: response.body, map: '{ "id": item.number, "name": item.title, "updated_at": item.updated_at }' }
        checkpoint: { updated_at: $max(records.updated_at) }`,
    credentials: { access_token: 'good-token' },
    first: { id: 1, name: 'item 1', updated_at: '2026-01-01T00:01:00.000Z' },
  },
  {
    name: 'stripe',
    sync: `
        auth: basic
        request: { get: "{url}/v1/charges", query: { limit: 3 } }
        pages: { next: "response.body.data[-1].id", into: query.starting_after, more: response.body.has_more }
        records: { list: response.body.data, map: '{ "id": item.id, "name": item.description }' }`,
    credentials: { username: 'good-token', password: '' },
    first: { id: 'ch_7', name: 'item 7' },
  },
  {
    name: 'shopify',
    sync: `
        auth: { header: X-Shopify-Access-Token }
        request: { get: "{url}/admin/api/2026-01/products.json", query: { limit: 3, updated_at_min: checkpoint.updated_at } }
        pages: { link: next }
        records: { list: response.body.products, map: '{ "id": item.id, "name": item.title }' }
        checkpoint: { updated_at: $max(response.body.products.updated_at) }`,
    credentials: { apiKey: 'good-token' },
    first: { id: 1, name: 'item 1' },
  },
]

/** The contacts of HubSpot, three to a page. */
const contacts = (key: string, more = ''): string => `
  ${key}:
    provider: github
    ${SECRETS}
    syncs:
      contacts:
        model: Contact
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 3 } }
        pages: { next: response.body.paging.next.after, into: query.after }
        records: 'response.body.results.{ "id": id, "name": properties.firstname }'
${more}`

const OAUTH = '        auth: { oauth2: { token_url: "{url}/oauth/token" } }'

/** The client's id and secret, and where the app is told. */
const client = (configuration: string): string =>
  configuration.replace(
    SECRETS,
    'secrets: { webhook_secret: [a secret that nobody uses here], client_secret: [the-secret] }\n    options: { client_id: the-client }\n    forward: [app]',
  )

const share = shareSyncWorld(
  [
    ...apis.map(
      ({ name, sync }) => `
  ${name}:
    provider: github
    ${SECRETS}
    syncs:
      contacts:
        model: Contact${sync}
`,
    ),
    contacts('faults'),
    contacts('changes'),
    client(contacts('client', OAUTH)),
    client(contacts('dead', OAUTH)),
  ].join(''),
)

beforeEach(() => {
  share.world.apis.items.clear()
  share.world.apis.beforeAnswer(() => undefined)
})

test('keeps all records of four paginated APIs', async () => {
  const { world } = share
  world.apis.fill(7)
  const config = { owner: 'octo', repo: 'cat' }
  for (const { name, credentials } of apis) await world.connect({ integration: name, credentials, config })
  for (const { name, first } of apis) {
    const [run] = await world.untilEnded(1, { integration: name })
    expect(run, name).toMatchObject({
      state: 'succeeded',
      type: 'INITIAL',
      isFull: true,
      counters: { pages: 3, requests: 3, added: 7, updated: 0, skipped: 0 },
    })
    const records = await world.records({ integration: name })
    expect(new Set(records.map(({ id }) => id)).size, name).toBe(7)
    expect(records, name).toHaveLength(7)
    expect(records[0], name).toMatchObject({ id: String(first.id), action: 'ADDED', payload: first })
  }
})

test('outlasts 429, 500 and a cut connection in the middle of a run, and says how many requests it took', async () => {
  const { world } = share
  world.apis.fill(7)
  const faults = new Map<string, Fault>([
    ['after=3', { status: 429, headers: { 'retry-after': '1' } }],
    ['after=6', { status: 500 }],
    ['limit=3', 'reset'],
  ])
  world.apis.beforeAnswer(({ url }) => {
    for (const [part, fault] of faults) {
      if (!url.endsWith(part)) continue
      faults.delete(part)
      world.apis.failNext(fault)
    }
  })
  await world.connect({ integration: 'faults' })
  const [run] = await world.untilEnded(1, { integration: 'faults' })
  expect(run).toMatchObject({ state: 'succeeded', counters: { pages: 3, requests: 6, added: 7 } })
  expect(await world.records({ integration: 'faults' })).toHaveLength(7)
})

test('misses nothing and doubles nothing when items change, come and go between pages, and an answer is slow', async () => {
  const { world } = share
  const integration = 'changes'
  world.apis.fill(9)
  const held = world.apis.holdNext()
  await world.connect({ integration })
  await held.isAsked
  expect((await world.runs({ integration }))[0]).toMatchObject({ state: 'running' })
  world.apis.beforeAnswer(({ url }) => {
    if (!url.includes('after=3')) return
    world.apis.put(5, '2026-02-01T00:00:00.000Z', 'changed before its page')
    world.apis.put(2, '2026-02-01T00:00:00.000Z', 'changed after its page')
    world.apis.put(10, '2026-02-01T00:00:00.000Z', 'new')
    world.apis.items.delete('9')
  })
  held.release()
  const [run] = await world.untilEnded(1, { integration })
  expect(run).toMatchObject({ state: 'succeeded', counters: { added: 9, updated: 0 } })
  const names = new Map((await world.records({ integration })).map(({ id, payload }) => [id, payload['name']]))
  expect([...names.keys()].sort()).toEqual(['1', '10', '2', '3', '4', '5', '6', '7', '8'])
  expect(names.get('5')).toBe('changed before its page')
  expect(names.get('2')).toBe('item 2') // the next run sees it
})

test('gets a token with the credentials of the client, where the connection has none', async () => {
  const { world } = share
  world.apis.fill(2)
  world.apis.tokens.clear()
  await world.connect({ integration: 'client', credentials: { type: 'OAUTH2_CC' } })
  expect((await world.untilEnded(1, { integration: 'client' }))[0]).toMatchObject({
    state: 'succeeded',
    counters: { added: 2 },
  })
})

test('fails with what to do when credentials expired for good, tells the app, and goes on with new ones', async () => {
  const { world } = share
  const integration = 'dead'
  world.apis.fill(2)
  await world.connect({ integration, credentials: { access_token: 'dead-token', refresh_token: 'dead-refresh' } })
  expect((await world.untilEnded(1, { integration }))[0]).toMatchObject({
    state: 'failed',
    failure: { code: 'credentials_refused', hint: 'The connection has to be authorized again.' },
  })
  const told = await eventually(
    () => world.told(integration),
    (seen) => seen.length === 1,
  )
  expect(told[0]).toMatchObject({ success: false, error: { type: 'credentials_refused' } })
  expect(await world.records({ integration })).toEqual([])
  world.apis.tokens.add('authorized-again')
  await world.connect({ integration, credentials: { access_token: 'authorized-again' } })
  await world.api('/sync/trigger', {
    method: 'POST',
    body: JSON.stringify({ provider_config_key: integration, syncs: ['contacts'] }),
  })
  expect((await world.untilEnded(2, { integration }))[0]).toMatchObject({ state: 'succeeded', counters: { added: 2 } })
})

test('refreshes an expired token before it is used, uses the new one over a restart, and keeps it sealed only', async () => {
  const world = await createSyncWorld()
  world.apis.fill(4)
  world.configure(client(contacts('crm', OAUTH)))
  const gateway = await world.start()
  const expired = '2026-01-01T00:00:00.000Z'
  world.apis.tokens.clear()
  await world.connect({
    credentials: { access_token: 'expired-token', refresh_token: 'refresh-1', expires_at: expired },
  })
  const [run] = await world.untilEnded(1)
  expect(run).toMatchObject({ state: 'succeeded', counters: { added: 4 } })
  await gateway.kill('SIGTERM')
  const again = await world.start()
  await world.api('/sync/trigger', {
    method: 'POST',
    body: JSON.stringify({ provider_config_key: 'crm', syncs: ['contacts'] }),
  })
  expect((await world.untilEnded(2))[0]).toMatchObject({ state: 'succeeded', counters: { unchanged: 4 } })
  const paths = world.apis.requests.map(({ url }) => url.split('?')[0])
  expect(paths).toEqual(['/oauth/token', ...Array.from({ length: 4 }, () => '/crm/v3/objects/contacts')])
  await again.kill('SIGKILL')
  const files = ['', '-wal', '-shm'].map((suffix) => readFileSync(world.home.database + suffix, 'latin1')).join('')
  for (const secret of ['issued-token-1', 'expired-token', 'refresh-1', 'refresh-2'])
    expect(files).not.toContain(secret)
  expect(gateway.output() + again.output()).not.toMatch(/issued-token|refresh-\d|the-secret/)
})
