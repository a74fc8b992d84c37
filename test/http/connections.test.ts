import { Nango } from '@nangohq/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addConnection, type ApiInit, type Harness, jsonBody, KEY, startHarness } from './harness.ts'

let harness: Harness
let client: Nango
beforeEach(async () => {
  harness = await startHarness()
  client = new Nango({ host: harness.url, apiKey: KEY })
})
afterEach(() => harness.stop())

const patch = (value: unknown): ApiInit => ({ ...jsonBody(value), method: 'PATCH' })

test('a connection is made, and shown as it was made', async () => {
  const input = {
    connection_id: 'customer-7',
    provider_config_key: 'shop',
    connection_config: { subdomain: 'acme', team: { id: 7 } },
    metadata: { storeId: 's1' },
    tags: { plan: 'gold' },
    webhook_url_override: 'https://app.example/custom',
    credentials: { type: 'API_KEY', apiKey: 'hunter2' },
  }
  const { status, json } = await harness.api('/connections', jsonBody(input))
  expect(status).toBe(201)
  const { credentials: given, ...shown } = input
  expect(json).toMatchObject({
    ...shown,
    provider: 'acme',
    created_at: '2026-03-02T10:00:00.000Z',
    credentials: {},
    errors: [],
    end_user: null,
  })
  expect(json.id).toSatisfy(Number.isSafeInteger)
  expect((await harness.api('/connections/customer-7?provider_config_key=shop')).json).toEqual(json)
  expect(JSON.stringify(json)).not.toContain(given.apiKey)
  expect(Buffer.from(harness.connections.get('shop/customer-7')!.credentials!).toString()).toBe('sealed:type,apiKey')
})

test('a connection made without a name gets one', async () => {
  const { json } = await harness.api('/connections', jsonBody({ provider_config_key: 'shop' }))
  expect(json).toMatchObject({
    connection_id: 'made-up-id',
    connection_config: {},
    metadata: {},
    tags: {},
    webhook_url_override: null,
  })
})

test('a connection made again is replaced', async () => {
  await addConnection(harness, { connection_id: 'a', metadata: { x: 1 } })
  const { status, json } = await harness.api(
    '/connections',
    jsonBody({ connection_id: 'a', provider_config_key: 'shop' }),
  )
  expect([status, json.metadata]).toEqual([200, {}])
})

test('ids beyond 2^53 keep every digit', async () => {
  const body =
    '{"provider_config_key":"shop","connection_id":"big","connection_config":{"installation_id":12345678901234567890,"small":42}}'
  const { json } = await harness.api('/connections', jsonBody(body))
  expect(json.connection_config).toEqual({ installation_id: '12345678901234567890', small: 42 })
})

test('an end user becomes tags, and is shown as one', async () => {
  const { json } = await harness.api(
    '/connections',
    jsonBody({
      provider_config_key: 'shop',
      end_user: { id: 'u1', email: 'u@example.com', organization: { id: 'o1' } },
      tags: { plan: 'gold' },
    }),
  )
  expect(json.tags).toEqual({ end_user_id: 'u1', end_user_email: 'u@example.com', organization_id: 'o1', plan: 'gold' })
  expect(json.end_user).toEqual({
    id: 'u1',
    email: 'u@example.com',
    display_name: null,
    tags: null,
    organization: { id: 'o1', display_name: null },
  })
})

test('a change replaces what it names and nothing else', async () => {
  await addConnection(harness, {
    connection_id: 'a',
    metadata: { x: 1 },
    tags: { t: '1' },
    webhook_url_override: 'https://a.example',
  })
  const { status, json } = await harness.api(
    '/connections/a?provider_config_key=shop',
    patch({ tags: { t: '2' }, webhook_url_override: null }),
  )
  expect([status, json]).toEqual([200, { success: true }])
  expect((await harness.api('/connections/a?provider_config_key=shop')).json).toMatchObject({
    metadata: { x: 1 },
    tags: { t: '2' },
    webhook_url_override: null,
  })
})

test('a connection that is removed is gone', async () => {
  await addConnection(harness, { connection_id: 'a' })
  expect((await harness.api('/connections/a?provider_config_key=shop', { method: 'DELETE' })).json).toEqual({
    success: true,
  })
  expect((await harness.api('/connections/a?provider_config_key=shop', { method: 'DELETE' })).status).toBe(404)
})

test('the list can be followed by cursor to its end', async () => {
  for (const id of ['a', 'b', 'c', 'd', 'e']) await addConnection(harness, { connection_id: id })
  const seen: string[] = []
  let cursor: unknown = ''
  do {
    const { json } = await harness.api(`/connections?limit=2&cursor=${String(cursor)}`)
    seen.push(...(json.connections as { connection_id: string }[]).map((one) => one.connection_id))
    cursor = json.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual(['e', 'd', 'c', 'b', 'a'])
})

const lists = [
  { query: 'page=1&limit=2', ids: ['c', 'b'] },
  { query: 'page=9&limit=2', ids: [] },
  { query: 'integrationId=shop-eu', ids: ['eu'] },
  { query: 'integrationId=shop-eu,shop&limit=2', ids: ['eu', 'd'] },
  { query: 'connectionId=b', ids: ['b'] },
  { query: 'search=e', ids: ['eu'] },
  { query: 'endUserId=u1', ids: ['d', 'a'] },
  { query: 'tags%5Bend_user_id%5D=u1&limit=1', ids: ['d'] },
  { query: 'endUserOrganizationId=o1', ids: ['a'] },
  { query: 'tags[plan]=none', ids: [] },
]
for (const { query, ids } of lists) {
  test(`lists by ${query}`, async () => {
    await addConnection(harness, { connection_id: 'a', tags: { End_User_Id: 'u1', organization_id: 'o1' } })
    await addConnection(harness, { connection_id: 'b' })
    await addConnection(harness, { connection_id: 'c' })
    await addConnection(harness, { connection_id: 'd', tags: { end_user_id: 'u1' } })
    await harness.api('/connections', jsonBody({ connection_id: 'eu', provider_config_key: 'shop-eu' }))
    const { json } = await harness.api(`/connections?${query}`)
    expect((json.connections as { connection_id: string }[]).map((one) => one.connection_id)).toEqual(ids)
  })
}

test('the peer’s client lists, reads and removes connections', async () => {
  for (let at = 0; at < 250; at += 1) await addConnection(harness, { connection_id: `c${at}`, metadata: { at } })
  expect((await client.listConnections({})).connections).toHaveLength(250)
  const { connections } = await client.listConnections({
    connectionId: 'c7',
    integrationId: 'shop',
    limit: 10,
  })
  expect(connections).toMatchObject([
    { connection_id: 'c7', provider_config_key: 'shop', provider: 'acme', metadata: { at: 7 }, errors: [] },
  ])
  expect(await client.getConnection('shop', 'c7')).toMatchObject({
    connection_id: 'c7',
    provider_config_key: 'shop',
    metadata: { at: 7 },
  })
  await client.deleteConnection('shop', 'c7')
  await expect(client.getConnection('shop', 'c7')).rejects.toMatchObject({
    response: { status: 404, data: { error: { code: 'connection_unknown' } } },
  })
})

test('the peer’s client sets, merges and reads metadata, of one connection and of many', async () => {
  await addConnection(harness, { connection_id: 'a' })
  await addConnection(harness, { connection_id: 'b', metadata: { keep: true } })
  const set = await client.setMetadata('shop', 'a', { x: 1 })
  expect([set.status, set.data]).toEqual([201, { connection_id: 'a', provider_config_key: 'shop', metadata: { x: 1 } }])
  expect((await client.updateMetadata('shop', ['a', 'b'], { y: 2 })).data.connection_id).toEqual(['a', 'b'])
  expect(await client.getMetadata('shop', 'a')).toEqual({ x: 1, y: 2 })
  expect(await client.getMetadata('shop', 'b')).toEqual({ keep: true, y: 2 })
  await client.setMetadata('shop', 'b', { z: 3 })
  expect(await client.getMetadata('shop', 'b')).toEqual({ z: 3 })
})

test('metadata of many is changed for all or for none', async () => {
  await addConnection(harness, { connection_id: 'a' })
  await expect(client.updateMetadata('shop', ['a', 'nope'], { y: 2 })).rejects.toMatchObject({
    response: { status: 404 },
  })
  expect(await client.getMetadata('shop', 'a')).toEqual({})
})

test('the peer’s client patches a connection, and lists integrations and providers', async () => {
  await addConnection(harness, { connection_id: 'a' })
  await client.patchConnection({ connectionId: 'a', provider_config_key: 'shop' }, { end_user: { id: 'u9' } })
  expect((await client.getConnection('shop', 'a')).end_user).toMatchObject({ id: 'u9' })
  expect((await client.listIntegrations()).configs.map((one) => one.unique_key)).toContain('shop')
  expect((await client.getIntegration({ uniqueKey: 'shop' }, { include: ['webhook'] })).data.webhook_url).toContain(
    '/webhook/shop',
  )
  expect((await client.listProviders({})).data.map((one) => one.name)).toEqual(['acme', 'globex'])
  expect((await client.getProvider({ provider: 'acme' })).data.display_name).toBe('Acme')
})

const deep = '{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)
const badBodies = [
  { name: 'nothing', body: '', message: /JSON/ },
  { name: 'what is no JSON', body: '{"a":', message: /not valid JSON/ },
  { name: 'a list', body: '[]', message: /not a JSON object/ },
  { name: 'a text', body: '"x"', message: /not a JSON object/ },
  { name: 'null', body: 'null', message: /not a JSON object/ },
  { name: 'bytes that are no UTF-8', body: Buffer.from([0x7b, 0xff, 0x7d]), message: /UTF-8/ },
  {
    name: 'an unknown member, with the one that was meant',
    body: '{"provider_config_keys":"shop"}',
    message: /unknown member "provider_config_keys"/,
    hint: /"provider_config_key"/,
  },
  {
    name: 'the member __proto__',
    body: '{"provider_config_key":"shop","metadata":{"__proto__":{"x":1}}}',
    message: /__proto__/,
  },
  {
    name: 'the member __proto__ at the top',
    body: '{"__proto__":{"provider_config_key":"shop"}}',
    message: /__proto__/,
  },
  {
    name: 'a depth beyond sense',
    body: `{"provider_config_key":"shop","metadata":${deep}}`,
    message: /nests|not valid JSON|larger/,
    status: [400, 413],
  },
  { name: 'no integration', body: '{}', message: /no "provider_config_key"/ },
  { name: 'an integration that is a number', body: '{"provider_config_key":7}', message: /must be a text/ },
  {
    name: 'an unknown integration, with the one that was meant',
    body: '{"provider_config_key":"shp"}',
    status: [404],
    code: 'integration_unknown',
    message: /"shp"/,
    hint: /"shop"/,
  },
  {
    name: 'an empty name',
    body: '{"provider_config_key":"shop","connection_id":""}',
    message: /"connection_id" must be a text/,
  },
  {
    name: 'a name of absurd length',
    body: `{"provider_config_key":"shop","connection_id":"${'x'.repeat(256)}"}`,
    message: /1 to 255/,
  },
  {
    name: 'a name with a slash',
    body: '{"provider_config_key":"shop","connection_id":"a/b"}',
    message: /cannot stand in a URL/,
  },
  {
    name: 'a name with a line break',
    body: '{"provider_config_key":"shop","connection_id":"a\\nb"}',
    message: /cannot stand in a URL/,
  },
  { name: 'a reserved name', body: '{"provider_config_key":"shop","connection_id":"metadata"}', message: /reserved/ },
  {
    name: 'metadata that is a list',
    body: '{"provider_config_key":"shop","metadata":[]}',
    message: /"metadata" must be an object, not a list/,
  },
  {
    name: 'tags that are no texts',
    body: '{"provider_config_key":"shop","tags":{"a":1}}',
    message: /"tags.a" must be a text/,
  },
  {
    name: 'an override that is no URL',
    body: '{"provider_config_key":"shop","webhook_url_override":"app"}',
    message: /not a URL/,
  },
  {
    name: 'an override to a file',
    body: '{"provider_config_key":"shop","webhook_url_override":"file:///etc/passwd"}',
    message: /not a URL/,
  },
  {
    name: 'an override with a password',
    body: '{"provider_config_key":"shop","webhook_url_override":"https://u:hunter2@a.example"}',
    message: /user name or password/,
  },
  {
    name: 'a body beyond 1 MB',
    body: `{"provider_config_key":"shop","metadata":{"x":"${'x'.repeat(1_100_000)}"}}`,
    status: [413],
    code: 'body_too_large',
    message: /larger/,
  },
] as { name: string; body: string | Buffer; message: RegExp; hint?: RegExp; status?: number[]; code?: string }[]
for (const { name, body, message, hint, status = [400], code } of badBodies) {
  test(`refuses ${name}, and the next request works`, async () => {
    const answer = await harness.api('/connections', { method: 'POST', body })
    expect(status).toContain(answer.status)
    const { error } = answer.json as { error: { code: string; message: string; hint?: string } }
    expect(error.message).toMatch(message)
    if (status.length === 1) expect(error.code).toBe(code ?? 'api_invalid_input')
    if (hint !== undefined) expect(error.hint).toMatch(hint)
    expect(JSON.stringify(answer.json)).not.toContain('hunter2')
    expect(harness.connections.size).toBe(0)
    expect((await harness.api('/connections')).status).toBe(200)
  })
}

const badPaths = [
  { name: 'a connection without its integration', path: '/connections/a', message: /no "provider_config_key"/ },
  { name: 'two integrations', path: '/connections/a?provider_config_key=shop&provider_config_key=b', message: /twice/ },
  { name: 'page and cursor together', path: '/connections?page=1&cursor=x', message: /both/ },
  { name: 'a list beyond the bound', path: '/connections?limit=10001', message: /"limit"/ },
  { name: 'an unknown parameter', path: '/connections?integration=shop', message: /unknown parameter "integration"/ },
]
for (const { name, path, message } of badPaths) {
  test(`refuses ${name}`, async () => {
    const { status, json } = await harness.api(path)
    expect(status).toBe(400)
    expect((json.error as { message: string }).message).toMatch(message)
  })
}

for (const { name, ids } of [
  { name: 'no connection', ids: [] },
  { name: 'connections that are numbers', ids: [1] },
  { name: 'too many connections', ids: Array.from({ length: 1_001 }, (_, at) => `c${at}`) },
]) {
  test(`metadata of ${name} is refused`, async () => {
    const { status } = await harness.api(
      '/connections/metadata',
      jsonBody({ provider_config_key: 'shop', connection_id: ids, metadata: {} }),
    )
    expect(status).toBe(400)
  })
}
