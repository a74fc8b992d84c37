import { afterEach, beforeEach, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import { type Harness, jsonBody, KEY, startHarness } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await startHarness()
})
afterEach(() => harness.stop())

const guarded = [
  '/connections',
  '/connections/x',
  '/integrations',
  '/providers',
  '/records',
  '/sync/status',
  '/api/v1/syncs',
  '/api/v1/sync-runs',
  '/api/v1/missed-webhooks',
  '/api/v1/requests',
  '/api/v1/stats',
  '/metrics',
]
for (const path of guarded) {
  for (const { name, authorization } of [
    { name: 'no key', authorization: undefined },
    { name: 'a wrong key', authorization: 'Bearer nope' },
    { name: 'the key without its scheme', authorization: KEY },
  ]) {
    test(`${path} refuses ${name}`, async () => {
      const response = await fetch(
        harness.url + path,
        authorization === undefined ? {} : { headers: { authorization } },
      )
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      const text = await response.text()
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'api_unauthorized' } })
      expect(text).not.toContain(KEY)
    })
  }
}

test('a body is not read before the key is looked at', async () => {
  const response = await fetch(`${harness.url}/connections`, jsonBody('{"broken'))
  expect(response.status).toBe(401)
})

test('answers of the API are not to be kept, guessed at or shown in a page', async () => {
  const { headers } = await harness.api('/api/v1/stats')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-type')).toMatch(/^application\/json/)
})

const unrouted = [
  '/',
  '/nope',
  '/api/v1',
  '/api/v1/nope',
  '/connections/a/b',
  '/webhook',
  '/webhook/a/b/c',
  '//connections',
  '/__proto__',
  '/%2e%2e/etc/passwd',
]
for (const path of unrouted) {
  test(`there is nothing at ${path}`, async () => {
    const { status, json } = await harness.api(path)
    expect(status).toBe(404)
    expect(json).toMatchObject({ error: { code: 'route_unknown' } })
  })
}

test('a method that a path does not have is refused with those it has', async () => {
  const { status, headers, json } = await harness.api('/connections', { method: 'PUT' })
  expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  expect(json).toMatchObject({ error: { code: 'method_unsupported', hint: 'Use one of GET, HEAD, POST.' } })
})

test('OPTIONS tells the methods of a path', async () => {
  const { status, headers } = await harness.api('/api/v1/deliveries/dlv_1/replay', { method: 'OPTIONS' })
  expect([status, headers.get('allow')]).toEqual([204, 'POST, OPTIONS'])
})

test('HEAD is GET without the body', async () => {
  const { status, headers, json } = await harness.api('/api/v1/stats', { method: 'HEAD' })
  expect([status, json]).toEqual([200, {}])
  expect(Number(headers.get('content-length'))).toBeGreaterThan(10)
})

test('the process says that it lives, to everybody, and even when nothing else works', async () => {
  harness.set.readiness = () => Promise.reject(new Error('no'))
  const response = await fetch(`${harness.url}/healthz`)
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
})

test('readiness is open, but what is wrong is told only with the key', async () => {
  harness.set.readiness = () =>
    Promise.resolve({ ready: false, checks: [{ name: 'store', ok: false, detail: '/data/postern.db is read-only' }] })
  const response = await fetch(`${harness.url}/readyz`)
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, checks: [{ name: 'store', ok: false }] },
  ])
  const { status, json } = await harness.api('/readyz')
  expect([status, json]).toEqual([
    503,
    { ready: false, checks: [{ name: 'store', ok: false, detail: '/data/postern.db is read-only' }] },
  ])
})

test('ready is 200', async () => {
  expect((await fetch(`${harness.url}/readyz`)).status).toBe(200)
})

test('metrics are text', async () => {
  const response = await fetch(`${harness.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } })
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'postern_up 1\n',
  ])
})

const failures = [
  {
    name: 'a store that cannot be read',
    error: new GatewayError({ code: 'store_unavailable', message: 'Try again.', cause: new Error('private') }),
    status: 503,
    code: 'store_unavailable',
  },
  { name: 'a fault', error: new TypeError('private'), status: 500, code: 'internal_error' },
  { name: 'a rejection that is no error', error: 'private', status: 500, code: 'internal_error' },
  {
    name: 'an error of somebody else that calls itself public',
    error: Object.assign(new Error('private'), { status: 200, expose: true }),
    status: 500,
    code: 'internal_error',
  },
]
for (const { name, error, status, code } of failures) {
  test(`${name} is ${status} and tells nothing private`, async () => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    harness.set.listRequests = () => Promise.reject(error)
    const answer = await harness.api('/api/v1/requests')
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ error: { code } })
    expect(JSON.stringify(answer.json)).not.toContain('private')
    expect(harness.journal).toHaveLength(1)
    expect((await harness.api('/api/v1/stats')).status).toBe(200)
  })
}

test('integrations are listed as the peer’s clients expect, and no token among them', async () => {
  const { json } = await harness.api('/integrations')
  const data = json.data as Record<string, unknown>[]
  expect(data.map(({ unique_key: key }) => key)).toEqual(['shop', 'shop-eu', 'guarded'])
  expect(data[0]).toMatchObject({
    unique_key: 'shop',
    provider: 'acme',
    display_name: 'Acme',
    logo: '',
    forward_webhooks: true,
    created_at: '2026-03-02T10:00:00.000Z',
    webhook_url: `${harness.url}/webhook/shop`,
  })
  expect(data[2]!.webhook_url).toBe(`${harness.url}/webhook/guarded/{ingress_token}`)
  expect(JSON.stringify(json)).not.toContain('s3cret-token')
})

test('the URL of an integration is the public one where there is one', async () => {
  harness.set.settings = { publicUrl: 'https://hooks.example' }
  const { json } = await harness.api('/integrations/shop?include=webhook&include=credentials')
  expect(json).toMatchObject({ data: { unique_key: 'shop', webhook_url: 'https://hooks.example/webhook/shop' } })
})

test('an unknown integration is 404 with the name that was meant', async () => {
  const { status, json } = await harness.api('/integrations/shopp')
  expect(status).toBe(404)
  expect(json).toMatchObject({ error: { code: 'integration_unknown', hint: 'Did you mean "shop"?' } })
})

test('providers are listed, searched and shown', async () => {
  expect((await harness.api('/providers')).json.data).toHaveLength(2)
  expect((await harness.api('/providers?search=GLOB')).json.data).toMatchObject([{ name: 'globex' }])
  expect((await harness.api('/providers/acme')).json.data).toMatchObject({
    name: 'acme',
    display_name: 'Acme',
    docs: 'https://acme.example/docs',
    secrets: { webhook_secret: { where: 'the settings page' } },
  })
  expect((await harness.api('/providers/acm')).json).toMatchObject({
    error: { code: 'provider_unknown', hint: 'Did you mean "acme"?' },
  })
})
