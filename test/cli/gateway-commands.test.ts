/** The commands that read and change a running gateway, against an API that answers as the real one does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { type FakeApi, createFakeApi } from './fake-api.ts'
import { createMemoryIo } from './memory-io.ts'

let api: FakeApi
beforeAll(async () => {
  api = await createFakeApi()
})
afterAll(() => api.close())

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = createMemoryIo({ env: { POSTERN_URL: api.url, POSTERN_API_KEY: 'k' } })
  const code = await runCli(argv, io)
  return { code, stdout: io.stdout(), stderr: io.stderr() }
}

const REQUEST = {
  id: 'req_1',
  integration: 'github-prod',
  provider: 'github',
  received_at: '2026-03-02T10:00:00.123Z',
  outcome: 'refused',
  method: 'POST',
  target: '/webhook/github-prod/[secret]',
  answer_status: 401,
  duration_ms: 1,
  scheme: 'hmac-sha256',
  secret_fingerprint: null,
  clock_skew_ms: -1200,
  refusal: { code: 'signature_mismatch', detail: 'No live key makes this signature.' },
  handshake: null,
  problems: ['event.type: took too long'],
  event_count: 1,
  body_bytes: 10,
  remote_address: '127.0.0.1',
}
const EVENT = {
  id: 'evt_1',
  request_id: 'req_1',
  integration: 'github-prod',
  provider: 'github',
  received_at: '2026-03-02T10:00:00.123Z',
  position: 0,
  type: 'issues.opened',
  dedupe_key: 'x',
  occurred_at: null,
  status: 'matched',
  matched_by: 'connection_config.repository_id',
  detail: null,
  connections: ['acme', 'globex'],
}
const DELIVERY = {
  id: 'dlv_1',
  request_id: 'req_1',
  event_ids: ['evt_1'],
  integration: 'github-prod',
  provider: 'github',
  connection_id: 'acme',
  destination: 'app',
  state: 'dead',
  death_reason: 'gone',
  attempt_count: 2,
  created_at: '2026-03-02T10:00:00.123Z',
  due_at: null,
  finished_at: '2026-03-02T10:00:05.000Z',
  last_status: 410,
  last_error: null,
}
const ATTEMPT = {
  id: 'att_1',
  started_at: '2026-03-02T10:00:05.000Z',
  duration_ms: 12,
  trigger: 'auto',
  url: 'https://app.example.com/',
  outcome: 'permanent',
  reason: 'gone',
  status: 410,
  detail: 'the destination said 410',
  response_head: '{"gone":true}',
  retry_at: null,
}
const CONNECTION = {
  connection_id: 'acme',
  provider_config_key: 'github-prod',
  provider: 'github',
  created: '2026-03-02T10:00:00.123Z',
  metadata: { plan: 'pro' },
  tags: {},
}

describe('requests', () => {
  test('lists them, and asks the gateway for no more than was wanted', async () => {
    api.answer({ 'GET /api/v1/requests': { body: { requests: [REQUEST], next_cursor: 'abc' } } })
    const { code, stdout, stderr } = await run(
      ...'requests --integration github-prod --connection acme --outcome refused'.split(' '),
      ...'--since 2026-03-02T09:00:00Z --until 2026-03-03 --limit 5 --cursor xyz'.split(' '),
    )
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'REQUEST  RECEIVED (UTC)       INTEGRATION  OUTCOME  ANSWER  EVENTS  REMARK',
      'req_1    2026-03-02 10:00:00  github-prod  refused     401       1  signature_mismatch',
    ])
    expect(stderr).toContain('--cursor abc')
    expect(Object.fromEntries(new URL(api.url + api.seen.at(-1)!.target).searchParams)).toEqual({
      integration: 'github-prod',
      connection_id: 'acme',
      outcome: 'refused',
      since: '2026-03-02T09:00:00.000Z',
      until: '2026-03-03T00:00:00.000Z',
      limit: '5',
      cursor: 'xyz',
    })
  })

  test('says on stderr that there are none, and prints no empty table', async () => {
    api.answer({ 'GET /api/v1/requests': { body: { requests: [], next_cursor: null } } })
    expect(await run('requests')).toEqual({ code: 0, stdout: '', stderr: 'No requests here.' })
  })

  test('shows one whole: what it was, why it was refused, its events, deliveries, headers and body', async () => {
    const detail = {
      ...REQUEST,
      headers: { 'x-github-event': 'issues' },
      body: { encoding: 'utf8', text: '{"id":12345678901234567890}' },
      events: [EVENT],
      deliveries: [DELIVERY],
    }
    api.answer({ 'GET /api/v1/requests/req_1': { body: detail } })
    const { code, stdout } = await run('requests', 'req_1')
    expect(code).toBe(0)
    expect(stdout).toContain('call         POST /webhook/github-prod/[secret]')
    expect(stdout).toContain('refused      signature_mismatch: No live key makes this signature.')
    expect(stdout).toContain('problem      event.type: took too long')
    expect(stdout).toContain('clock skew   -1200 ms')
    expect(stdout).toMatch(/evt_1 .* issues\.opened +matched +acme, globex/)
    expect(stdout).toMatch(/dlv_1 .* dead/)
    expect(stdout).toContain('x-github-event  issues')
    expect(stdout).toContain('"id": 12345678901234567890\n')
  })

  test('shows bytes that are no text in base64, and text that is no JSON as it is', async () => {
    api.answer({ 'GET /api/v1/requests/b': { body: { id: 'b', body: { encoding: 'base64', text: '/w==' } } } })
    expect((await run('requests', 'b')).stdout).toContain('/w==  (base64)')
    api.answer({ 'GET /api/v1/requests/t': { body: { id: 't', body: { encoding: 'utf8', text: 'a=1\u001B[2J' } } } })
    expect((await run('requests', 't')).stdout).toMatch(/a=1\[2J$/)
  })
})

test('events are listed with type, status and connections', async () => {
  api.answer({ 'GET /api/v1/events': { body: { events: [EVENT], next_cursor: null } } })
  const { code, stdout } = await run('events', '--type', 'issues.opened', '--status', 'matched')
  expect(code).toBe(0)
  expect(stdout).toMatch(/evt_1 .*issues\.opened +matched +acme, globex +connection_config\.repository_id/)
  expect(api.seen.at(-1)!.target).toBe('/api/v1/events?limit=20&type=issues.opened&status=matched')
})

describe('deliveries', () => {
  test('are listed', async () => {
    api.answer({ 'GET /api/v1/deliveries': { body: { deliveries: [DELIVERY], next_cursor: null } } })
    const { code, stdout } = await run('deliveries', '--state', 'dead', '--destination', 'app', '--request', 'req_1')
    expect(code).toBe(0)
    expect(stdout).toMatch(/dlv_1 +2026-03-02 10:00:00 +app +acme +dead +2 +410 +-$/)
    expect(api.seen.at(-1)!.target).toBe('/api/v1/deliveries?limit=20&state=dead&destination=app&request_id=req_1')
  })

  test('one is shown with its attempts', async () => {
    api.answer({ 'GET /api/v1/deliveries/dlv_1': { body: { ...DELIVERY, attempts: [ATTEMPT] } } })
    const { stdout } = await run('deliveries', 'dlv_1')
    expect(stdout).toContain('state        dead: gone')
    expect(stdout).toMatch(/auto +permanent +410 +12 +the destination said 410 +\{"gone":true\}/)
  })

  test('one is replayed', async () => {
    api.answer({ 'POST /api/v1/deliveries/dlv_1/replay': { status: 202, body: { id: 'dlv_1', state: 'pending' } } })
    const { code, stdout, stderr } = await run('replay', 'dlv_1')
    expect([code, stdout]).toEqual([0, 'dlv_1  pending'])
    expect(stderr).toContain('postern deliveries dlv_1')
  })

  test('one that is being attempted is not replayed: exit code 1', async () => {
    const error = { code: 'delivery_not_replayable', message: 'It is being attempted right now.' }
    api.answer({ 'POST /api/v1/deliveries/dlv_1/replay': { status: 409, body: { error } } })
    expect((await run('replay', 'dlv_1')).code).toBe(1)
  })
})

describe('connections', () => {
  test('one is added with everything it can have', async () => {
    api.answer({ 'POST /connections': { status: 201, body: { ...CONNECTION, id: 1 } } })
    const { code, stdout } = await run(
      ...'connections add acme --integration github-prod --override-url https://acme.example.com/hooks'.split(' '),
      ...'--config installation_id=12345678901234567890 --config team.id=T1 --metadata plan=pro'.split(' '),
      ...'--tag region=eu --tag seats=5'.split(' '),
    )
    expect([code, stdout]).toEqual([0, 'acme  added'])
    expect(JSON.parse(api.seen.at(-1)!.body)).toEqual({
      connection_id: 'acme',
      provider_config_key: 'github-prod',
      connection_config: { installation_id: '12345678901234567890', team: { id: 'T1' } },
      metadata: { plan: 'pro' },
      tags: { region: 'eu', seats: '5' },
      webhook_url_override: 'https://acme.example.com/hooks',
    })
  })

  test('says that one was replaced', async () => {
    api.answer({ 'POST /connections': { status: 200, body: CONNECTION } })
    expect((await run('connections', 'add', 'acme', '--integration', 'github-prod')).stdout).toBe('acme  replaced')
  })

  test('takes a --config without "=" for the configuration file, and no two of them', async () => {
    const io = createMemoryIo()
    const add = ['connections', 'add', 'acme', '--integration', 'x', '--config', 'missing.yaml']
    expect(await runCli(add, io)).toBe(2)
    expect(io.stderr()).toContain('config_invalid: ')
    expect(io.stderr()).toContain('missing.yaml')
    expect((await run(...add, '--config', 'other.yaml')).stderr).toContain('usage_invalid: --config names 2')
  })

  test('are listed', async () => {
    api.answer({ 'GET /connections': { body: { connections: [CONNECTION], next_cursor: null } } })
    const { stdout } = await run('connections', 'list', '--integration', 'github-prod', '--search', 'ac')
    expect(stdout).toMatch(/acme +github-prod +github +2026-03-02 10:00:00 +\{"plan":"pro"\} +-$/)
    expect(api.seen.at(-1)!.target).toBe('/connections?integrationId=github-prod&search=ac&limit=20')
  })

  test('one is removed, its name safe in the URL', async () => {
    api.answer({ 'DELETE /connections/a%40b%20c': { body: { success: true } } })
    const { code, stdout } = await run('connections', 'remove', 'a@b c', '--integration', 'github-prod')
    expect([code, stdout]).toEqual([0, 'a@b c  removed'])
    expect(api.seen.at(-1)!.target).toBe('/connections/a%40b%20c?provider_config_key=github-prod')
  })
})

describe('--json prints the answer of the gateway and nothing else', () => {
  const big =
    '{"id":12345678901234567890,"requests":[],"events":[],"deliveries":[],"connections":[],"next_cursor":"more"}'
  const cases = [
    { argv: ['requests'], answer: 'GET /api/v1/requests' },
    { argv: ['requests', 'x'], answer: 'GET /api/v1/requests/x' },
    { argv: ['events'], answer: 'GET /api/v1/events' },
    { argv: ['deliveries'], answer: 'GET /api/v1/deliveries' },
    { argv: ['deliveries', 'x'], answer: 'GET /api/v1/deliveries/x' },
    { argv: ['replay', 'x'], answer: 'POST /api/v1/deliveries/x/replay' },
    { argv: ['connections', 'list'], answer: 'GET /connections' },
    { argv: ['connections', 'add', 'x', '--integration', 'i'], answer: 'POST /connections' },
    { argv: ['connections', 'remove', 'x', '--integration', 'i'], answer: 'DELETE /connections/x' },
  ]
  for (const { argv, answer } of cases) {
    test(argv.join(' '), async () => {
      api.answer({ [answer]: { body: big } })
      const { code, stdout, stderr } = await run(...argv, '--json')
      expect([code, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout)).toEqual(JSON.parse(big))
      expect(stdout).toContain('12345678901234567890')
    })
  }
})
