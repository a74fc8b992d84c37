/** Syncs as an app triggers, starts, pauses and watches them with the peer's published Node client, unchanged. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { CRM, type PeerGateway, refusalOf, startPeerGateway } from './peer-gateway.ts'

let peer: PeerGateway
beforeAll(async () => {
  peer = await startPeerGateway()
})
afterAll(() => peer.close())

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** One sync of a connection; with the members that the client's types leave out. */
async function statusOf(connectionId: string, sync = 'people') {
  const { syncs } = await peer.client.syncStatus(CRM, [sync], connectionId)
  expect(syncs).toHaveLength(1)
  return syncs[0]!
}

/** Waits until runs of these syncs have ended since `before`. */
async function untilRun(connectionId: string, before: number, sync = 'people') {
  const [run] = await eventually(
    () => peer.runs(connectionId, sync),
    (runs) => runs.length > before && ['succeeded', 'failed'].includes(runs[0]!.state),
  )
  return run!
}

test('syncStatus tells how a sync stands', async () => {
  await peer.connect('status')
  const status = await statusOf('status')
  expect(status).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string,
    name: 'people',
    variant: 'base',
    connection_id: 'status',
    type: 'INITIAL',
    status: 'SUCCESS',
    frequency: 'every hour',
    finishedAt: expect.stringMatching(ISO) as string,
    nextScheduledSyncAt: expect.stringMatching(ISO) as string,
    latestResult: { Person: { added: 25, updated: 0, deleted: 0 } },
    recordCount: { Person: 25 },
    checkpoint: { updated_at: '2026-01-01T00:25:00.000Z' },
  })
  await peer.sync('status')
  expect(await statusOf('status')).toMatchObject({
    id: status.id,
    type: 'INCREMENTAL',
    latestResult: { Person: { added: 0, updated: 0, deleted: 0 } },
  })
})

test('syncStatus names one sync, several, all, or those of all connections', async () => {
  await peer.connect('one')
  await peer.connect('two')
  const named = async (...given: Parameters<typeof peer.client.syncStatus>) =>
    (await peer.client.syncStatus(...given)).syncs.map(({ name }) => name).toSorted()
  expect(await named(CRM, '*', 'one')).toEqual(['companies', 'people'])
  expect(await named(CRM, ['people', 'companies'], 'one')).toEqual(['companies', 'people'])
  expect(await named(CRM, [{ name: 'people', variant: 'base' }], 'one')).toEqual(['people'])
  const { syncs } = await peer.client.syncStatus(CRM, ['people'])
  const connections = syncs.map((status) => (status as { connection_id?: string }).connection_id)
  expect(connections).toEqual(expect.arrayContaining(['one', 'two']))
  expect((await peer.client.syncStatus('other', '*')).syncs).toEqual([])
})

test('a sync that does not start by itself has never run until it is triggered', async () => {
  await peer.connect('paused')
  expect(await statusOf('paused', 'companies')).toMatchObject({
    status: 'PAUSED',
    frequency: 'every 2 hours',
    nextScheduledSyncAt: null,
    latestResult: {},
    recordCount: { Company: 0 },
    checkpoint: null,
  })
  await peer.client.triggerSync(CRM, ['companies'], 'paused')
  expect(await untilRun('paused', 0, 'companies')).toMatchObject({ cause: 'request', triggers: 1 })
})

test('a run that fails is an error that the provider explains, and the schedule goes on', async () => {
  await peer.connect('failing')
  peer.apis.failNext({ status: 400, body: 'the provider has had enough of good-token' })
  const run = await peer.sync('failing')
  expect(run).toMatchObject({
    state: 'failed',
    failure: { code: 'answer_status', answer: { status: 400 }, hint: expect.toSatisfy(isTextOrNull) as unknown },
  })
  expect(JSON.stringify(run)).toContain('the provider has had enough of')
  expect(JSON.stringify(run)).not.toContain('good-token')
  expect(await statusOf('failing')).toMatchObject({
    status: 'ERROR',
    nextScheduledSyncAt: expect.stringMatching(ISO) as string,
    recordCount: { Person: 25 },
  })
})

const triggers: { name: string; syncs: (string | { name: string; variant: string })[] }[] = [
  { name: 'by name', syncs: ['people'] },
  { name: 'by name and variant', syncs: [{ name: 'people', variant: 'base' }] },
]
test.each(triggers)('triggerSync runs a sync $name from where it stands', async ({ name, syncs }) => {
  const connectionId = name.replaceAll(' ', '-')
  await peer.connect(connectionId)
  await peer.client.triggerSync(CRM, syncs, connectionId)
  expect(await untilRun(connectionId, 1)).toMatchObject({ cause: 'request', type: 'INCREMENTAL', full: false })
  expect(await peer.runs(connectionId, 'companies')).toEqual([])
})

test('triggerSync without names runs all syncs of the connection', async () => {
  await peer.connect('everything')
  await peer.client.triggerSync(CRM, [], 'everything')
  await untilRun('everything', 1, 'people')
  await untilRun('everything', 0, 'companies')
})

test('triggerSync without a connection runs those of all', async () => {
  await peer.connect('all-1')
  await peer.connect('all-2')
  await peer.client.triggerSync(CRM, ['people'])
  await untilRun('all-1', 1)
  await untilRun('all-2', 1)
})

/** What opts say, and what clients said before there were opts. */
const resets: {
  name: string
  mode:
    | { reset?: boolean; emptyCache?: boolean }
    | 'incremental'
    | 'full_refresh'
    | 'full_refresh_and_clear_cache'
    | boolean
  expected: { full: boolean; added: number; unchanged: number }
}[] = [
  { name: 'no reset', mode: { reset: false }, expected: { full: false, added: 0, unchanged: 1 } },
  { name: 'reset', mode: { reset: true }, expected: { full: true, added: 0, unchanged: 25 } },
  {
    name: 'reset and emptyCache',
    mode: { reset: true, emptyCache: true },
    expected: { full: true, added: 25, unchanged: 0 },
  },
  { name: 'emptyCache alone', mode: { emptyCache: true }, expected: { full: true, added: 25, unchanged: 0 } },
  { name: 'full_refresh', mode: 'full_refresh', expected: { full: true, added: 0, unchanged: 25 } },
  {
    name: 'full_refresh_and_clear_cache',
    mode: 'full_refresh_and_clear_cache',
    expected: { full: true, added: 25, unchanged: 0 },
  },
  { name: 'incremental', mode: 'incremental', expected: { full: false, added: 0, unchanged: 1 } },
  { name: 'full resync', mode: true, expected: { full: true, added: 0, unchanged: 25 } },
  { name: 'no full resync', mode: false, expected: { full: false, added: 0, unchanged: 1 } },
]
test.each(resets)('triggerSync with $name does what it says', async ({ name, mode, expected }) => {
  const connectionId = `mode-${name.replaceAll(' ', '-')}`
  await peer.connect(connectionId)
  // The client's types know the two forms as two methods.
  await peer.client.triggerSync(CRM, ['people'], connectionId, mode as { reset?: boolean })
  expect(await untilRun(connectionId, 1)).toMatchObject({ state: 'succeeded', ...expected })
  expect((await statusOf(connectionId)).recordCount).toEqual({ Person: 25 })
})

test('the oldest clients say full_resync in the body and the rest in headers', async () => {
  await peer.connect('oldest')
  const answer = await peer.gateway.api('/sync/trigger', {
    method: 'POST',
    headers: { 'connection-id': 'oldest', 'provider-config-key': CRM },
    body: JSON.stringify({ syncs: ['people'], full_resync: true }),
  })
  expect([answer.status, await answer.json()]).toEqual([200, { success: true }])
  expect(await untilRun('oldest', 1)).toMatchObject({ full: true })
})

test('pauseSync stops the schedule, a trigger still runs, startSync starts it at once', async () => {
  await peer.connect('controlled')
  await peer.client.pauseSync(CRM, ['people'], 'controlled')
  expect(await statusOf('controlled')).toMatchObject({ status: 'PAUSED', nextScheduledSyncAt: null })
  expect(await peer.sync('controlled')).toMatchObject({ cause: 'request' })
  expect(await statusOf('controlled')).toMatchObject({ status: 'PAUSED' })
  await peer.client.startSync(CRM, [{ name: 'people', variant: 'base' }], 'controlled')
  expect(await untilRun('controlled', 2)).toMatchObject({ cause: 'schedule' })
  expect(await statusOf('controlled')).toMatchObject({
    status: 'SUCCESS',
    nextScheduledSyncAt: expect.stringMatching(ISO) as string,
  })
  await peer.client.startSync(CRM, ['people'], 'controlled')
  expect(await statusOf('controlled')).toMatchObject({ status: 'SUCCESS' })
})

test('updateSyncConnectionFrequency overrides the interval of one connection, and takes that back', async () => {
  await peer.connect('often')
  await peer.connect('seldom')
  const { client } = peer
  expect(await client.updateSyncConnectionFrequency(CRM, 'people', 'often', 'every 5 minutes')).toEqual({
    frequency: 'every 5 minutes',
  })
  const status = await statusOf('often')
  expect(status.frequency).toBe('every 5 minutes')
  expect(Date.parse(status.nextScheduledSyncAt)).toBeLessThanOrEqual(Date.now() + 5 * 60_000)
  expect((await statusOf('seldom')).frequency).toBe('every hour')
  const sync = { name: 'people', variant: 'base' }
  expect(await client.updateSyncConnectionFrequency(CRM, sync, 'often', null)).toEqual({ frequency: 'every hour' })
  expect(await client.updateSyncConnectionFrequency(CRM, 'people', 'often', '1d')).toEqual({ frequency: 'every day' })
  for (const frequency of ['every 10 seconds', 'now and then', '* * * * *']) {
    expect(await refusalOf(client.updateSyncConnectionFrequency(CRM, 'people', 'often', frequency))).toEqual([
      400,
      'api_invalid_input',
    ])
  }
})

type Call = (
  client: PeerGateway['client'],
  names: { key: string; sync: string; connection?: string },
) => Promise<unknown>
const calls: { name: string; call: Call }[] = [
  { name: 'triggerSync', call: (client, { key, sync, connection }) => client.triggerSync(key, [sync], connection) },
  { name: 'startSync', call: (client, { key, sync, connection }) => client.startSync(key, [sync], connection) },
  { name: 'pauseSync', call: (client, { key, sync, connection }) => client.pauseSync(key, [sync], connection) },
  { name: 'syncStatus', call: (client, { key, sync, connection }) => client.syncStatus(key, [sync], connection) },
  {
    name: 'updateSyncConnectionFrequency',
    call: (client, { key, sync, connection = 'refused' }) =>
      client.updateSyncConnectionFrequency(key, sync, connection, 'every hour'),
  },
]
test.each(calls)('$name is refused for what is not there, with what to do', async ({ call }) => {
  if ((await peer.runs('refused')).length === 0) await peer.connect('refused')
  const good = { key: CRM, sync: 'people', connection: 'refused' }
  expect(await refusalOf(call(peer.client, { ...good, key: 'crm-prodd' }))).toEqual([404, 'integration_unknown'])
  expect(await refusalOf(call(peer.client, { ...good, connection: 'nobody' }))).toEqual([404, 'connection_unknown'])
  expect(await refusalOf(call(peer.client, { ...good, sync: 'poeple' }))).toEqual([404, 'sync_unknown'])
  expect(await refusalOf(call(peer.client, { key: CRM, sync: 'poeple' }))).toEqual([404, 'sync_unknown'])
  await call(peer.client, good)
})

test('an integration without syncs refuses to run them', async () => {
  expect(await refusalOf(peer.client.triggerSync('other', []))).toEqual([404, 'sync_unknown'])
  const variant = { name: 'people', variant: 'eu' }
  expect(await refusalOf(peer.client.triggerSync(CRM, [variant], 'refused'))).toEqual([404, 'sync_unknown'])
})

test('the runs are in the log, and their numbers among the metrics', async () => {
  await peer.connect('logged')
  const { id } = await peer.sync('logged', { reset: true })
  const one = (await (await peer.gateway.api(`/api/v1/sync-runs/${id}`)).json()) as Record<string, unknown>
  expect(one).toMatchObject({
    id,
    integration: CRM,
    connection_id: 'logged',
    sync: 'people',
    model: 'Person',
    state: 'succeeded',
    cause: 'request',
    pages: 3,
    requests: 3,
    unchanged: 25,
    checkpoint_before: null,
    checkpoint_after: { updated_at: '2026-01-01T00:25:00.000Z' },
    failure: null,
  })
  expect(one['duration_ms']).toBeGreaterThanOrEqual(0)
  const metrics = await (await peer.gateway.api('/metrics')).text()
  const runs = `postern_sync_runs_total{integration="${CRM}",sync="people",type="INITIAL",outcome="succeeded"}`
  expect(metrics).toContain(runs)
  expect(metrics).toContain(`postern_sync_records_total{integration="${CRM}",sync="people",action="added"}`)
})

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}
