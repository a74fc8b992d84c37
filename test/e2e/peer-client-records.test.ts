/** Records as an app reads them with the peer's published Node client, unchanged, from a running gateway. */
import type { NangoRecord, NangoSyncWebhookBodySuccess, RecordMetadata } from '@nangohq/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CRM, type PeerGateway, refusalOf, startPeerGateway } from './peer-gateway.ts'

type Person = NangoRecord<{ name: string; updated_at: string }>
type ListConfig = Parameters<PeerGateway['client']['listRecords']>[0]

let peer: PeerGateway
beforeAll(async () => {
  peer = await startPeerGateway()
})
afterAll(() => peer.close())

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function list(connectionId: string, over: Partial<ListConfig> = {}) {
  return peer.client.listRecords<Person>({ providerConfigKey: CRM, connectionId, model: 'Person', ...over })
}

/** As the peer's documentation says it: page after page until there is no cursor. */
async function listAll(connectionId: string, over: Partial<ListConfig> = {}): Promise<Person[]> {
  const all: Person[] = []
  let cursor: string | null = null
  do {
    const page = await list(connectionId, { ...over, cursor })
    all.push(...page.records)
    cursor = page.next_cursor
  } while (cursor !== null)
  return all
}

const idsOf = (records: readonly Person[]): string[] => records.map(({ id }) => String(id))
const metadataOf = ({ _nango_metadata: metadata }: Person): RecordMetadata => metadata
const lastCursor = (records: readonly Person[]): string => metadataOf(records.at(-1)!).cursor

test('listRecords gives records with their metadata, and an end', async () => {
  await peer.connect('whole')
  const { records, next_cursor } = await list('whole')
  expect(next_cursor).toBeNull()
  expect(records).toHaveLength(25)
  expect(records[0]).toEqual({
    id: '1',
    name: 'item 1',
    updated_at: '2026-01-01T00:01:00.000Z',
    _nango_metadata: {
      first_seen_at: expect.stringMatching(ISO) as string,
      last_modified_at: expect.stringMatching(ISO) as string,
      last_action: 'ADDED',
      deleted_at: null,
      pruned_at: null,
      cursor: expect.any(String) as string,
    },
  })
})

test('listRecords with a limit leads by cursor through each record once', async () => {
  await peer.connect('paged')
  const first = await list('paged', { limit: 10 })
  expect([first.records.length, typeof first.next_cursor]).toEqual([10, 'string'])
  const all = await listAll('paged', { limit: 10 })
  expect(idsOf(all)).toEqual(idsOf((await list('paged')).records))
  expect(new Set(idsOf(all)).size).toBe(25)
})

test('the cursor of the last record that an app has seen leads to exactly what changed since', async () => {
  await peer.connect('stream')
  const seen = lastCursor((await list('stream')).records)
  expect(await list('stream', { cursor: seen })).toEqual({ records: [], next_cursor: null })
  peer.apis.put(3, '2026-05-01T00:00:00.000Z', 'renamed for the stream')
  peer.apis.put(100, '2026-05-01T00:00:00.000Z', 'new in the stream')
  await peer.sync('stream')
  const { records } = await list('stream', { cursor: seen })
  expect(records.map(({ id, name, _nango_metadata: { last_action } }) => [id, name, last_action])).toEqual([
    ['3', 'renamed for the stream', 'UPDATED'],
    ['100', 'new in the stream', 'ADDED'],
  ])
  peer.apis.items.delete('100')
})

test('modifiedAfter and delta leave out what was modified before', async () => {
  await peer.connect('since')
  const before = (await list('since')).records
  peer.apis.put(4, '2026-05-02T00:00:00.000Z', 'renamed since')
  const run = await peer.sync('since')
  expect(idsOf(await listAll('since', { modifiedAfter: run.started_at }))).toEqual(['4'])
  expect(idsOf(await listAll('since', { delta: run.started_at }))).toEqual(['4'])
  const first = metadataOf(before[0]!).last_modified_at
  expect(await listAll('since', { modifiedAfter: first, limit: 7 })).toHaveLength(25)
  expect(await listAll('since', { modifiedAfter: '2099-01-01T00:00:00.000Z' })).toEqual([])
})

test('the webhook of a run leads an app to exactly the records that the run changed', async () => {
  await peer.connect('told')
  peer.apis.put(6, '2026-05-02T12:00:00.000Z', 'renamed for the app')
  const run = await peer.sync('told')
  const { body, headers } = await peer.app.waitFor(
    (request) => request.body.includes('"connectionId":"told"') && request.body.includes(run.started_at),
  )
  expect(peer.client.verifyIncomingWebhookRequest(body.toString(), headers)).toBe(true)
  const told = JSON.parse(body.toString()) as NangoSyncWebhookBodySuccess
  expect(told).toMatchObject({
    type: 'sync',
    providerConfigKey: CRM,
    syncName: 'people',
    model: 'Person',
    syncType: 'INCREMENTAL',
    success: true,
    responseResults: { added: 0, updated: 1, deleted: 0 },
  })
  const { connectionId, providerConfigKey, model, modifiedAfter } = told
  const { records } = await peer.client.listRecords<Person>({ connectionId, providerConfigKey, model, modifiedAfter })
  expect(records.map(({ id, name }) => [id, name])).toEqual([['6', 'renamed for the app']])
})

test('filter gives those whose last change was of these kinds; a deleted record keeps its payload and says when', async () => {
  peer.apis.put(200, '2026-04-01T00:00:00.000Z', 'to be deleted')
  await peer.connect('filtered')
  peer.apis.items.delete('200')
  peer.apis.put(5, '2026-05-03T00:00:00.000Z', 'renamed for the filter')
  expect(await peer.sync('filtered', { reset: true })).toMatchObject({ full: true, updated: 1, deleted: 1 })
  const deleted = await listAll('filtered', { filter: 'deleted' })
  expect(deleted).toMatchObject([
    {
      id: '200',
      name: 'to be deleted',
      _nango_metadata: { last_action: 'DELETED', deleted_at: expect.stringMatching(ISO) as string },
    },
  ])
  expect(idsOf(await listAll('filtered', { filter: 'updated' }))).toEqual(['5'])
  expect(idsOf(await listAll('filtered', { filter: 'UPDATED,DELETED', limit: 1 }))).toEqual(['5', '200'])
  expect(await listAll('filtered', { filter: 'added', limit: 7 })).toHaveLength(24)
})

test('ids gives these records and no others', async () => {
  await peer.connect('named')
  expect(idsOf(await listAll('named', { ids: ['7', '9', 'nobody'] }))).toEqual(['7', '9'])
  expect(idsOf(await listAll('named', { ids: ['7', '9', '8'], limit: 1 }))).toEqual(['7', '8', '9'])
  expect(await listAll('named', { ids: ['7'], filter: 'deleted' })).toEqual([])
  const hundred = Array.from({ length: 100 }, (_, at) => `a-name-as-long-as-uuids-often-are-${at}`)
  expect(await listAll('named', { ids: hundred })).toEqual([])
  expect(await refusalOf(list('named', { ids: [...hundred, 'one more'] }))).toEqual([400, 'api_invalid_input'])
})

test('pruneRecords empties payloads up to a cursor, a part at a time; ids and metadata stay', async () => {
  await peer.connect('pruned')
  const { records } = await list('pruned', { limit: 10 })
  const where = { providerConfigKey: CRM, connectionId: 'pruned', model: 'Person', untilCursor: lastCursor(records) }
  expect(await peer.client.pruneRecords({ ...where, limit: 6 })).toEqual({ count: 6, has_more: true })
  expect(await peer.client.pruneRecords(where)).toEqual({ count: 4, has_more: false })
  expect(await peer.client.pruneRecords({ ...where, variant: 'base' })).toEqual({ count: 0, has_more: false })
  const after = (await list('pruned')).records
  expect(after).toHaveLength(25)
  for (const [at, record] of after.entries()) {
    const { _nango_metadata: metadata, ...payload } = record
    if (at < 10) {
      expect(payload).toEqual({ id: idsOf(records)[at] })
      expect(metadata.pruned_at).toMatch(ISO)
      expect(metadata).toMatchObject({ last_action: 'ADDED', deleted_at: null })
    } else {
      expect(payload).toHaveProperty('name')
      expect(metadata.pruned_at).toBeNull()
    }
  }
  // Filling the cache anew brings them back.
  expect(await peer.sync('pruned', { reset: true, emptyCache: true })).toMatchObject({ added: 25 })
  expect((await list('pruned')).records.every((record) => metadataOf(record).pruned_at === null)).toBe(true)
})

test('numbers go out with the digits that the provider sent', async () => {
  const item = '{"id":"big","properties":{"firstname":12345678901234567890},"updatedAt":"2026-01-01T00:00:00.000Z"}'
  peer.apis.failNext({ status: 200, headers: { 'content-type': 'application/json' }, body: `{"results":[${item}]}` })
  await peer.connect('digits')
  const answer = await peer.gateway.api('/records?model=Person&ids=big', {
    headers: { 'connection-id': 'digits', 'provider-config-key': CRM },
  })
  expect(await answer.text()).toContain('12345678901234567890')
})

const refused: { name: string; over: Partial<ListConfig>; status: number; code: string }[] = [
  { name: 'an unknown connection', over: { connectionId: 'nobody' }, status: 404, code: 'connection_unknown' },
  { name: 'an unknown integration', over: { providerConfigKey: 'nothing' }, status: 404, code: 'integration_unknown' },
  { name: 'an unknown model', over: { model: 'Persno' }, status: 404, code: 'model_unknown' },
  { name: 'an unknown variant', over: { variant: 'eu' }, status: 404, code: 'sync_unknown' },
  { name: 'a cursor that is none', over: { cursor: 'bm90aGluZw' }, status: 400, code: 'api_invalid_input' },
  { name: 'a limit beyond 10,000', over: { limit: 10_001 }, status: 400, code: 'api_invalid_input' },
  { name: 'a filter that is none', over: { filter: 'addde' as never }, status: 400, code: 'api_invalid_input' },
  { name: 'a time that is none', over: { modifiedAfter: 'yesterday' }, status: 400, code: 'api_invalid_input' },
]
test.each(refused)('listRecords is refused for $name, with what to do', async ({ over, status, code }) => {
  expect(await refusalOf(list('whole', over))).toEqual([status, code])
})

test('pruneRecords is refused where listRecords is', async () => {
  const where = { providerConfigKey: CRM, connectionId: 'whole', model: 'Person', untilCursor: 'bm90aGluZw' }
  expect(await refusalOf(peer.client.pruneRecords(where))).toEqual([400, 'api_invalid_input'])
  const { records } = await list('whole', { limit: 1 })
  const good = { ...where, untilCursor: lastCursor(records) }
  expect(await refusalOf(peer.client.pruneRecords({ ...good, connectionId: 'nobody' }))).toEqual([
    404,
    'connection_unknown',
  ])
  expect(await refusalOf(peer.client.pruneRecords({ ...good, model: 'Compny' }))).toEqual([404, 'model_unknown'])
  expect(await refusalOf(peer.client.pruneRecords({ ...good, limit: 20_000 }))).toEqual([400, 'api_invalid_input'])
})
