import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Harness, jsonBody, startHarness } from './harness.ts'
import { keep, type Keeping } from './keeping.ts'

let harness: Harness
let keeping: Keeping
beforeEach(async () => {
  harness = await startHarness()
  keeping = await keep(harness, 'acme')
})
afterEach(() => harness.stop())

const GOOD = { syncs: ['contacts'], provider_config_key: 'shop', connection_id: 'acme' }

async function status(): Promise<Record<string, unknown>> {
  const { json } = await harness.api('/sync/status?syncs=contacts&provider_config_key=shop&connection_id=acme')
  return (json['syncs'] as Record<string, unknown>[])[0]!
}

test('a sync that never ran is stopped, whatever it will do', async () => {
  expect(await status()).toMatchObject({ status: 'STOPPED', type: 'INITIAL', latestResult: {}, checkpoint: null })
  expect(await status()).not.toHaveProperty('finishedAt')
})

test('a sync is running while a run is under way or waits, also when it is paused', async () => {
  const run = await keeping.begin()
  expect(await status()).toMatchObject({ status: 'RUNNING' })
  await harness.api('/sync/pause', jsonBody(GOOD))
  expect(await status()).toMatchObject({ status: 'RUNNING', nextScheduledSyncAt: null })
  await run.postpone(harness.clock.now() + 1_000, 'the provider asks to wait')
  expect(await status()).toMatchObject({ status: 'RUNNING' })
  harness.clock.advance(1_000)
  await (await keeping.begin()).succeed()
  expect(await status()).toMatchObject({ status: 'PAUSED' })
})

test('a sync that is declared no more is stopped', async () => {
  await keeping.save({ a: '{"id":"a"}' })
  const { integration } = keeping.key
  await harness.syncStore.declareSyncs({ integration, connectionId: null, syncs: [], now: 0, spreadMs: 0 })
  expect(await status()).toMatchObject({ status: 'STOPPED', nextScheduledSyncAt: null, recordCount: { Contact: 1 } })
})

test('opts win over the modes of older clients', async () => {
  const asked = async (body: Record<string, unknown>) => {
    await harness.api('/sync/trigger', jsonBody({ ...GOOD, ...body }))
    const now = harness.clock.now()
    const [claimed] = await harness.syncStore.claimDueSyncs({ now, limit: 1, leaseUntil: now + 1 })
    await harness.syncStore.releaseSyncLeases({ now })
    return [claimed!.isFull, claimed!.emptiesCache]
  }
  expect(await asked({ opts: { reset: true }, sync_mode: 'incremental' })).toEqual([true, false])
})

const bad: { name: string; path: string; body: unknown; message: RegExp }[] = [
  { name: 'no syncs', path: 'trigger', body: { ...GOOD, syncs: undefined }, message: /no "syncs".*/ },
  { name: 'syncs as a text', path: 'trigger', body: { ...GOOD, syncs: 'contacts' }, message: /must be a list/ },
  { name: 'a sync that is a number', path: 'start', body: { ...GOOD, syncs: [1] }, message: /neither a name nor/ },
  { name: 'a sync without a name', path: 'pause', body: { ...GOOD, syncs: [{ variant: 'base' }] }, message: /neither/ },
  { name: 'no integration', path: 'pause', body: { syncs: [] }, message: /no "provider_config_key"/ },
  { name: 'an unknown member', path: 'start', body: { ...GOOD, conection_id: 'x' }, message: /"conection_id"/ },
  { name: 'an unknown option', path: 'trigger', body: { ...GOOD, opts: { rest: true } }, message: /"rest"/ },
  { name: 'an option that is no flag', path: 'trigger', body: { ...GOOD, opts: { reset: 'yes' } }, message: /"reset"/ },
  { name: 'an unknown mode', path: 'trigger', body: { ...GOOD, sync_mode: 'full' }, message: /"sync_mode" is "full"/ },
  { name: 'a query', path: 'pause?connection_id=acme', body: GOOD, message: /unknown parameter/ },
]
test.each(bad)('/sync/$path is refused for $name, and nothing is done', async ({ path, body, message }) => {
  const before = await status()
  const { status: code, json } = await harness.api(`/sync/${path}`, jsonBody(body))
  expect([code, json['error']]).toMatchObject([400, { code: 'api_invalid_input' }])
  expect((json['error'] as { message: string }).message).toMatch(message)
  expect(await status()).toEqual(before)
})

test('names of syncs may come one by one, and as many as fit into a query', async () => {
  const names = async (query: string): Promise<number> => {
    const { json } = await harness.api(`/sync/status?provider_config_key=shop&${query}`)
    return (json['syncs'] as unknown[]).length
  }
  expect(await names('syncs=contacts&syncs=contacts')).toBe(1)
  expect(await names(`syncs=${Array.from({ length: 200 }, () => 'contacts').join(',')}`)).toBe(1)
})

const badQueries: { name: string; query: string; status: number; code: string }[] = [
  { name: 'no syncs', query: 'provider_config_key=shop', status: 400, code: 'api_invalid_input' },
  { name: 'an empty list', query: 'syncs=&provider_config_key=shop', status: 400, code: 'api_invalid_input' },
  { name: 'no integration', query: 'syncs=*', status: 400, code: 'api_invalid_input' },
  { name: 'an empty name', query: 'syncs=a,,b&provider_config_key=shop', status: 400, code: 'api_invalid_input' },
  { name: 'another variant', query: 'syncs=contacts::eu&provider_config_key=shop', status: 404, code: 'sync_unknown' },
  { name: 'an unknown sync', query: 'syncs=contcats&provider_config_key=shop', status: 404, code: 'sync_unknown' },
]
test.each(badQueries)('/sync/status is refused for $name', async ({ query, status: expected, code }) => {
  const { status: seen, json } = await harness.api(`/sync/status?${query}`)
  expect([seen, (json['error'] as { code: string }).code]).toEqual([expected, code])
})

const badFrequencies: { name: string; body: Record<string, unknown>; status: number; code: string }[] = [
  { name: 'no frequency', body: { frequency: undefined }, status: 400, code: 'api_invalid_input' },
  { name: 'a number', body: { frequency: 5 }, status: 400, code: 'api_invalid_input' },
  { name: 'less than 30 seconds', body: { frequency: 'every 29s' }, status: 400, code: 'api_invalid_input' },
  { name: 'another variant', body: { sync_variant: 'eu' }, status: 404, code: 'sync_unknown' },
  { name: 'no connection', body: { connection_id: undefined }, status: 400, code: 'api_invalid_input' },
  { name: 'an unknown connection', body: { connection_id: 'acne' }, status: 404, code: 'connection_unknown' },
]
test.each(badFrequencies)('a frequency is refused for $name', async ({ body, status: expected, code }) => {
  const good = { sync_name: 'contacts', provider_config_key: 'shop', connection_id: 'acme', frequency: 'every day' }
  const { status: seen, json } = await harness.api('/sync/update-connection-frequency', {
    method: 'PUT',
    body: JSON.stringify({ ...good, ...body }),
  })
  expect([seen, (json['error'] as { code: string }).code]).toEqual([expected, code])
})
