/** The commands that tell destinations and many deliveries what to do, against an API that answers as the real one does. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { createFakeApi, type FakeApi } from './fake-api.ts'
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

const PLAN = {
  id: 'rpl_1',
  state: 'planned',
  plan: { count: 2, oldest_at: null, newest_at: null, destinations: { app: 2 }, integrations: { shop: 2 } },
  rate: 50,
  replayed: 0,
  skipped: 0,
}
const DESTINATION = {
  name: 'app',
  url: 'https://app.example',
  state: 'paused',
  order: 'connection',
  paused: { since: '2026-03-02T10:00:00Z', reason: 'migration' },
  breaker: { state: 'closed', since: null, until: null },
  deliveries: { pending: 7, in_flight: 0, delivered: 1, dead: 0, held: 0, cancelled: 0 },
  oldest_pending_at: null,
}

test('a replay of many is planned and shown, and executed only when asked', async () => {
  api.answer({ 'POST /api/v1/replays': { status: 201, body: PLAN } })
  const before = api.seen.length
  const { code, stdout, stderr } = await run('replay', '--state', 'dead', '--destination', 'app', '--dry-run')
  expect(code).toBe(0)
  expect(stdout).toMatch(/deliveries +2/)
  expect(stderr).toContain('postern replay --plan rpl_1')
  expect(api.seen.slice(before).map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { state: 'dead', destination: 'app', dry_run: true },
  ])
})

test('without --dry-run the plan is executed at once', async () => {
  api.answer({ 'POST /api/v1/replays': { status: 202, body: PLAN } })
  const before = api.seen.length
  expect((await run('replay', '--state', 'dead', '--rate', '5', '--confirm')).code).toBe(0)
  expect(api.seen.slice(before).map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { state: 'dead', rate: 5, dry_run: true },
    { plan: 'rpl_1', confirm: true },
  ])
})

test('a replay is followed and cancelled by its id', async () => {
  api.answer({
    'GET /api/v1/replays/rpl_1': { body: { ...PLAN, state: 'running', replayed: 1 } },
    'POST /api/v1/replays/rpl_1/cancel': { body: { ...PLAN, state: 'cancelled' } },
  })
  expect((await run('replay', 'rpl_1')).stdout).toMatch(/replayed +1/)
  expect((await run('replay', '--cancel', 'rpl_1')).stdout).toMatch(/state +cancelled/)
})

test('dead letters are listed with why they died', async () => {
  const dead = { id: 'dlv_1', death_reason: 'gone', last_error: 'answered 410 Gone' }
  api.answer({ 'GET /api/v1/deliveries': { body: { deliveries: [dead], next_cursor: null } } })
  const { stdout } = await run('dead', '--destination', 'app')
  expect(stdout).toMatch(/dlv_1 .*gone .*answered 410 Gone/)
  expect(api.seen.at(-1)!.target).toMatch(/state=dead&destination=app/)
})

test('destinations are listed, shown with what is blocked, paused and resumed', async () => {
  const blocked = { connection_id: 'c1', waiting: 4, head: { id: 'dlv_1', last_error: 'answered 500' } }
  api.answer({
    'GET /api/v1/destinations': { body: { destinations: [DESTINATION] } },
    'GET /api/v1/destinations/app': { body: DESTINATION },
    'GET /api/v1/destinations/app/blocked': { body: { connections: [blocked], next_cursor: null } },
    'POST /api/v1/destinations/app/pause': { body: { name: 'app', paused: DESTINATION.paused } },
    'POST /api/v1/destinations/app/resume': { body: { name: 'app', paused: null } },
  })
  expect((await run('destinations')).stdout).toMatch(/app +paused +7/)
  expect((await run('destinations', 'app')).stdout).toMatch(/migration[\s\S]*c1 +4 +dlv_1 .*answered 500/)
  expect((await run('pause', 'app', '--reason', 'migration')).stdout).toBe('app  paused')
  expect(JSON.parse(api.seen.at(-1)!.body)).toEqual({ reason: 'migration' })
  expect((await run('resume', 'app')).stdout).toBe('app  open')
})

for (const verb of ['discard', 'skip']) {
  test(`${verb} ends one delivery`, async () => {
    api.answer({ [`POST /api/v1/deliveries/dlv_1/${verb}`]: { body: { id: 'dlv_1', state: 'cancelled' } } })
    expect(await run(verb, 'dlv_1')).toMatchObject({ code: 0, stdout: 'dlv_1  cancelled' })
  })
}
