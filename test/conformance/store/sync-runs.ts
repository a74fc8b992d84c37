import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { HOUR, MINUTE, NOW } from './given.ts'
import {
  EVERY,
  type GivenSync,
  LEASE,
  MODEL,
  type OpenSyncStore,
  progressAt,
  recordOf,
  runId,
  SyncBench,
} from './sync-given.ts'

export function syncRuns(open: OpenSyncStore): void {
  const bench = new SyncBench(open)
  beforeAll(() => bench.begin())
  afterEach(() => bench.clear())
  afterAll(() => bench.opened.dispose())

  const idsOf = async (place: GivenSync) => (await bench.read(place)).records.map(({ id, action }) => `${id} ${action}`)

  test('saves a batch with its progress, counters and lease, and ends with the checkpoint', async () => {
    const place = await bench.place()
    const run = await bench.start(place)
    expect(await run.save({ records: [recordOf('a'), recordOf('b')], skipped: 1, notes: ['no id'] })).toEqual({
      added: ['a', 'b'],
      updated: [],
      deleted: [],
      unchanged: 0,
      ignored: 0,
    })
    await run.save({ records: [recordOf('b')], deletedIds: ['a', 'x'], progress: progressAt(2, { requests: 3 }) })
    expect(await bench.store.getSyncRun(run.run.id)).toMatchObject({ state: 'running', key: place.key })
    expect(await run.succeed({ since: 7 })).toBe(true)
    expect(await bench.store.getSyncRun(run.run.id)).toEqual({
      id: run.run.id,
      key: place.key,
      model: MODEL,
      type: 'INITIAL',
      cause: 'schedule',
      isFull: true,
      triggers: 0,
      startedAt: NOW,
      resumptions: 0,
      checkpointBefore: {},
      counters: { pages: 2, requests: 3, added: 2, updated: 0, deleted: 1, unchanged: 1, ignored: 0, skipped: 1 },
      notes: ['no id'],
      state: 'succeeded',
      finishedAt: NOW + 2,
      checkpointAfter: { since: 7 },
    })
    expect(await run.succeed()).toBe(false)
    const [next] = await bench.claim(NOW + EVERY)
    expect(next).toMatchObject({ checkpoint: { since: 7 }, lastFullAt: NOW, lastSuccessAt: NOW, interrupted: null })
  })

  test('takes up an interrupted run after its last batch, with the same cause', async () => {
    const place = await bench.place()
    const { key } = place
    const wish = {
      key,
      now: NOW,
      windowMs: 0,
      cause: 'request' as const,
      triggers: 3,
      isFull: true,
      emptiesCache: true,
    }
    await bench.store.requestRun(wish)
    const run = await bench.start(place, { cause: 'request', triggers: 3 })
    const progress = progressAt(4, { checkpoint: { since: 4 } })
    await run.save({ records: [recordOf('a')], progress })
    await bench.reopen()
    expect(await bench.store.releaseSyncLeases({ now: NOW + 5 })).toBe(1)
    expect(await bench.store.getSyncRun(run.run.id)).toMatchObject({ state: 'waiting', until: NOW + 5 })
    const [again] = await bench.claim(NOW + 5)
    expect(again).toMatchObject({ fence: 2, cause: 'request', triggers: 3, isFull: true, emptiesCache: true })
    expect(again!.interrupted).toMatchObject({ run: { id: run.run.id, state: 'running', resumptions: 1 }, progress })
    expect(await run.save({ records: [recordOf('b')] })).toBeNull()
    const result = await bench.store.saveBatch(place.batch(again!, run.run.id, { records: [recordOf('a')] }))
    expect(result).toMatchObject({ added: [], unchanged: 1 })
    expect(await idsOf(place)).toEqual(['a ADDED'])
  })

  test('takes up a run that was interrupted or postponed before its first batch, with no progress', async () => {
    const place = await bench.place()
    const { lease, run } = await bench.start(place)
    const until = NOW + MINUTE
    await bench.store.postponeRun({ lease, run: run.id, until, reason: '429' })
    const [second] = await bench.claim(until)
    expect(second!.interrupted).toMatchObject({ run: { id: run.id, resumptions: 1, state: 'running' }, progress: null })
    const [third] = await bench.claim(until + LEASE)
    expect(third).toMatchObject({ fence: 3, interrupted: { run: { id: run.id, resumptions: 2 }, progress: null } })
    const page = await bench.store.listSyncRuns(place.key, { limit: 10, after: null })
    expect(page.items.map(({ id }) => id)).toEqual([run.id])
  })

  test('lets a postponed run wait, and goes on with it', async () => {
    const place = await bench.place()
    const { lease, run, save } = await bench.start(place)
    await save({})
    const until = NOW + MINUTE
    expect(await bench.store.postponeRun({ lease, run: run.id, until, reason: '429' })).toBe(true)
    expect(await bench.store.getSyncRun(run.id)).toMatchObject({ state: 'waiting', until, reason: '429' })
    expect(await bench.claim(until - 1)).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBe(until)
    expect(await bench.claim(until)).toMatchObject([{ interrupted: { run: { id: run.id } } }])
    expect(await bench.store.postponeRun({ lease, run: run.id, until, reason: 'late' })).toBe(false)
  })

  test('keeps the checkpoint when the run fails, and tells why', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [])
    const { lease, run } = await bench.start(place, { startedAt: NOW + EVERY, checkpointBefore: {} })
    const failure = { code: 'answer_status' as const, message: 'GET … answered 404', hint: null, answer: null }
    const rest = { now: NOW + EVERY + 1, nextDueAt: NOW + 2 * EVERY, notes: ['last'], notices: [] }
    await bench.store.finishRun({ lease, run: run.id, end: { state: 'failed', failure }, ...rest })
    expect(await bench.store.getSyncRun(run.id)).toMatchObject({ state: 'failed', failure, notes: ['last'] })
    const [next] = await bench.claim(NOW + 2 * EVERY)
    expect(next).toMatchObject({ checkpoint: {}, lastSuccessAt: NOW, interrupted: null, lastFailure: 'answer_status' })
    const again = place.newRun()
    await bench.store.startRun({ lease: next!, run: again, model: MODEL, emptiesCache: false })
    const end = { state: 'succeeded' as const, checkpoint: {} }
    await bench.store.finishRun({ lease: next!, run: again.id, end, ...rest, nextDueAt: NOW + 3 * EVERY })
    expect(await bench.claim(NOW + 3 * EVERY)).toMatchObject([{ lastFailure: null }])
  })

  test('deletes what a full run has not seen, a part at a time, and nothing that changed meanwhile', async () => {
    const place = await bench.place()
    const all = Array.from({ length: 25 }, (_, at) => recordOf(`r${String(at).padStart(2, '0')}`))
    await bench.fill(place, NOW, all, [])
    const at = NOW + EVERY
    const run = await bench.start(place, { startedAt: at })
    await run.save({ records: all.slice(0, 5), now: at })
    await bench.store.addTriggers({
      triggers: [place.trigger({ kind: 'upsert', records: [recordOf('r24', 'fresher')] })],
      windowMs: new Map(),
      now: at,
    })
    const [triggers] = await bench.store.claimTriggers({ now: at, limit: 1, leaseUntil: at + LEASE })
    const apply = { requests: 0, skipped: 0, notes: [], now: at, model: MODEL, deletedIds: [] }
    const webhook = place.newRun({ type: 'WEBHOOK', cause: 'webhook', startedAt: at })
    await bench.store.applyTriggers({
      triggers: triggers!,
      run: webhook,
      records: [recordOf('r24', 'fresher')],
      ...apply,
    })
    const deleted: string[] = []
    for (;;) {
      const step = await run.deleteMissing(7)
      expect(step!.deleted.length).toBeLessThanOrEqual(7)
      deleted.push(...step!.deleted)
      if (!step!.hasMore) break
    }
    expect(deleted.sort()).toEqual(all.slice(5, 24).map(({ id }) => id))
    await run.succeed()
    expect(await bench.store.getSyncRun(run.run.id)).toMatchObject({ counters: { deleted: 19, unchanged: 5 } })
    expect(await bench.store.countRecords(place.selection)).toBe(6)
    expect(await run.deleteMissing()).toBeNull()
  })

  test('remembers over a crash what a full run has seen', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [recordOf('a'), recordOf('b'), recordOf('c')])
    const at = NOW + EVERY
    const run = await bench.start(place, { startedAt: at })
    await run.save({ records: [recordOf('a')], now: at })
    await bench.reopen()
    await bench.store.releaseSyncLeases({ now: at })
    const [lease] = await bench.claim(at)
    await bench.store.saveBatch(place.batch(lease!, run.run.id, { records: [recordOf('b')], now: at }))
    const rest = { model: MODEL, startedAt: at, limit: 10, now: at }
    expect(await bench.store.deleteMissing({ lease: lease!, run: run.run.id, ...rest })).toEqual({
      deleted: ['c'],
      hasMore: false,
    })
  })

  test('empties the cache with the start of a run, and cursors held by apps go on', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [recordOf('a'), recordOf('b')])
    const { cursor } = (await bench.read(place)).records.at(-1)!
    const run = await bench.start(place, { startedAt: NOW + EVERY, emptiesCache: true })
    expect(await bench.store.countRecords(place.selection)).toBe(0)
    expect((await bench.read(place)).records).toEqual([])
    await run.save({ records: [recordOf('a')] })
    expect((await bench.read(place, { after: cursor })).records.map(({ id, action }) => [id, action])).toEqual([
      ['a', 'ADDED'],
    ])
  })

  test('stores notices as deliveries that are due, with the end of the run, and shows them in no list of requests', async () => {
    const place = await bench.place()
    const run = await bench.start(place)
    const { requestId } = place.notice()
    const [one, two] = [place.notice({ requestId }), place.notice({ requestId, urlOverride: 'https://a.example.com' })]
    await run.succeed({}, [one, two])
    const { destination, integration } = place
    const claim = { destination, now: NOW + HOUR, limit: 10, leaseUntil: NOW + 2 * HOUR }
    const claimed = await bench.store.claimDueDeliveries(claim)
    expect(claimed).toMatchObject([
      { id: one.id, body: 'raw', eventIds: [], positions: null, provider: 'acme', connectionId: place.connectionId },
      { id: two.id, urlOverride: 'https://a.example.com' },
    ])
    expect(Buffer.from(claimed[0]!.payload.bytes).toString()).toBe('{"type":"sync"}')
    const page = { limit: 10, after: null }
    expect((await bench.store.listRequests({ integration }, page)).items).toEqual([])
    expect(await bench.store.getRequest(requestId)).toBeNull()
    const listed = await bench.store.listDeliveries({ integration }, page)
    expect(listed.items.map(({ id }) => id).sort()).toEqual([one.id, two.id].sort())
  })

  test('stores no notice of a run whose lease is lost', async () => {
    const place = await bench.place()
    const run = await bench.start(place)
    await bench.claim(NOW + LEASE)
    expect(await run.succeed({}, [place.notice()])).toBe(false)
    const claim = { destination: place.destination, now: NOW + HOUR, limit: 10, leaseUntil: NOW + 2 * HOUR }
    expect(await bench.store.claimDueDeliveries(claim)).toEqual([])
  })

  test('lists runs newest first, by any part of the key and by state, in pages', async () => {
    const [place, other] = [await bench.place(), await bench.place()]
    const runs: string[] = []
    await bench.store.setPaused({ ...other.key, syncs: null, paused: true, now: NOW })
    for (const at of [0, 1, 2]) {
      const run = await bench.start(place, { startedAt: NOW + at * EVERY })
      await run.succeed()
      runs.unshift(run.run.id)
    }
    const { integration, connectionId, sync } = place.key
    const filters = [
      { integration },
      { connectionId },
      { integration, sync },
      place.key,
      { ...place.key, state: 'succeeded' as const },
    ]
    for (const filter of filters) {
      const page = await bench.store.listSyncRuns(filter, { limit: 10, after: null })
      expect(page.items.map(({ id }) => id)).toEqual(runs)
    }
    const failed = await bench.store.listSyncRuns({ integration, state: 'failed' }, { limit: 10, after: null })
    expect(failed.items).toEqual([])
    const first = await bench.store.listSyncRuns({ integration }, { limit: 2, after: null })
    const rest = await bench.store.listSyncRuns({ integration }, { limit: 2, after: first.nextCursor })
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(runs)
    expect(rest.nextCursor).toBeNull()
    expect(await bench.store.getSyncRun(runId())).toBeNull()
    const [status] = await bench.store.syncStatus({ integration, connectionId, syncs: [sync] })
    expect(status).toMatchObject({ lastRun: { id: runs[0] }, recordCount: 0, missedWebhooks: 0 })
  })
}
