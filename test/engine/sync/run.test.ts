import { describe, expect, test } from 'vitest'
import type { SyncDeclaration } from '../../../src/domain/provider-spec.gen.ts'
import { ACME, CONTACTS, INTEGRATION, startSyncing, sync, until } from './syncing.ts'

const HOUR = 3_600_000

describe('four providers', () => {
  const cases: { name: string; declaration: SyncDeclaration; credentials: Record<string, string>; requests: number }[] =
    [
      {
        name: 'HubSpot: cursor in the body',
        declaration: CONTACTS,
        credentials: { access_token: 'good-token' },
        requests: 3,
      },
      {
        name: 'HubSpot: cursor in the query',
        declaration: {
          ...CONTACTS,
          request: { get: '{url}/crm/v3/objects/contacts', query: { limit: 3 } },
          pages: { next: 'response.body.paging.next.after', into: 'query.after' },
        },
        credentials: { access_token: 'good-token' },
        requests: 3,
      },
      {
        name: 'GitHub: Link header',
        declaration: {
          model: 'Contact',
          request: {
            get: '{url}/repos/{connection.connection_config.owner}/{connection.connection_config.repo}/issues',
            query: { state: '"all"', per_page: 3, since: 'checkpoint.since' },
            headers: { accept: 'application/vnd.github+json' },
          },
          pages: { link: 'next' },
          records: {
            list: 'response.body',
            map: '{ "id": item.id, "name": item.title, "updated_at": item.updated_at }',
          },
          checkpoint: { since: '$max(records.updated_at)' },
        },
        credentials: { access_token: 'good-token' },
        requests: 3,
      },
      {
        name: 'Stripe: has_more and starting_after',
        declaration: {
          model: 'Contact',
          request: { get: '{url}/v1/charges', query: { limit: 3 } },
          auth: 'basic',
          pages: { next: 'response.body.data[-1].id', into: 'query.starting_after', more: 'response.body.has_more' },
          records: {
            list: 'response.body.data',
            map: '{ "id": $substringAfter(item.id, "ch_"), "name": item.description }',
            id: '$substringAfter(item.id, "ch_")',
          },
        },
        credentials: { username: 'good-token', password: '' },
        requests: 3,
      },
      {
        name: 'Shopify: Link with page_info',
        declaration: {
          model: 'Contact',
          request: {
            get: '{url}/admin/api/2026-01/products.json',
            query: { limit: 3, updated_at_min: 'checkpoint.updated_at' },
          },
          auth: { header: 'X-Shopify-Access-Token' },
          pages: { link: 'next' },
          records: 'response.body.products.{ "id": id, "name": title, "updated_at": updated_at }',
          checkpoint: { updated_at: '$max(records.updated_at)' },
        },
        credentials: { apiKey: 'good-token' },
        requests: 3,
      },
    ]
  for (const { name, declaration, credentials, requests } of cases) {
    test(`reads all pages: ${name}`, async () => {
      const syncing = await startSyncing({
        syncs: { contacts: declaration },
        credentials,
        setUp: (apis) => apis.fill(7),
      })
      const [run] = await syncing.untilEnded(1)
      expect(run).toMatchObject({ state: 'succeeded', type: 'INITIAL', counters: { pages: 3, added: 7, skipped: 0 } })
      const records = await syncing.records()
      expect(records.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(records.find(({ id }) => id === '4')?.payload).toMatchObject({ name: 'item 4' })
      expect(syncing.apis.requests).toHaveLength(requests)
      expect(syncing.told()).toMatchObject([
        {
          type: 'sync',
          from: 'hubspot',
          connectionId: 'acme',
          providerConfigKey: 'crm-prod',
          syncName: 'contacts',
          model: 'Contact',
          syncType: 'INITIAL',
          success: true,
          responseResults: { added: 7, updated: 0, deleted: 0 },
        },
      ])
    })
  }
})

test('reads only what changed since the checkpoint, and writes only what is other than before', async () => {
  const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(7) })
  await syncing.untilEnded(1)
  const written = syncing.store.recordWrites
  syncing.apis.put(2, '2026-03-02T10:30:00.000Z', 'renamed')
  syncing.clock.advance(HOUR * 1.1)
  const [run] = await syncing.untilEnded(2)
  expect(run).toMatchObject({
    state: 'succeeded',
    type: 'INCREMENTAL',
    checkpointBefore: { updated_at: '2026-01-01T00:07:00.000Z' },
    checkpointAfter: { updated_at: '2026-03-02T10:30:00.000Z' },
    counters: { pages: 1, added: 0, updated: 1, unchanged: 1 },
  })
  expect(syncing.store.recordWrites - written).toBe(1)
  expect((await syncing.records()).at(-1)).toMatchObject({ id: '2', action: 'UPDATED', payload: { name: 'renamed' } })
})

test('says nothing of a run that changed nothing, unless it is told to', async () => {
  const quiet = await startSyncing({ syncs: { contacts: CONTACTS } })
  await quiet.untilEnded(1)
  expect(quiet.told()).toEqual([])
  const loud = await startSyncing({ syncs: { contacts: { ...CONTACTS, notify: { empty: true } } } })
  await loud.untilEnded(1)
  expect(loud.told()).toMatchObject([{ success: true, responseResults: { added: 0, updated: 0, deleted: 0 } }])
})

describe('deletions', () => {
  const full: SyncDeclaration = {
    ...CONTACTS,
    records: { list: 'response.body.results', map: '{ "id": item.id, "name": item.properties.firstname }' },
    checkpoint: {},
    deletes: 'missing_on_full_run',
  }

  test('deletes what a full run does not see any more, and brings it back as added', async () => {
    const syncing = await startSyncing({ syncs: { contacts: full }, setUp: (apis) => apis.fill(7) })
    await syncing.untilEnded(1)
    syncing.apis.items.delete('3')
    syncing.clock.advance(HOUR * 1.1)
    const [run] = await syncing.untilEnded(2)
    expect(run).toMatchObject({ counters: { deleted: 1, unchanged: 6 } })
    expect((await syncing.records()).at(-1)).toMatchObject({ id: '3', action: 'DELETED', payload: { name: 'item 3' } })
    syncing.apis.put(3, '2026-03-02T10:30:00.000Z')
    syncing.clock.advance(HOUR * 1.1)
    await syncing.untilEnded(3)
    expect((await syncing.records()).at(-1)).toMatchObject({ id: '3', action: 'ADDED' })
  })

  const spared: {
    name: string
    spoil: (apis: Awaited<ReturnType<typeof startSyncing>>['apis']) => void
    state: string
  }[] = [
    {
      name: 'after a run that failed half way',
      spoil: (apis) => {
        let seen = 0
        apis.beforeAnswer(() => {
          seen += 1
          if (seen === 2) apis.failNext({ status: 400, body: '{}' })
        })
      },
      state: 'failed',
    },
    {
      name: 'after a run that skipped an item',
      spoil: (apis) =>
        apis.failNext({ status: 200, body: '{"results":[{"id":"1","properties":{}},{"properties":{}}]}' }),
      state: 'succeeded',
    },
  ]
  for (const { name, spoil, state } of spared) {
    test(`deletes nothing ${name}`, async () => {
      const syncing = await startSyncing({ syncs: { contacts: full }, setUp: (apis) => apis.fill(7) })
      await syncing.untilEnded(1)
      syncing.apis.items.delete('7')
      spoil(syncing.apis)
      syncing.clock.advance(HOUR * 1.1)
      const [run] = await syncing.untilEnded(2)
      expect(run).toMatchObject({ state, counters: { deleted: 0 } })
      expect((await syncing.records()).filter(({ action }) => action === 'DELETED')).toEqual([])
    })
  }

  test('deletes all when the list is there and empty, nothing when the answer has another shape', async () => {
    const syncing = await startSyncing({ syncs: { contacts: full }, setUp: (apis) => apis.fill(4) })
    await syncing.untilEnded(1)
    syncing.apis.failNext({ status: 200, body: '{"data":[]}' })
    syncing.clock.advance(HOUR * 1.1)
    expect((await syncing.untilEnded(2))[0]).toMatchObject({ state: 'failed', failure: { code: 'records_missing' } })
    syncing.apis.items.clear()
    syncing.clock.advance(HOUR * 1.1)
    expect((await syncing.untilEnded(3))[0]).toMatchObject({ state: 'succeeded', counters: { deleted: 4 } })
  })

  test('deletes by the ids that an answer names', async () => {
    const declaration: SyncDeclaration = { ...CONTACTS, deletes: { from: 'response.body.gone' } }
    const syncing = await startSyncing({ syncs: { contacts: declaration }, setUp: (apis) => apis.fill(3) })
    await syncing.untilEnded(1)
    syncing.apis.failNext({ status: 200, body: '{"results":[],"gone":["2","unknown"]}' })
    syncing.clock.advance(HOUR * 1.1)
    expect((await syncing.untilEnded(2))[0]).toMatchObject({ counters: { deleted: 1 } })
  })
})

describe('full runs', () => {
  test('begins anew on request and keeps the cache, or empties it first', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(4) })
    await syncing.untilEnded(1)
    const all = { integration: INTEGRATION, connectionId: ACME, syncs: null }
    await syncing.engine.control.trigger({ ...all, isFull: true, emptiesCache: false })
    expect((await syncing.untilEnded(2))[0]).toMatchObject({
      type: 'INITIAL',
      cause: 'request',
      isFull: true,
      counters: { unchanged: 4 },
    })
    await syncing.engine.control.trigger({ ...all, isFull: true, emptiesCache: true })
    expect((await syncing.untilEnded(3))[0]).toMatchObject({ type: 'INITIAL', counters: { added: 4 } })
  })

  test('reads everything again when the last full run was long ago', async () => {
    const declaration: SyncDeclaration = { ...CONTACTS, full_every: '2h' }
    const syncing = await startSyncing({ syncs: { contacts: declaration }, setUp: (apis) => apis.fill(4) })
    await syncing.untilEnded(1)
    syncing.clock.advance(HOUR * 1.1)
    expect((await syncing.untilEnded(2))[0]).toMatchObject({ isFull: false })
    syncing.clock.advance(HOUR * 1.1)
    expect((await syncing.untilEnded(3))[0]).toMatchObject({
      isFull: true,
      type: 'INCREMENTAL',
      counters: { unchanged: 4 },
    })
  })
})

test('goes on after the last saved page, with its counts, when saving was cut off', async () => {
  const syncing = await startSyncing({
    syncs: { contacts: CONTACTS },
    setUp: (apis, store) => {
      apis.fill(7)
      apis.beforeAnswer(({ count }) => {
        if (count === 2) store.failNext('saveBatch')
      })
    },
  })
  const [run] = await syncing.untilEnded(1)
  expect(run).toMatchObject({ state: 'succeeded', resumptions: 1, counters: { pages: 3, added: 7 } })
  expect(syncing.apis.requests.map(({ body }) => (JSON.parse(body) as { after?: string }).after ?? null)).toEqual([
    null,
    '3',
    '3',
    '6',
  ])
  expect(await syncing.runs()).toHaveLength(1)
})

test('stops at once while a provider keeps it waiting, and leaves the run to be taken up again', async () => {
  const syncing = await startSyncing({
    syncs: { contacts: CONTACTS },
    setUp: (apis) => {
      apis.fill(7)
      apis.beforeAnswer(({ count }) => {
        if (count === 2) apis.failNext('hang')
      })
    },
  })
  await until(() => syncing.store.recordWrites === 3)
  const startedAt = performance.now()
  await syncing.engine.stop()
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  expect((await syncing.runs())[0]).toMatchObject({ state: 'waiting', counters: { pages: 1, added: 3 } })
  expect(syncing.clock.timerCount()).toBe(0)
  expect(syncing.journal.filter(({ level }) => level === 'error')).toEqual([])
})

test('saves a page again without adding anything twice when items move between pages', async () => {
  const syncing = await startSyncing({
    syncs: {
      contacts: {
        model: 'Contact',
        request: { get: '{url}/repos/octo/cat/issues', query: { per_page: 3 } },
        pages: { link: 'next' },
        records: 'response.body.{ "id": id, "name": title }',
      },
    },
    setUp: (apis) => {
      apis.fill(7)
      // Touched after the first page was read, it moves to the end: everything behind it moves up by one.
      apis.beforeAnswer(({ count }) => {
        if (count === 2) apis.put(6, '2026-02-01T00:00:00.000Z', 'touched')
      })
    },
  })
  const [run] = await syncing.untilEnded(1)
  expect(run).toMatchObject({ state: 'succeeded', counters: { added: 7 } })
  expect((await syncing.records()).find(({ id }) => id === '6')?.payload).toMatchObject({ name: 'touched' })
})

test('runs once for all the time that the gateway was down, and then by the schedule again', async () => {
  const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(2) })
  await syncing.untilEnded(1)
  syncing.clock.jump(HOUR * 50)
  syncing.clock.advance(61_000)
  await syncing.untilEnded(2)
  syncing.clock.advance(HOUR / 2)
  await new Promise(setImmediate)
  expect(await syncing.runs()).toHaveLength(2)
  syncing.clock.advance(HOUR)
  await syncing.untilEnded(3)
})

test('does not run by schedule what is paused, but does on request', async () => {
  const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(2) })
  await syncing.untilEnded(1)
  const all = { integration: INTEGRATION, connectionId: ACME, syncs: [sync('contacts')] }
  expect(await syncing.engine.control.pause(all)).toBe(1)
  syncing.clock.advance(HOUR * 3)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await syncing.runs()).toHaveLength(1)
  await syncing.engine.control.trigger({ ...all, isFull: false, emptiesCache: false })
  await syncing.untilEnded(2)
  await syncing.engine.control.start(all)
  expect((await syncing.untilEnded(3))[0]).toMatchObject({ cause: 'schedule' })
})
