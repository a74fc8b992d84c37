import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiInit, type Harness, KEY, startHarness } from './harness.ts'
import { keep, type Keeping } from './keeping.ts'

let harness: Harness
let keeping: Keeping
beforeEach(async () => {
  harness = await startHarness()
  keeping = await keep(harness, 'acme')
})
afterEach(() => harness.stop())

const NAMED = { 'connection-id': 'acme', 'provider-config-key': 'shop' }

async function text(path: string): Promise<string> {
  const response = await fetch(harness.url + path, { headers: { ...NAMED, authorization: `Bearer ${KEY}` } })
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  return response.text()
}

const api = (path: string, init: ApiInit = {}) => harness.api(path, { headers: NAMED, ...init })
const prune = (body: unknown, headers: Record<string, string> = NAMED) =>
  harness.api('/records/prune', { method: 'PATCH', headers, body: JSON.stringify(body) })

const payloads: { name: string; id: string; payload: string }[] = [
  { name: 'integers beyond 2^53', id: '1', payload: '{"id":12345678901234567890,"n":-9007199254740993}' },
  { name: 'numbers as they were written', id: '2', payload: '{"id":2,"n":1.0,"e":1E+2,"z":-0}' },
  { name: 'the order of members', id: '3', payload: '{"z":1,"id":3,"a":2,"10":1,"9":2}' },
  { name: 'characters of all planes', id: '4', payload: '{"id":4,"text":"äöü 漢字 🏰 \\u2028 \\"}"}' },
  { name: 'white space around', id: '5', payload: ' { "id" : 5 , "last" : { } } \n' },
  { name: 'braces in texts', id: '6', payload: '{"id":6,"text":"{}{"}' },
]
test.each(payloads)('a payload goes out byte for byte: $name', async ({ id, payload }) => {
  await keeping.save({ [id]: payload })
  const answer = await text('/records?model=Contact')
  expect(answer).toContain(payload.slice(0, payload.lastIndexOf('}')))
  const { records } = JSON.parse(answer) as { records: Record<string, unknown>[] }
  const { _nango_metadata: metadata, ...record } = records[0]!
  expect(record).toEqual(JSON.parse(payload))
  expect(metadata).toMatchObject({ last_action: 'ADDED', deleted_at: null, pruned_at: null })
})

test('a payload without members, or with metadata of its own, is still a record', async () => {
  await keeping.save({ a: '{ }', b: '{"id":"b","_nango_metadata":{"last_action":"FORGED"}}' })
  const { json } = await api('/records?model=Contact')
  expect(json['records']).toMatchObject([
    { _nango_metadata: { last_action: 'ADDED' } },
    { id: 'b', _nango_metadata: { last_action: 'ADDED' } },
  ])
})

test('metadata tells when a record came, changed, and went', async () => {
  await keeping.save({ a: '{"id":"a"}' })
  harness.clock.advance(1_000)
  await keeping.save({ a: '{"id":"a","n":1}' })
  harness.clock.advance(1_000)
  await keeping.save({}, ['a'])
  const { json } = await api('/records?model=Contact')
  expect(json['records']).toEqual([
    {
      id: 'a',
      n: 1,
      _nango_metadata: {
        first_seen_at: '2026-03-02T10:00:00.000Z',
        last_modified_at: '2026-03-02T10:00:02.000Z',
        last_action: 'DELETED',
        deleted_at: '2026-03-02T10:00:02.000Z',
        pruned_at: null,
        cursor: expect.any(String) as string,
      },
    },
  ])
})

test('a page has 100 records, or as many as are asked for up to 10,000', async () => {
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`r${at}`, `{"id":"r${at}"}`]))
  await keeping.save(many)
  const page = async (query: string) => {
    const { records, next_cursor } = JSON.parse(await text(`/records?model=Contact${query}`)) as {
      records: { id: string }[]
      next_cursor: string | null
    }
    return { ids: records.map(({ id }) => id), next_cursor }
  }
  expect((await page('')).ids).toHaveLength(100)
  const first = await page('&limit=10000')
  expect(first.ids).toEqual(Object.keys(many).slice(0, 10_000))
  expect(await page(`&limit=10000&cursor=${first.next_cursor}`)).toEqual({ ids: ['r10000'], next_cursor: null })
})

test('an empty cache is an empty page', async () => {
  expect(await text('/records?model=Contact')).toBe('{"records":[],"next_cursor":null}')
})

test('a model whose sync is declared no more can still be read, one that never was is unknown', async () => {
  const { key } = keeping
  const gone = { sync: 'leads' as typeof key.sync, model: 'Lead', everyMs: 60_000, startsByItself: true }
  const declare = { integration: key.integration, connectionId: null, now: 0, spreadMs: 0 }
  await harness.syncStore.declareSyncs({ ...declare, syncs: [gone] })
  expect((await api('/records?model=Lead')).status).toBe(200)
  const { status, json } = await api('/records?model=Contcat')
  expect([status, json['error']]).toEqual([
    404,
    {
      code: 'model_unknown',
      message: 'No sync of the integration "shop" keeps records of a model "Contcat".',
      hint: 'Did you mean "Contact"?',
    },
  ])
})

const bad: { name: string; query: string; headers?: Record<string, string>; message: RegExp }[] = [
  { name: 'no model', query: '', message: /no "model"/ },
  {
    name: 'no connection',
    query: 'model=Contact',
    headers: { 'provider-config-key': 'shop' },
    message: /Connection-Id/,
  },
  {
    name: 'no integration',
    query: 'model=Contact',
    headers: { 'connection-id': 'acme' },
    message: /Provider-Config-Key/,
  },
  { name: 'limit 0', query: 'model=Contact&limit=0', message: /"limit" is "0"/ },
  { name: 'a limit that is no number', query: 'model=Contact&limit=1e3', message: /"limit" is "1e3"/ },
  { name: 'limit 10,001', query: 'model=Contact&limit=10001', message: /"limit" is "10001"/ },
  { name: 'an unknown filter', query: 'model=Contact&filter=added,removed', message: /"filter" has "removed"/ },
  { name: 'a time that is none', query: 'model=Contact&modified_after=soon', message: /"modified_after" is "soon"/ },
  {
    name: 'an unknown parameter',
    query: 'model=Contact&modifiedAfter=1',
    message: /unknown parameter "modifiedAfter"/,
  },
  { name: 'an id that is empty', query: 'model=Contact&ids=a&ids=', message: /Each "ids"/ },
  { name: 'an id beyond all length', query: `model=Contact&ids=${'x'.repeat(513)}`, message: /Each "ids"/ },
  { name: 'a cursor with other characters', query: 'model=Contact&cursor=%00', message: /"cursor" is not one of ours/ },
]
test.each(bad)('records are refused for $name', async ({ query, headers = NAMED, message }) => {
  const { status, json } = await harness.api(`/records?${query}`, { headers })
  expect([status, json['error']]).toMatchObject([400, { code: 'api_invalid_input' }])
  expect((json['error'] as { message: string }).message).toMatch(message)
})

test('pruning leaves the id and when it was done', async () => {
  await keeping.save({ a: '{"id":"a","n":1}', b: '{"id":"b","n":2}' })
  const { json } = await api('/records?model=Contact&limit=1')
  const cursor = json['next_cursor']
  harness.clock.advance(500)
  expect((await prune({ model: 'Contact', until_cursor: cursor })).json).toEqual({ count: 1, has_more: false })
  expect((await api('/records?model=Contact')).json['records']).toMatchObject([
    { id: 'a', _nango_metadata: { pruned_at: '2026-03-02T10:00:00.500Z', last_action: 'ADDED' } },
    { id: 'b', n: 2, _nango_metadata: { pruned_at: null } },
  ])
})

const badPrunes: { name: string; body: unknown; message: RegExp }[] = [
  { name: 'no cursor', body: { model: 'Contact' }, message: /no "until_cursor"/ },
  { name: 'no model', body: { until_cursor: 'MQ' }, message: /no "model"/ },
  { name: 'a cursor of other characters', body: { model: 'Contact', until_cursor: 'a b' }, message: /not one of ours/ },
  { name: 'limit 0', body: { model: 'Contact', until_cursor: 'MQ', limit: 0 }, message: /"limit"/ },
  { name: 'a member it has not', body: { model: 'Contact', until_cursor: 'MQ', all: true }, message: /"all"/ },
  { name: 'a list', body: [], message: /not a JSON object/ },
]
test.each(badPrunes)('pruning is refused for $name', async ({ body, message }) => {
  const { status, json } = await prune(body)
  expect([status, json['error']]).toMatchObject([400, { code: 'api_invalid_input' }])
  expect((json['error'] as { message: string }).message).toMatch(message)
})

test('the records of another connection are not those of this one', async () => {
  await keeping.save({ secret: '{"id":"secret"}' })
  await keep(harness, 'globex')
  const headers = { ...NAMED, 'connection-id': 'globex' }
  expect((await harness.api('/records?model=Contact', { headers })).json['records']).toEqual([])
  expect((await harness.api('/records?model=Contact&ids=secret', { headers })).json['records']).toEqual([])
})
