import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { RecordAction } from '../../../src/domain/sync.ts'
import { NOW } from './given.ts'
import { EVERY, type GivenSync, type OpenSyncStore, recordOf, SyncBench } from './sync-given.ts'

export function syncRecords(open: OpenSyncStore): void {
  const bench = new SyncBench(open)
  beforeAll(() => bench.begin())
  afterEach(() => bench.clear())
  afterAll(() => bench.opened.dispose())

  const shown = async (place: GivenSync, over: Parameters<typeof bench.read>[1] = {}) =>
    (await bench.read(place, over)).records.map(({ id, action }) => `${id} ${action}`)

  /** a and c are added, b is updated, d is deleted; one run after another. */
  const changed = async (): Promise<GivenSync> => {
    const place = await bench.place()
    await bench.fill(
      place,
      NOW,
      ['a', 'b', 'c', 'd'].map((id) => recordOf(id)),
    )
    await bench.fill(place, NOW + EVERY, [recordOf('a'), recordOf('b', 'new')], ['d', 'unknown'])
    return place
  }

  test('tells what was added, updated and deleted, each record once, in the order of the changes', async () => {
    const place = await changed()
    const { records, nextCursor } = await bench.read(place)
    expect(records.map(({ payload, ...rest }) => ({ ...rest, payload: Buffer.from(payload).toString() }))).toEqual(
      [
        ['a', 'ADDED', NOW, '{"id":"a","value":"a"}'] as const,
        ['c', 'ADDED', NOW, '{"id":"c","value":"c"}'] as const,
        ['b', 'UPDATED', NOW + EVERY, '{"id":"b","value":"new"}'] as const,
        ['d', 'DELETED', NOW + EVERY, '{"id":"d","value":"d"}'] as const,
      ].map(([id, action, lastModifiedAt, payload]) => ({
        id,
        action,
        firstSeenAt: NOW,
        lastModifiedAt,
        deletedAt: action === 'DELETED' ? lastModifiedAt : null,
        prunedAt: null,
        payload,
        cursor: expect.any(String) as string,
      })),
    )
    expect(nextCursor).toBeNull()
    expect(await bench.store.countRecords(place.selection)).toBe(3)
  })

  test('adds a deleted record again when it comes back, and keeps when it was first seen', async () => {
    const place = await changed()
    const result = await bench.fill(place, NOW + 2 * EVERY, [recordOf('d')])
    expect(result).toMatchObject({ added: ['d'], unchanged: 0 })
    const { records } = await bench.read(place)
    expect(records.at(-1)).toMatchObject({ id: 'd', action: 'ADDED', firstSeenAt: NOW, deletedAt: null })
  })

  test('goes on behind a cursor, and misses nothing that changes between two pages', async () => {
    const place = await bench.place()
    await bench.fill(
      place,
      NOW,
      ['a', 'b', 'c', 'd', 'e'].map((id) => recordOf(id)),
    )
    const first = await bench.read(place, { limit: 2 })
    expect(first.records.map(({ id }) => id)).toEqual(['a', 'b'])
    await bench.fill(place, NOW + EVERY, [recordOf('a', 1), recordOf('d', 1), recordOf('f')], ['c'])
    expect(await shown(place, { after: first.nextCursor })).toEqual([
      'e ADDED',
      'a UPDATED',
      'd UPDATED',
      'f ADDED',
      'c DELETED',
    ])
    const { records } = await bench.read(place)
    expect(await shown(place, { after: records.at(-1)!.cursor })).toEqual([])
    await bench.fill(place, NOW + 2 * EVERY, [recordOf('e', 2)])
    expect(await shown(place, { after: records.at(-1)!.cursor })).toEqual(['e UPDATED'])
  })

  test('keeps its order when the clock steps back', async () => {
    const place = await bench.place()
    const run = await bench.start(place)
    await run.save({ records: [recordOf('a')], now: NOW + 50 })
    const { cursor } = (await bench.read(place)).records[0]!
    await run.save({ records: [recordOf('b')], now: NOW + 10 })
    expect(await shown(place, { after: cursor })).toEqual(['b ADDED'])
  })

  const filters: [name: string, over: Parameters<typeof bench.read>[1], expected: string[]][] = [
    ['modified since a time', { modifiedAfter: NOW + EVERY }, ['b UPDATED', 'd DELETED']],
    ['modified since a time in between', { modifiedAfter: NOW + 1 }, ['b UPDATED', 'd DELETED']],
    ['modified since a time before all', { modifiedAfter: NOW - 1 }, ['a ADDED', 'c ADDED', 'b UPDATED', 'd DELETED']],
    ['of one action', { actions: ['ADDED'] }, ['a ADDED', 'c ADDED']],
    ['of two actions', { actions: ['DELETED', 'UPDATED'] as RecordAction[] }, ['b UPDATED', 'd DELETED']],
    ['of no action', { actions: [] }, []],
    ['with these ids', { ids: ['d', 'a', 'a', 'x'] }, ['a ADDED', 'd DELETED']],
    ['with these ids, since a time', { ids: ['d', 'a'], modifiedAfter: NOW + EVERY }, ['d DELETED']],
    ['with these ids and an action', { ids: ['d', 'a'], actions: ['ADDED'] }, ['a ADDED']],
  ]
  for (const [name, over, expected] of filters) {
    test(`gives out those ${name}, in pages of any size`, async () => {
      const place = await changed()
      expect(await shown(place, over)).toEqual(expected)
      const paged: string[] = []
      let after: string | null = null
      for (let page = 0; page === 0 || after !== null; page += 1) {
        const { records, nextCursor } = await bench.read(place, { ...over, limit: 1, after })
        paged.push(...records.map(({ id, action }) => `${id} ${action}`))
        after = nextCursor
      }
      expect(paged).toEqual(expected)
    })
  }

  test('leaves alone what another run modified later, also a deletion, unless told otherwise', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [recordOf('a'), recordOf('b'), recordOf('c')])
    await bench.fill(place, NOW + EVERY, [recordOf('a', 'fresh'), recordOf('b', 'fresh')], ['c'])
    const run = await bench.start(place, { startedAt: NOW + 2 * EVERY })
    const records = [recordOf('a', 'stale'), recordOf('c', 'stale')]
    const batch = { records, deletedIds: ['b'], ignoreModifiedAfter: NOW + EVERY - 1 }
    expect(await run.save(batch)).toMatchObject({ updated: [], added: [], deleted: [], ignored: 3, unchanged: 0 })
    expect(await run.save({ ...batch, ignoreModifiedAfter: null })).toMatchObject({
      updated: ['a'],
      added: ['c'],
      deleted: ['b'],
    })
    const own = { records: [recordOf('a', 'next page')], ignoreModifiedAfter: NOW }
    expect(await run.save(own)).toMatchObject({ updated: ['a'], ignored: 0 })
  })

  test('prunes payloads up to a cursor, a part at a time; the same records are then no change, and others bring theirs', async () => {
    const place = await bench.place()
    const all = ['a', 'b', 'c', 'd', 'e'].map((id) => recordOf(id))
    await bench.fill(place, NOW, all)
    const { records } = await bench.read(place)
    const prune = { ...place.selection, untilCursor: records[3]!.cursor, now: NOW + 9 }
    expect(await bench.store.pruneRecords({ ...prune, limit: 3 })).toEqual({ count: 3, hasMore: true })
    expect(await bench.store.pruneRecords({ ...prune, limit: 3 })).toEqual({ count: 1, hasMore: false })
    expect(await bench.store.pruneRecords({ ...prune, limit: 3 })).toEqual({ count: 0, hasMore: false })
    const after = (await bench.read(place)).records
    expect(after.map(({ id, prunedAt }) => [id, prunedAt])).toEqual([
      ['a', NOW + 9],
      ['b', NOW + 9],
      ['c', NOW + 9],
      ['d', NOW + 9],
      ['e', null],
    ])
    expect(Buffer.from(after[0]!.payload).toString()).toBe('{"id":"a"}')
    expect(await bench.store.countRecords(place.selection)).toBe(5)
    expect(await bench.fill(place, NOW + EVERY, [recordOf('a'), recordOf('b', 'new'), recordOf('e')])).toMatchObject({
      updated: ['b'],
      unchanged: 2,
    })
    expect((await bench.read(place, { ids: ['a', 'b'] })).records).toMatchObject([
      { id: 'a', prunedAt: NOW + 9, action: 'ADDED' },
      { id: 'b', prunedAt: null, action: 'UPDATED', payload: Buffer.from('{"id":"b","value":"new"}') },
    ])
  })

  test('refuses a cursor that is none', async () => {
    const place = await bench.place()
    const refusal = expect.objectContaining({ code: 'api_invalid_input' }) as Error
    await expect(bench.read(place, { after: 'nonsense!' })).rejects.toThrow(refusal)
    await bench.fill(place, NOW, [recordOf('a')])
    await expect(bench.read(place, { after: 'nonsense!' })).rejects.toThrow(refusal)
    const prune = { ...place.selection, untilCursor: 'nonsense!', limit: 1, now: NOW }
    await expect(bench.store.pruneRecords(prune)).rejects.toThrow(refusal)
  })

  test('keeps models and connections apart, and all of it over a restart', async () => {
    const place = await changed()
    await bench.reopen()
    expect(await shown(place)).toEqual(['a ADDED', 'c ADDED', 'b UPDATED', 'd DELETED'])
    const other = { ...place, selection: { ...place.selection, model: 'Other' } }
    expect(await shown(other)).toEqual([])
    expect(await shown(await bench.place())).toEqual([])
  })

  test('starts from nothing for a connection that was deleted and made again', async () => {
    const place = await changed()
    const { integration, connectionId } = place
    await bench.store.deleteConnection(integration, connectionId)
    expect(await shown(place)).toEqual([])
    await bench.store.putConnection(place.connection(), NOW)
    await bench.declare(place)
    expect(await bench.fill(place, NOW + 3 * EVERY, [recordOf('a')])).toMatchObject({ added: ['a'] })
    expect(await shown(place)).toEqual(['a ADDED'])
  })

  test('ends a page before it holds more than 16 MiB, whatever the limit, but never without a record', async () => {
    const place = await bench.place()
    const sizes: [id: string, mebibytes: number][] = [
      ['a', 9],
      ['b', 9],
      ['c', 17],
      ['d', 1],
      ['e', 1],
    ]
    await bench.fill(
      place,
      NOW,
      sizes.map(([id, mebibytes]) => recordOf(id, 'x'.repeat(mebibytes * 1_048_576))),
    )
    for (const over of [{}, { actions: ['ADDED' as const] }, { ids: sizes.map(([id]) => id) }]) {
      const pages: string[] = []
      let after: string | null = null
      do {
        const { records, nextCursor } = await bench.read(place, { ...over, limit: 10_000, after })
        pages.push(records.map(({ id }) => id).join(''))
        after = nextCursor
      } while (after !== null)
      expect(pages).toEqual(['a', 'b', 'c', 'de'])
    }
  })

  test('reads long pages whole', async () => {
    const place = await bench.place()
    const many = Array.from({ length: 1_234 }, (_, at) => recordOf(`id-${at}`))
    await bench.fill(place, NOW, many)
    const whole = await bench.read(place, { limit: 5_000 })
    expect(whole.records.map(({ id }) => id)).toEqual(many.map(({ id }) => id))
    const added = await bench.read(place, { limit: 1_233, actions: ['ADDED'] })
    expect(added.records).toHaveLength(1_233)
    expect(await shown(place, { after: added.nextCursor })).toEqual(['id-1233 ADDED'])
  })
}
