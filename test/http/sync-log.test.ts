import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MissedWebhookId, SyncRunId } from '../../src/domain/ids.ts'
import { type Harness, startHarness } from './harness.ts'
import { keep, type Keeping } from './keeping.ts'

let harness: Harness
let keeping: Keeping
beforeEach(async () => {
  harness = await startHarness()
  keeping = await keep(harness, 'acme')
})
afterEach(() => harness.stop())

type Json = Record<string, unknown>

async function list(path: string, name: string): Promise<Json[]> {
  const { json } = await harness.api(`/api/v1/${path}`)
  return json[name] as Json[]
}

const FAILURE = {
  code: 'answer_status',
  message: 'the provider answered 500',
  hint: 'Ask the provider.',
  answer: { status: 500, contentType: 'text/plain', body: 'it is broken' },
} as const

test('a sync of a connection is shown with its last run', async () => {
  const run = await keeping.begin()
  await run.save({ a: '{"id":"a"}', b: '{"id":"b"}' })
  harness.clock.advance(250)
  await run.succeed({ since: '2026' })
  expect(await list('syncs?integration=shop', 'syncs')).toEqual([
    {
      integration: 'shop',
      connection_id: 'acme',
      sync: 'contacts',
      model: 'Contact',
      state: 'succeeded',
      declared: true,
      paused: false,
      every: 'every hour',
      every_ms: 3_600_000,
      every_overridden: false,
      next_run_at: '2026-03-02T11:00:00.250Z',
      records: 2,
      checkpoint: { since: '2026' },
      missed_webhooks: 0,
      last_run: (await harness.api(`/api/v1/sync-runs/${run.id}`)).json,
    },
  ])
})

const states: { state: string; make: () => Promise<unknown> }[] = [
  { state: 'never_run', make: () => Promise.resolve() },
  { state: 'running', make: () => keeping.begin() },
  {
    state: 'waiting',
    make: async () => (await keeping.begin()).postpone(harness.clock.now() + 5_000, 'the rate limit is used up'),
  },
  { state: 'failed', make: async () => (await keeping.begin()).fail(FAILURE) },
  {
    state: 'paused',
    make: async () => {
      const { integration } = keeping.key
      await harness.syncStore.setPaused({ integration, connectionId: null, syncs: null, paused: true, now: 0 })
    },
  },
  {
    state: 'undeclared',
    make: () => {
      const { integration } = keeping.key
      return harness.syncStore.declareSyncs({ integration, connectionId: null, syncs: [], now: 0, spreadMs: 0 })
    },
  },
]
test.each(states)('a sync can be $state', async ({ state, make }) => {
  await make()
  expect(await list('syncs', 'syncs')).toMatchObject([{ state }])
})

test('syncs are found by integration, connection and name, in pages', async () => {
  await keep(harness, 'globex')
  await keep(harness, 'initech')
  const found = async (query: string) => (await list(`syncs?${query}`, 'syncs')).map((sync) => sync['connection_id'])
  expect(await found('')).toEqual(['acme', 'globex', 'initech'])
  expect(await found('connection_id=globex&sync=contacts')).toEqual(['globex'])
  expect(await found('integration=other')).toEqual([])
  expect(await found('sync=other')).toEqual([])
  const { json } = await harness.api('/api/v1/syncs?limit=2')
  expect((json['syncs'] as unknown[]).length).toBe(2)
  expect(await found(`limit=2&cursor=${String(json['next_cursor'])}`)).toEqual(['initech'])
})

test('a run is shown with what it did', async () => {
  const run = await keeping.begin({ checkpointBefore: { since: '2025' }, triggers: 400, cause: 'webhook' })
  await run.save({ a: '{"id":"a"}' })
  harness.clock.advance(1_500)
  await run.succeed({ since: '2026' })
  const { json } = await harness.api(`/api/v1/sync-runs/${run.id}`)
  expect(json).toEqual({
    id: run.id,
    integration: 'shop',
    connection_id: 'acme',
    sync: 'contacts',
    model: 'Contact',
    state: 'succeeded',
    type: 'INITIAL',
    cause: 'webhook',
    triggers: 400,
    full: true,
    started_at: '2026-03-02T10:00:00.000Z',
    finished_at: '2026-03-02T10:00:01.500Z',
    duration_ms: 1_500,
    waits_until: null,
    reason: null,
    resumptions: 0,
    pages: 2,
    requests: 3,
    added: 1,
    updated: 0,
    deleted: 0,
    unchanged: 0,
    ignored: 0,
    skipped: 1,
    checkpoint_before: { since: '2025' },
    checkpoint_after: { since: '2026' },
    notes: ['item 3 was skipped: it has no id'],
    failure: null,
  })
})

test('a run that failed says why, and what the provider answered', async () => {
  const run = await keeping.begin()
  await run.fail(FAILURE)
  expect((await harness.api(`/api/v1/sync-runs/${run.id}`)).json).toMatchObject({
    state: 'failed',
    checkpoint_after: null,
    failure: {
      code: 'answer_status',
      message: 'the provider answered 500',
      hint: 'Ask the provider.',
      answer: { status: 500, content_type: 'text/plain', body: 'it is broken' },
    },
  })
})

test('a run that waits says for what and until when', async () => {
  const run = await keeping.begin()
  await run.postpone(harness.clock.now() + 60_000, 'the provider asks to wait')
  expect((await harness.api(`/api/v1/sync-runs/${run.id}`)).json).toMatchObject({
    state: 'waiting',
    waits_until: '2026-03-02T10:01:00.000Z',
    reason: 'the provider asks to wait',
    finished_at: null,
    duration_ms: null,
  })
})

test('runs are listed newest first, in pages, by state, connection and sync', async () => {
  await keeping.save({})
  await (await keeping.begin()).fail(FAILURE)
  await (await keep(harness, 'globex')).save({})
  const found = async (query: string) =>
    (await list(`sync-runs?${query}`, 'sync_runs')).map((run) => [run['connection_id'], run['state']])
  expect(await found('')).toEqual([
    ['globex', 'succeeded'],
    ['acme', 'failed'],
    ['acme', 'succeeded'],
  ])
  expect(await found('state=failed')).toEqual([['acme', 'failed']])
  expect(await found('connection_id=globex&integration=shop&sync=contacts')).toEqual([['globex', 'succeeded']])
  const { json } = await harness.api('/api/v1/sync-runs?limit=2')
  expect(await found(`limit=2&cursor=${String(json['next_cursor'])}`)).toEqual([['acme', 'succeeded']])
})

test('missed webhooks are listed once they are certain', async () => {
  const { key } = keeping
  const missed = {
    id: 'mis_1' as MissedWebhookId,
    key,
    run: 'run_9' as SyncRunId,
    model: 'Contact',
    recordId: 'a',
    action: 'UPDATED' as const,
    foundAt: harness.clock.now(),
  }
  await harness.syncStore.suspectMissedWebhooks({ missed: [missed], confirmAt: harness.clock.now() + 1 })
  expect(await list('missed-webhooks', 'missed_webhooks')).toEqual([])
  await harness.syncStore.confirmMissedWebhooks({ now: harness.clock.now() + 1, limit: 10 })
  const shown = {
    id: 'mis_1',
    integration: 'shop',
    connection_id: 'acme',
    sync: 'contacts',
    model: 'Contact',
    record_id: 'a',
    action: 'UPDATED',
    run_id: 'run_9',
    found_at: '2026-03-02T10:00:00.000Z',
  }
  expect(await list('missed-webhooks?integration=shop&connection_id=acme&sync=contacts', 'missed_webhooks')).toEqual([
    shown,
  ])
  expect(await list('missed-webhooks?connection_id=globex', 'missed_webhooks')).toEqual([])
  expect(await list('syncs', 'syncs')).toMatchObject([{ missed_webhooks: 1 }])
})

const refused: { path: string; status: number; code: string }[] = [
  { path: 'sync-runs/run_0', status: 404, code: 'sync_run_unknown' },
  { path: 'sync-runs?state=done', status: 400, code: 'api_invalid_input' },
  { path: 'sync-runs?limit=201', status: 400, code: 'api_invalid_input' },
  { path: 'syncs?conection_id=acme', status: 400, code: 'api_invalid_input' },
  { path: 'missed-webhooks?cursor=%20', status: 400, code: 'api_invalid_input' },
]
test.each(refused)('/api/v1/$path is refused', async ({ path, status, code }) => {
  const answer = await harness.api(`/api/v1/${path}`)
  expect([answer.status, (answer.json['error'] as { code: string }).code]).toEqual([status, code])
})
