import { createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { type FakeApi, createFakeApi } from './fake-api.ts'
import { createMemoryIo } from './memory-io.ts'

const SECRET = 'hook-secret-0123456789'
const SPEC = `
provider: acme
name: Acme
docs: https://acme.example.com/webhooks
confidence: docs
secrets:
  secret: { where: "Settings > Webhooks" }
verify:
  - scheme: hmac-sha256
    secret: secret
    signature: { header: X-Acme-Signature }
    signed: "{timestamp}.{body}"
    timestamp: { header: X-Acme-Time, unit: s }
    tolerance: 5m
event:
  type: body.type
match:
  - { field: connection_config.shop, equals: body.shop }
examples:
  - name: an order is created
    given: { connections: [{ connection_id: shop-1, connection_config: { shop: 7 } }] }
    request: { headers: { X-Acme-Time: "1700000000" }, query: v=1, json: { type: order.created, shop: 7 } }
    expect: { events: [{ type: order.created, connections: [shop-1] }] }
  - name: a request without signature
    request: { json: { type: order.created } }
    sign: false
    expect: { refused: signature_missing }
`

let api: FakeApi
let folder: string

beforeEach(async () => {
  api = await createFakeApi()
  folder = mkdtempSync(join(tmpdir(), 'postern-trigger-'))
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
  const instance = Object.fromEntries(
    ['api_key', 'signing_secret', 'encryption_key', 'instance_key'].map((name) => [name, name.padEnd(40, '.')]),
  )
  writeFileSync(join(folder, 'data/instance.json'), JSON.stringify({ version: 1, ...instance }), { mode: 0o600 })
  writeFileSync(join(folder, 'acme.yaml'), SPEC)
  configure(
    `  acme-prod: { provider: acme, secrets: { secret: [${SECRET}, another-secret-456] }, ingress_tokens: [token-0123456789abcdef] }`,
  )
})

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await api.close()
})

function configure(integrations: string): void {
  const server = `server: { port: ${new URL(api.url).port} }\napi: { keys: [api-key-0123456789abcdef] }\nspecs: [acme.yaml]\n`
  writeFileSync(join(folder, 'postern.yaml'), `${server}integrations:\n${integrations}\n`)
}

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = createMemoryIo({ cwd: folder })
  const code = await runCli(['trigger', ...argv], io)
  return { code, stdout: io.stdout(), stderr: io.stderr() }
}

const TARGET = '/webhook/acme-prod/token-0123456789abcdef'
const LOGGED = { requests: [{ id: 'req_1', outcome: 'accepted' }] }

test('sends the example to the integration of its provider, signed now with the first secret', async () => {
  api.answer({ [`POST ${TARGET}`]: { body: { status: 'success' } }, 'GET /api/v1/requests': { body: LOGGED } })
  const before = Math.floor(Date.now() / 1_000)
  const { code, stdout } = await run('acme/an-order')
  expect(code).toBe(0)
  const [sent] = api.seen
  expect(sent).toMatchObject({ method: 'POST', target: `${TARGET}?v=1`, body: '{"type":"order.created","shop":7}' })
  const time = sent!.headers['x-acme-time']
  expect(Number(time)).toBeGreaterThanOrEqual(before)
  expect(sent!.headers['x-acme-signature']).toBe(
    createHmac('sha256', SECRET)
      .update(`${String(time)}.${sent!.body}`)
      .digest('hex'),
  )
  expect(sent!.headers['content-type']).toBe('application/json')
  expect(stdout).toBe(`POST ${api.url}${TARGET}?v=1\n200 {"status":"success"}\nrequest  req_1  accepted`)
})

test('sends a typical example where only the provider is named', async () => {
  api.answer({ [`POST ${TARGET}`]: { body: {} }, 'GET /api/v1/requests': { body: LOGGED } })
  expect((await run('acme')).code).toBe(0)
  expect(api.seen[0]!.body).toContain('order.created')
})

test("asks for the request's id only among those since it was sent", async () => {
  api.answer({ [`POST ${TARGET}`]: { body: {} }, 'GET /api/v1/requests': { body: LOGGED } })
  const before = Date.now()
  await run('acme')
  const query = new URL(api.url + api.seen.at(-1)!.target).searchParams
  expect(query.get('integration')).toBe('acme-prod')
  expect(Date.parse(query.get('since')!)).toBeGreaterThanOrEqual(before)
})

test('creates the connections of the example first with --connect, and only proposes it without', async () => {
  api.answer({
    'POST /connections': { status: 201, body: { connection_id: 'shop-1' } },
    [`POST ${TARGET}`]: { body: {} },
    'GET /api/v1/requests': { body: LOGGED },
  })
  expect((await run('acme')).stderr).toContain('--connect creates it first')
  const { code, stderr } = await run('acme', '--connect')
  expect([code, stderr]).toEqual([0, 'connection shop-1 of acme-prod added'])
  const created = api.seen.find((one) => one.target === '/connections')
  expect(JSON.parse(created!.body)).toEqual({
    connection_id: 'shop-1',
    connection_config: { shop: 7 },
    provider_config_key: 'acme-prod',
  })
  expect(created!.headers.authorization).toBe('Bearer api-key-0123456789abcdef')
})

test('says that a duplicate is not forwarded once more', async () => {
  api.answer({
    [`POST ${TARGET}`]: { body: {} },
    'GET /api/v1/requests': { body: { requests: [{ id: 'req_2', outcome: 'duplicate' }] } },
  })
  expect((await run('acme')).stderr).toContain('dedupe window')
})

test('fails with 1 when the gateway answers otherwise than the spec says', async () => {
  api.answer({
    [`POST ${TARGET}`]: { status: 401, body: { error: { code: 'request_refused' } } },
    'GET /api/v1/requests': { body: LOGGED },
  })
  const { code, stdout, stderr } = await run('acme')
  expect(code).toBe(1)
  expect(stdout).toContain('\n401 {"error"')
  expect(stderr).toContain('The spec expects a success here.')
})

test('is content with the refusal of an example that is to be refused', async () => {
  api.answer({ [`POST ${TARGET}`]: { status: 401, body: {} }, 'GET /api/v1/requests': { body: LOGGED } })
  expect((await run('acme/a-request-without')).code).toBe(0)
  expect(api.seen[0]!.headers['x-acme-signature']).toBeUndefined()
})

test('still counts the answer where the log cannot be asked', async () => {
  api.answer({
    [`POST ${TARGET}`]: { body: {} },
    'GET /api/v1/requests': { status: 401, body: { error: { code: 'api_unauthorized' } } },
  })
  const { code, stdout } = await run('acme')
  expect(code).toBe(0)
  expect(stdout).not.toContain('request  ')
})

test('prints a curl command instead of sending, with --print', async () => {
  const { code, stdout } = await run('acme', '--print')
  expect(code).toBe(0)
  expect(stdout).toContain(`curl -i -X POST '${api.url}${TARGET}?v=1'`)
  expect(stdout).toMatch(/-H 'x-acme-signature: [0-9a-f]{64}'/)
  expect(api.seen).toEqual([])
})

describe('--json prints one document and nothing else on stdout', () => {
  test('of what was sent and answered, the secret not in it', async () => {
    api.answer({ [`POST ${TARGET}`]: { body: { status: 'success' } }, 'GET /api/v1/requests': { body: LOGGED } })
    const { stdout } = await run('acme', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      example: 'acme/an-order-is-created',
      integration: 'acme-prod',
      request: { method: 'POST' },
      answer: { status: 200, body: '{"status":"success"}' },
      logged: { id: 'req_1' },
    })
    expect(stdout).not.toContain(SECRET)
  })

  test('of the request with --print, and of the examples with --list', async () => {
    expect(JSON.parse((await run('acme', '--print', '--json')).stdout)).toMatchObject({ request: { method: 'POST' } })
    const { examples } = JSON.parse((await run('acme', '--list', '--json')).stdout) as { examples: unknown[] }
    expect(examples).toEqual([
      { example: 'acme/an-order-is-created', name: 'an order is created', expected: 'accepted', connections: 1 },
      {
        example: 'acme/a-request-without-signature',
        name: 'a request without signature',
        expected: 'refused',
        connections: 0,
      },
    ])
  })
})

test('lists the examples of every provider, or of one', async () => {
  const all = (await run('--list')).stdout
  expect(all).toMatch(/acme\/an-order-is-created +accepted +1/)
  expect(all).toContain('github/')
  expect((await run('acme', '--list')).stdout.split('\n')).toHaveLength(3)
})

describe('could not run, exit code 2', () => {
  const cases = [
    { name: 'a provider nobody knows', argv: ['acne/x'], says: /^provider_unknown: .*\n {2}Did you mean "acme"\?/ },
    { name: 'an example that is not there', argv: ['acme/refund'], says: /^example_unknown: / },
    {
      name: 'an integration that is not there',
      argv: ['acme', '--integration', 'acme-prd'],
      says: /^integration_unknown: .*\n {2}Did you mean "acme-prod"\?/,
    },
    {
      name: 'a provider without integration',
      argv: ['github'],
      says: /^integration_unknown: No integration is of github\.\n {2}Add one/,
    },
  ]
  for (const { name, argv, says } of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await run(...argv)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(says)
    })
  }

  test('more than one integration of the provider, until one is named', async () => {
    configure(
      `  a: { provider: acme, secrets: { secret: ${SECRET} } }\n  b: { provider: acme, secrets: { secret: ${SECRET} } }`,
    )
    const { code, stderr } = await run('acme')
    expect(code).toBe(2)
    expect(stderr).toMatch(/More than one integration is of acme: a, b\.\n {2}Name it: --integration a/)
    api.answer({ 'POST /webhook/b': { body: {} } })
    expect((await run('acme', '--integration', 'b')).code).toBe(0)
  })

  test('a secret that is not configured', async () => {
    configure('  acme: { provider: acme }')
    const { code, stderr } = await run('acme')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^usage_invalid: acme\/an-order-is-created cannot be signed for the integration "acme"/)
    expect(stderr).toContain('postern doctor')
  })

  test('no gateway where it should be', async () => {
    const { code, stderr } = await run('acme', '--url', 'http://127.0.0.1:1')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^gateway_unreachable: /)
  })
})
