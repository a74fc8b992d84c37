/** The commands that look at syncs and their records and say what becomes of them, against an API that answers as the real one does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

const RUN = {
  id: 'run_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
  integration: 'crm',
  connection_id: 'acme',
  sync: 'contacts',
  model: 'Contact',
  state: 'failed',
  type: 'INCREMENTAL',
  cause: 'webhook',
  triggers: 400,
  started_at: '2026-03-02T10:00:00.000Z',
  finished_at: '2026-03-02T10:00:05.000Z',
  pages: 2,
  requests: 3,
  added: 1,
  updated: 2,
  deleted: 0,
  checkpoint_before: { updated_at: 'a' },
  checkpoint_after: null,
  notes: ['item 3 was skipped: it has no id'],
  failure: {
    code: 'answer_status',
    message: 'GET https://api.example.com/contacts answered 500',
    hint: 'The next run tries again.',
    answer: { status: 500, content_type: 'text/plain', body: 'oops\u001b[2J' },
  },
}
const SYNC = {
  integration: 'crm',
  connection_id: 'acme',
  sync: 'contacts',
  model: 'Contact',
  state: 'failed',
  paused: false,
  every: 'every hour',
  next_run_at: '2026-03-02T11:00:00.000Z',
  records: 1234,
  checkpoint: { updated_at: 'a' },
  missed_webhooks: 2,
  last_run: RUN,
}

describe('sync list', () => {
  test('shows each sync of each connection in a line', async () => {
    api.answer({
      'GET /api/v1/syncs': { body: { syncs: [SYNC, { ...SYNC, sync: 'deals', paused: true, next_run_at: null }] } },
    })
    const { code, stdout } = await run('sync', 'list', '--integration', 'crm', '--connection', 'acme')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /crm +acme +contacts +Contact +failed +every hour +1234 +2026-03-02 10:00:00 +2026-03-02 11:00:00/,
    )
    expect(stdout).toMatch(/deals +Contact +paused +every hour +1234 +2026-03-02 10:00:00 +-$/m)
    expect(api.seen.at(-1)!.target).toBe('/api/v1/syncs?integration=crm&connection_id=acme')
  })

  test('is the document of the gateway with --json', async () => {
    api.answer({ 'GET /api/v1/syncs': { body: { syncs: [SYNC] } } })
    expect(JSON.parse((await run('sync', 'list', '--json')).stdout)).toEqual({ syncs: [SYNC] })
  })
})

describe('sync status', () => {
  test('shows one sync in full, with its last runs and how many webhooks became one', async () => {
    api.answer({
      'GET /api/v1/syncs': { body: { syncs: [SYNC] } },
      'GET /api/v1/sync-runs': { body: { sync_runs: [RUN], next_cursor: null } },
    })
    const { code, stdout } = await run('sync', 'status', 'crm', 'contacts', '--connection', 'acme')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /missed webhooks +2[\s\S]*run_019a.* INCREMENTAL +webhook \(400\) +failed +2 +1 +2 +0 +GET https/,
    )
    expect(api.seen.at(-1)!.target).toBe('/api/v1/sync-runs?integration=crm&connection_id=acme&sync=contacts&limit=10')
  })

  test('is one JSON document with --json', async () => {
    api.answer({
      'GET /api/v1/syncs': { body: { syncs: [SYNC] } },
      'GET /api/v1/sync-runs': { body: { sync_runs: [RUN] } },
    })
    const { stdout } = await run('sync', 'status', 'crm', '--json')
    expect(JSON.parse(stdout)).toEqual({ status: { syncs: [SYNC] }, runs: { sync_runs: [RUN] } })
  })

  test("shows one run with its cause and the provider's answer, which cannot steer the terminal", async () => {
    api.answer({ [`GET /api/v1/sync-runs/${RUN.id}`]: { body: RUN } })
    const { code, stdout } = await run('sync', 'status', RUN.id)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /failed +answer_status: GET[\s\S]*The next run tries again[\s\S]*answer +500 oops \[2J[\s\S]*note +item 3/,
    )
    expect(stdout).not.toContain('\u001b')
  })

  test('says where syncs come from when there are none', async () => {
    api.answer({
      'GET /api/v1/syncs': { body: { syncs: [] } },
      'GET /api/v1/sync-runs': { body: { sync_runs: [] } },
    })
    expect(await run('sync', 'status', 'crm')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('postern connections list --integration crm') as unknown,
    })
  })
})

describe('sync run, start and pause', () => {
  const moves = [
    { argv: ['run'], path: '/sync/trigger', opts: { reset: false, emptyCache: false } },
    { argv: ['run', '--reset', '--empty-cache'], path: '/sync/trigger', opts: { reset: true, emptyCache: true } },
    { argv: ['start'], path: '/sync/start' },
    { argv: ['pause'], path: '/sync/pause' },
  ]
  for (const { argv, path, opts } of moves) {
    test(`${argv.join(' ')} says to the gateway what the peer's clients would`, async () => {
      api.answer({ [`POST ${path}`]: { body: { success: true } } })
      const [verb = '', ...options] = argv
      const { code, stderr } = await run('sync', verb, 'crm', 'contacts', 'deals', '--connection', 'acme', ...options)
      expect(code).toBe(0)
      expect(stderr).toContain('postern sync status crm --connection acme')
      const { target, body } = api.seen.at(-1)!
      expect([target, JSON.parse(body)]).toEqual([
        path,
        {
          provider_config_key: 'crm',
          syncs: ['contacts', 'deals'],
          connection_id: 'acme',
          ...(opts === undefined ? {} : { opts }),
        },
      ])
    })
  }

  test('touch every connection only when that is said', async () => {
    api.answer({ 'POST /sync/pause': { body: { success: true } } })
    const before = api.seen.length
    expect((await run('sync', 'pause', 'crm')).code).toBe(2)
    expect((await run('sync', 'pause', 'crm', '--all', '--connection', 'acme')).code).toBe(2)
    expect(api.seen.length).toBe(before)
    expect((await run('sync', 'pause', 'crm', '--all')).code).toBe(0)
    expect(JSON.parse(api.seen.at(-1)!.body)).toEqual({ provider_config_key: 'crm', syncs: [] })
  })

  test('exit with 1 where the gateway knows no such sync, and pass its remedy on', async () => {
    const error = {
      code: 'sync_unknown',
      message: 'The integration "crm" has no sync "contact".',
      hint: 'Did you mean "contacts"?',
    }
    api.answer({ 'POST /sync/trigger': { status: 404, body: { error } } })
    const { code, stderr } = await run('sync', 'run', 'crm', 'contact', '--connection', 'acme')
    expect([code, stderr]).toEqual([1, `${error.code}: ${error.message}\n  ${error.hint}`])
  })
})

describe('records', () => {
  const record = {
    id: '51',
    name: 'Brian',
    _nango_metadata: { last_action: 'UPDATED', last_modified_at: '2026-03-02T10:00:00.000Z', cursor: 'c' },
  }

  test('lists records with what was last done to them, and how to go on', async () => {
    api.answer({ 'GET /records': { body: { records: [record], next_cursor: 'c51' } } })
    const { code, stdout, stderr } = await run('records', 'crm', 'Contact', '--connection', 'acme')
    expect(code).toBe(0)
    expect(stdout).toMatch(/51 +UPDATED +2026-03-02 10:00:00 +\{"name":"Brian"\}/)
    expect(stderr).toContain('--cursor c51')
    const { target, headers } = api.seen.at(-1)!
    expect(target).toBe('/records?model=Contact&limit=20')
    expect(headers).toMatchObject({ 'connection-id': 'acme', 'provider-config-key': 'crm' })
  })

  test('passes filters on in the words of the API', async () => {
    api.answer({ 'GET /records': { body: { records: [], next_cursor: null } } })
    const place = ['records', 'crm', 'Contact', '--connection', 'acme', '--limit', '5', '--cursor', 'c']
    const filters = ['--ids', '51,52', '--filter', 'ADDED,deleted', '--modified-after', '2026-03-02T10:00:00Z']
    await run(...place, ...filters)
    expect(api.seen.at(-1)!.target).toBe(
      '/records?model=Contact&limit=5&cursor=c&modified_after=2026-03-02T10%3A00%3A00.000Z&filter=added%2Cdeleted&ids=51&ids=52',
    )
  })

  for (const option of [
    ['--limit', '0'],
    ['--filter', 'gone'],
    ['--modified-after', 'then'],
  ]) {
    test(`refuses ${option.join(' ')}`, async () => {
      expect((await run('records', 'crm', 'Contact', '--connection', 'acme', ...option)).code).toBe(2)
    })
  }
})
