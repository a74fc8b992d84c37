import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { BatchResult } from '../../../src/engine/sync/ports/run-store.ts'
import type { ClaimedTriggers, SyncTrigger } from '../../../src/engine/sync/ports/trigger-store.ts'
import { HOUR, MINUTE, NOW } from './given.ts'
import {
  EVERY,
  type GivenSync,
  givenSync,
  LEASE,
  missedId,
  MODEL,
  type OpenSyncStore,
  recordOf,
  runId,
  SyncBench,
} from './sync-given.ts'

export function syncTriggers(open: OpenSyncStore): void {
  const bench = new SyncBench(open)
  beforeAll(() => bench.begin())
  afterEach(() => bench.clear())
  afterAll(() => bench.opened.dispose())

  const add = (...triggers: SyncTrigger[]) =>
    bench.store.addTriggers({
      triggers,
      windowMs: new Map(triggers.map(({ key }) => [key.sync, 1_000])),
      now: triggers[0]!.at,
    })
  const claim = (now = NOW, limit = 10) => bench.store.claimTriggers({ now, limit, leaseUntil: now + LEASE })
  const webhookRun = (place: GivenSync) =>
    place.newRun({ type: 'WEBHOOK', cause: 'webhook', triggers: 1, isFull: false })
  const apply = (triggers: ClaimedTriggers, place: GivenSync, run = webhookRun(place), ids: string[] = ['a']) =>
    bench.store.applyTriggers({
      triggers,
      run,
      model: MODEL,
      records: ids.map((id) => recordOf(id)),
      deletedIds: [],
      requests: 2,
      skipped: 1,
      notes: ['one skipped'],
      now: NOW,
    })
  const finish = (triggers: ClaimedTriggers, place: GivenSync, run = webhookRun(place), over = {}) =>
    bench.store.finishTriggers({
      triggers,
      run,
      model: MODEL,
      failure: null,
      notes: [],
      now: NOW + 1,
      notices: [],
      ...over,
    })

  test('hands out what waits for one sync and connection together, as it was given, to one claimer', async () => {
    const place = await bench.place()
    const triggers = [
      place.trigger({ kind: 'fetch', ids: ['1', '2'] }, { forwardsResult: true }),
      place.trigger({ kind: 'upsert', records: [recordOf('a', 'é'), recordOf('b')] }),
      place.trigger({ kind: 'delete', ids: ['3'] }, { eventType: null }),
    ]
    await add(...triggers)
    expect(await bench.store.nextTriggerDueAt()).toBe(NOW)
    const claimed = await claim()
    expect(claimed).toMatchObject([{ key: place.key, fence: 1, postponements: 0, applied: null }])
    const plain = (list: readonly SyncTrigger[]) =>
      list.map((trigger) =>
        trigger.action.kind === 'upsert'
          ? {
              ...trigger,
              action: trigger.action.records.map(({ id, hash, payload }) => [
                id,
                Buffer.from(hash).toString('hex'),
                Buffer.from(payload).toString(),
              ]),
            }
          : trigger,
      )
    expect(plain(claimed[0]!.triggers)).toEqual(plain(triggers))
    expect(await claim()).toEqual([])
    expect(await bench.store.nextTriggerDueAt()).toBe(NOW + LEASE)
  })

  test('makes a wish for a run of those that ask for one, and waits for the end of its window', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [])
    for (let at = 0; at < 3; at += 1) await add(place.trigger({ kind: 'run' }, { at: NOW + at }))
    expect(await claim()).toEqual([])
    expect(await bench.store.nextTriggerDueAt()).toBeNull()
    expect(await bench.claim(NOW + 999)).toEqual([])
    expect(await bench.claim(NOW + 1_000)).toMatchObject([
      { cause: 'webhook', triggers: 3, lastTriggerAt: NOW + 2, integrationTriggeredAt: NOW + 2 },
    ])
  })

  test('keeps nothing of what a paused sync is told, but that it is to run when it is started', async () => {
    const place = await bench.place({ startsByItself: false })
    await add(place.trigger({ kind: 'fetch', ids: ['1'] }), place.trigger({ kind: 'delete', ids: ['2'] }))
    await add(place.trigger({ kind: 'upsert', records: [recordOf('a')] }))
    expect(await claim(NOW + 9 * HOUR)).toEqual([])
    expect(await bench.store.nextTriggerDueAt()).toBeNull()
    expect(await bench.claim(NOW + 9 * HOUR)).toEqual([])
    await bench.store.setPaused({ ...place.key, syncs: null, paused: false, now: NOW + 9 * HOUR })
    expect(await bench.claim(NOW + 9 * HOUR)).toMatchObject([{ key: place.key, triggers: 3 }])
  })

  test('drops what is meant for a sync that there is not', async () => {
    await add(givenSync().trigger({ kind: 'delete', ids: ['1'] }))
    expect(await claim()).toEqual([])
  })

  test('saves what they come to once, and ends their run with notices in one step', async () => {
    const place = await bench.place()
    await add(place.trigger({ kind: 'fetch', ids: ['a'] }))
    const [claimed] = await claim()
    await add(place.trigger({ kind: 'delete', ids: ['late'] }, { at: NOW + 1 }))
    const run = webhookRun(place)
    const result: BatchResult = { added: ['a'], updated: [], deleted: [], unchanged: 0, ignored: 0 }
    expect(await apply(claimed!, place, run)).toEqual(result)
    expect(await bench.store.getSyncRun(run.id)).toMatchObject({
      state: 'running',
      type: 'WEBHOOK',
      counters: { added: 1, requests: 2, skipped: 1, pages: 0 },
      notes: ['one skipped'],
    })
    const notice = place.notice()
    expect(await finish(claimed!, place, run, { notices: [notice] })).toBe(true)
    expect(await finish(claimed!, place, run, { notices: [notice] })).toBe(false)
    expect(await bench.store.getSyncRun(run.id)).toMatchObject({ state: 'succeeded', finishedAt: NOW + 1 })
    const due = { destination: place.destination, now: NOW + 1, limit: 10, leaseUntil: NOW + HOUR }
    expect((await bench.store.claimDueDeliveries(due)).map(({ id }) => id)).toEqual([notice.id])
    expect(await claim(NOW + 1)).toMatchObject([{ fence: 2, triggers: [{ action: { ids: ['late'] } }] }])
  })

  test('remembers why triggers failed until others do not', async () => {
    const place = await bench.place()
    const failure = { code: 'answer_status' as const, message: 'GET … answered 500', hint: null, answer: null }
    const seen: unknown[] = []
    for (const [at, failed] of [failure, null, null].entries()) {
      await add(place.trigger({ kind: 'fetch', ids: ['a'] }, { at: NOW + at }))
      const [claimed] = await claim(NOW + at)
      seen.push(claimed!.lastFailure)
      await finish(claimed!, place, webhookRun(place), { failure: failed })
    }
    expect(seen).toEqual([null, 'answer_status', null])
  })

  test('gives back after a crash what was applied, with exactly the triggers of that time', async () => {
    const place = await bench.place()
    await add(place.trigger({ kind: 'fetch', ids: ['a'] }))
    const [claimed] = await claim()
    const run = webhookRun(place)
    const result = await apply(claimed!, place, run)
    await add(place.trigger({ kind: 'fetch', ids: ['late'] }, { at: NOW + 1 }))
    await bench.reopen()
    await bench.store.releaseSyncLeases({ now: NOW + 1 })
    const [again] = await claim(NOW + 1)
    expect(again).toMatchObject({ fence: 2, applied: { run, result }, triggers: [{ action: { ids: ['a'] } }] })
    expect(again!.triggers).toHaveLength(1)
    expect(await apply(claimed!, place, webhookRun(place))).toBeNull()
    expect(await finish(again!, place, run)).toBe(true)
    expect(await claim(NOW + 1)).toMatchObject([{ applied: null, triggers: [{ action: { ids: ['late'] } }] }])
  })

  test('lets them wait when told to, and counts how often', async () => {
    const place = await bench.place()
    await add(place.trigger({ kind: 'fetch', ids: ['a'] }))
    const [claimed] = await claim()
    await bench.store.postponeTriggers({ triggers: claimed!, until: NOW + MINUTE })
    await add(place.trigger({ kind: 'fetch', ids: ['b'] }))
    expect(await claim(NOW + MINUTE - 1)).toEqual([])
    const [again] = await claim(NOW + MINUTE)
    expect(again).toMatchObject({
      postponements: 1,
      triggers: [{ action: { ids: ['a'] } }, { action: { ids: ['b'] } }],
    })
    const failure = { code: 'rate_limited' as const, message: '429', hint: null, answer: null }
    const run = webhookRun(place)
    await finish(again!, place, run, { failure })
    expect(await bench.store.getSyncRun(run.id)).toMatchObject({ state: 'failed', failure })
  })

  test('hands out a hundred at most, oldest first, and the rest next', async () => {
    const place = await bench.place()
    await add(...Array.from({ length: 130 }, (_, at) => place.trigger({ kind: 'fetch', ids: [String(at)] })))
    const [first] = await claim()
    expect(first!.triggers).toHaveLength(100)
    await finish(first!, place)
    const [rest] = await claim(NOW + 1)
    expect(rest!.triggers).toHaveLength(30)
    expect(rest!.triggers[0]).toMatchObject({ action: { ids: ['100'] } })
  })

  test('are gone with their connection', async () => {
    const place = await bench.place()
    await add(place.trigger({ kind: 'fetch', ids: ['a'] }))
    const [claimed] = await claim()
    await bench.store.deleteConnection(place.integration, place.connectionId)
    expect(await apply(claimed!, place)).toBeNull()
    expect(await bench.store.nextTriggerDueAt()).toBeNull()
  })

  const suspect = (place: GivenSync, ...ids: string[]) => {
    const run = runId()
    const missed = ids.map((recordId) => {
      return { id: missedId(), key: place.key, run, model: MODEL, recordId, action: 'UPDATED' as const, foundAt: NOW }
    })
    return bench.store.suspectMissedWebhooks({ missed, confirmAt: NOW + MINUTE }).then(() => missed)
  }
  const confirm = (now = NOW + MINUTE) => bench.store.confirmMissedWebhooks({ now, limit: 10 })

  test('confirms a missed webhook after its time, once, counts it with its sync and lists it', async () => {
    const place = await bench.place()
    const missed = await suspect(place, 'a', 'b')
    expect(await confirm(NOW + MINUTE - 1)).toEqual([])
    const page = { limit: 10, after: null }
    expect((await bench.store.listMissedWebhooks(place.key, page)).items).toEqual([])
    expect(await confirm()).toEqual(missed)
    expect(await confirm()).toEqual([])
    const { integration, connectionId, sync } = place.key
    for (const filter of [{ integration }, { connectionId }, place.key]) {
      expect((await bench.store.listMissedWebhooks(filter, page)).items).toEqual(missed.toReversed())
    }
    expect((await bench.store.listMissedWebhooks({ integration, sync: 'x' as never }, page)).items).toEqual([])
    const [status] = await bench.store.syncStatus({ integration, connectionId, syncs: [sync] })
    expect(status).toMatchObject({ missedWebhooks: 2 })
  })

  test('takes back suspicions that a late webhook disproves: those of its ids, or all for a run', async () => {
    const [one, all, other] = [await bench.place(), await bench.place(), await bench.place()]
    for (const place of [one, all, other]) await suspect(place, 'a', 'b')
    await add(one.trigger({ kind: 'upsert', records: [recordOf('a')] }), all.trigger({ kind: 'run' }))
    const left = (await confirm()).map(({ key, recordId }) => [key.sync, recordId])
    expect(left).toEqual([
      [one.key.sync, 'b'],
      [other.key.sync, 'a'],
      [other.key.sync, 'b'],
    ])
  })

  test('knows the last trigger of any connection of the integration', async () => {
    const place = await bench.place()
    const second = { ...place, connectionId: `${place.connectionId}-b` as typeof place.connectionId }
    await bench.store.putConnection(place.connection({ connectionId: second.connectionId }), NOW)
    await bench.declare({ ...place, key: { ...place.key, connectionId: second.connectionId } })
    await add(place.trigger({ kind: 'delete', ids: ['x'] }, { at: NOW + 7 }))
    const claimed = await bench.claim(NOW + EVERY)
    expect(claimed.map(({ lastTriggerAt, integrationTriggeredAt }) => [lastTriggerAt, integrationTriggeredAt])).toEqual(
      [
        [NOW + 7, NOW + 7],
        [null, NOW + 7],
      ],
    )
    await bench.store.deleteConnection(place.integration, second.connectionId)
  })

  test('replaces credentials only when nobody did so meanwhile, also where a connection was made anew', async () => {
    const place = givenSync()
    const { integration, connectionId } = place
    const read = () => bench.store.readCredentials(integration, connectionId)
    expect(await read()).toBeNull()
    await bench.store.putConnection(place.connection(), NOW)
    expect(await read()).toBeNull()
    await bench.store.putConnection(place.connection({ credentials: Buffer.from('one') }), NOW)
    const first = (await read())!
    expect(Buffer.from(first.sealed).toString()).toBe('one')
    const replace = (expectedVersion: number, sealed: string) =>
      bench.store.replaceCredentials({ integration, connectionId, expectedVersion, sealed: Buffer.from(sealed) })
    expect(await replace(first.version, 'two')).toBe(true)
    expect(await replace(first.version, 'three')).toBe(false)
    const second = (await read())!
    expect(Buffer.from(second.sealed).toString()).toBe('two')
    await bench.store.changeConnection(integration, connectionId, { credentials: Buffer.from('four') }, NOW + 1)
    expect(await replace(second.version, 'five')).toBe(false)
    await bench.store.deleteConnection(integration, connectionId)
    expect(await replace(second.version, 'six')).toBe(false)
    await bench.store.putConnection(place.connection({ credentials: Buffer.from('seven') }), NOW)
    expect(await replace(first.version, 'eight')).toBe(false)
    await bench.store.deleteConnection(integration, connectionId)
  })
}
