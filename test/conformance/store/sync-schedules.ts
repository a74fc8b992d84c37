import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ConnectionId } from '../../../src/domain/ids.ts'
import type { SyncKey } from '../../../src/domain/sync.ts'
import type { Page } from '../../../src/engine/ports.ts'
import type { SyncStatus } from '../../../src/engine/sync/ports/schedule-store.ts'
import { HOUR, MINUTE, NOW } from './given.ts'
import {
  EVERY,
  type GivenSync,
  givenSync,
  LEASE,
  MODEL,
  type OpenSyncStore,
  recordOf,
  SyncBench,
} from './sync-given.ts'

export function syncSchedules(open: OpenSyncStore): void {
  const bench = new SyncBench(open)
  beforeAll(() => bench.begin())
  afterEach(() => bench.clear())
  afterAll(() => bench.opened.dispose())

  const wish = ({ key }: GivenSync, over = {}) => ({
    key,
    now: NOW,
    windowMs: 0,
    cause: 'request' as const,
    triggers: 1,
    isFull: false,
    emptiesCache: false,
    ...over,
  })
  const selectionOf = ({ key }: GivenSync) => ({
    integration: key.integration,
    connectionId: key.connectionId,
    syncs: [key.sync],
  })
  const statusOf = async (place: GivenSync) => (await bench.store.syncStatus(selectionOf(place)))[0]!

  test('declares every sync for every connection of the integration, spread over the time given', async () => {
    const place = givenSync()
    const { integration } = place
    const names = Array.from({ length: 8 }, (_, at) => `many-${at}` as ConnectionId)
    for (const connectionId of names) await bench.store.putConnection(place.connection({ connectionId }), NOW)
    const syncs = [{ sync: place.key.sync, model: MODEL, everyMs: EVERY, startsByItself: true }]
    const request = { integration, connectionId: null, syncs, now: NOW, spreadMs: 8_000 }
    await bench.store.declareSyncs(request)
    await bench.store.declareSyncs({ ...request, now: NOW + HOUR })
    const statuses = await bench.store.syncStatus({ integration, connectionId: null, syncs: null })
    expect(statuses.map(({ key }) => key.connectionId)).toEqual(names)
    const due = statuses.map(({ nextDueAt }) => nextDueAt! - NOW).sort((a, b) => a - b)
    for (const [at, ms] of due.entries()) {
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(8_000)
      if (at > 0) expect(ms - due[at - 1]!).toBeLessThan(2_500)
    }
    for (const connectionId of names) await bench.store.deleteConnection(integration, connectionId)
    expect(await bench.store.syncStatus({ integration, connectionId: null, syncs: null })).toEqual([])
  })

  test('gives a due sync to one claimer only, with all that a run needs', async () => {
    const { key } = await bench.place()
    expect(await bench.claim()).toEqual([
      {
        key,
        fence: 1,
        model: MODEL,
        dueAt: NOW,
        everyMs: EVERY,
        cause: 'schedule',
        triggers: 0,
        isFull: false,
        emptiesCache: false,
        checkpoint: {},
        lastFullAt: null,
        lastSuccessAt: null,
        lastTriggerAt: null,
        integrationTriggeredAt: null,
        interrupted: null,
        lastFailure: null,
      },
    ])
    expect(await bench.claim()).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBe(NOW + LEASE)
  })

  test('claims the earliest first and not more than asked for', async () => {
    const [early, late] = [await bench.place(), await bench.place()]
    await bench.store.requestRun(wish(early, { now: NOW - MINUTE }))
    expect((await bench.claim(NOW, 1)).map(({ key }) => key)).toEqual([early.key])
    expect((await bench.claim(NOW, 1)).map(({ key }) => key)).toEqual([late.key])
  })

  test('hands a lapsed lease to another and refuses the one before', async () => {
    const place = await bench.place()
    const [first] = await bench.claim()
    expect(await bench.store.renewSyncLease({ lease: first!, leaseUntil: NOW + 2 * LEASE })).toBe(true)
    expect(await bench.claim(NOW + LEASE)).toEqual([])
    const [second] = await bench.claim(NOW + 2 * LEASE)
    expect(second).toMatchObject({ key: place.key, fence: 2, cause: 'schedule', interrupted: null })
    expect(await bench.store.renewSyncLease({ lease: first!, leaseUntil: NOW + HOUR })).toBe(false)
    const run = place.newRun()
    expect(await bench.store.startRun({ lease: first!, run, model: MODEL, emptiesCache: false })).toBe(false)
    expect(await bench.store.getSyncRun(run.id)).toBeNull()
  })

  test('becomes one run of 400 webhooks, after the window, and exactly one more of those during the run', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [])
    for (let at = 0; at < 400; at += 1) {
      await bench.store.requestRun(wish(place, { now: NOW + 10 + at, windowMs: 1_000, cause: 'webhook' }))
    }
    expect(await bench.claim(NOW + 1_009)).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBe(NOW + 1_010)
    const [claimed] = await bench.claim(NOW + 1_010)
    expect(claimed).toMatchObject({ cause: 'webhook', triggers: 400, dueAt: NOW + EVERY })
    for (const now of [NOW + 1_020, NOW + 1_030]) {
      await bench.store.requestRun(wish(place, { now, windowMs: 1_000, cause: 'webhook' }))
    }
    expect(await bench.claim(NOW + 2_100)).toEqual([])
    const run = place.newRun()
    await bench.store.startRun({ lease: claimed!, run, model: MODEL, emptiesCache: false })
    const end = { state: 'succeeded' as const, checkpoint: {} }
    const rest = { now: NOW + 2_200, nextDueAt: NOW + EVERY, end, notes: [], notices: [] }
    await bench.store.finishRun({ lease: claimed!, run: run.id, ...rest })
    expect(await bench.claim(NOW + 2_200)).toMatchObject([{ cause: 'webhook', triggers: 2 }])
    expect(await bench.claim(NOW + 2_200)).toEqual([])
  })

  test('leaves a wish whose window is open to a run of its own when the schedule comes first', async () => {
    const place = await bench.place()
    await bench.store.requestRun(wish(place, { now: NOW, windowMs: 1_000, cause: 'webhook' }))
    expect(await bench.claim(NOW)).toMatchObject([{ cause: 'schedule', triggers: 0 }])
    await bench.store.releaseSyncLeases({ now: NOW })
    const run = await bench.start(place)
    await run.succeed()
    expect(await bench.claim(NOW + 1_000)).toMatchObject([{ cause: 'webhook', triggers: 1 }])
  })

  test('runs at a wish of a person while paused, and at nothing else', async () => {
    const place = await bench.place({ startsByItself: false })
    await bench.store.requestRun(wish(place, { cause: 'webhook' }))
    expect(await bench.claim(NOW + 9 * HOUR)).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBeNull()
    expect(await statusOf(place)).toMatchObject({ isPaused: true, nextDueAt: null })
    await bench.store.requestRun(wish(place, { isFull: true, emptiesCache: true }))
    expect(await bench.claim(NOW)).toMatchObject([{ cause: 'request', triggers: 2, isFull: true, emptiesCache: true }])
  })

  test('waits for somebody to start it, or for its declaration to do so, unless it was paused by hand', async () => {
    const place = await bench.place({ startsByItself: false })
    const declare = (startsByItself: boolean) =>
      bench.store.declareSyncs({
        integration: place.key.integration,
        connectionId: null,
        syncs: [{ sync: place.key.sync, model: MODEL, everyMs: EVERY, startsByItself }],
        now: NOW + 7,
        spreadMs: 0,
      })
    expect(await declare(false)).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBeNull()
    expect(await declare(true)).toEqual([place.key.sync])
    expect(await bench.claim(NOW + 7)).toMatchObject([{ key: place.key, dueAt: NOW + 7 }])

    await bench.store.setPaused({ ...selectionOf(place), paused: true, now: NOW })
    expect(await declare(true)).toEqual([])
    expect(await statusOf(place)).toMatchObject({ isPaused: true })
  })

  test('that waits stays paused when somebody says so', async () => {
    const place = await bench.place({ startsByItself: false })
    await bench.store.setPaused({ ...selectionOf(place), paused: true, now: NOW })
    await bench.declare(place, { startsByItself: true })
    expect(await statusOf(place)).toMatchObject({ isPaused: true })
  })

  test('is due at once when started, and says how many there are', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [])
    expect(await bench.store.setPaused({ ...selectionOf(place), paused: true, now: NOW })).toBe(1)
    expect(await bench.claim(NOW + 9 * HOUR)).toEqual([])
    const none = { ...selectionOf(place), syncs: ['other' as never], paused: true, now: NOW }
    expect(await bench.store.setPaused(none)).toBe(0)
    expect(await bench.store.setPaused({ ...selectionOf(place), syncs: [], paused: false, now: NOW + 5 })).toBe(1)
    expect(await bench.claim(NOW + 5)).toMatchObject([{ key: place.key, dueAt: NOW + 5 }])
  })

  test('keeps an override of the interval, moves the due time nearer, and takes it back', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [])
    const override = (everyMs: number | null, now: number) =>
      bench.store.overrideEvery({ key: place.key, everyMs, now })
    expect(await override(MINUTE, NOW)).toEqual({ everyMs: MINUTE })
    expect(await statusOf(place)).toMatchObject({ everyMs: MINUTE, overridesEvery: true, nextDueAt: NOW + MINUTE })
    await bench.declare(place, { everyMs: 2 * HOUR })
    expect(await statusOf(place)).toMatchObject({ everyMs: MINUTE, nextDueAt: NOW + MINUTE })
    expect(await override(null, NOW)).toEqual({ everyMs: 2 * HOUR })
    expect(await statusOf(place)).toMatchObject({ everyMs: 2 * HOUR, overridesEvery: false })
    expect(await bench.store.overrideEvery({ key: givenSync().key, everyMs: 1, now: NOW })).toBeNull()
  })

  test('moves the due time nearer when the declared interval shrinks', async () => {
    const place = await bench.place()
    await bench.fill(place, NOW, [])
    await bench.declare(place, { everyMs: 5 * MINUTE })
    expect(await statusOf(place)).toMatchObject({ everyMs: 5 * MINUTE, nextDueAt: NOW + 5 * MINUTE })
  })

  test('keeps what is not declared any more, and claims it when it is declared again', async () => {
    const place = await bench.place()
    const { integration, connectionId } = place.key
    await bench.store.declareSyncs({ integration, connectionId, syncs: [], now: NOW, spreadMs: 0 })
    expect(await bench.claim(NOW + HOUR)).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBeNull()
    expect(await statusOf(place)).toMatchObject({ isDeclared: false })
    await bench.declare(place)
    expect(await bench.claim(NOW)).toMatchObject([{ key: place.key }])
  })

  test('waits for the rate limit of its connection, over a restart too', async () => {
    const place = await bench.place()
    const { integration, connectionId } = place
    await bench.store.setRateLimit({ integration, connectionId, until: NOW + MINUTE })
    await bench.reopen()
    expect(await bench.claim(NOW + MINUTE - 1)).toEqual([])
    expect(await bench.store.nextSyncDueAt()).toBe(NOW + MINUTE)
    expect(await bench.claim(NOW + MINUTE)).toMatchObject([{ key: place.key }])
  })

  test('lists the schedules of all integrations by their names, in pages of any size', async () => {
    const places = [await bench.place(), await bench.place(), await bench.place()]
    const names = ({ integration, connectionId, sync }: SyncKey): string => `${integration}/${connectionId}/${sync}`
    const all = places.map(({ key }) => names(key)).toSorted()
    for (const limit of [1, 2, 3, 100]) {
      const seen: string[] = []
      let after: string | null = null
      do {
        const page: Page<SyncStatus> = await bench.store.listSyncs({}, { limit, after })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map(({ key }) => names(key)))
        after = page.nextCursor
      } while (after !== null)
      expect(seen).toEqual(all)
    }
    const { key } = places[1]!
    for (const filter of [
      key,
      { integration: key.integration },
      { connectionId: key.connectionId },
      { sync: key.sync },
    ]) {
      const { items, nextCursor } = await bench.store.listSyncs(filter, { limit: 1, after: null })
      expect([items.map((one) => names(one.key)), nextCursor]).toEqual([[names(key)], null])
    }
    const other = { integration: key.integration, connectionId: 'of another' as SyncKey['connectionId'] }
    expect((await bench.store.listSyncs(other, { limit: 5, after: null })).items).toEqual([])
    const refusal = expect.objectContaining({ code: 'api_invalid_input' }) as Error
    await expect(bench.store.listSyncs({}, { limit: 5, after: 'bm9uZQ' })).rejects.toThrow(refusal)
  })

  test('shows the run under way as the last one, also when a webhook was applied meanwhile', async () => {
    const place = await bench.place()
    const { run } = await bench.start(place)
    const trigger = place.trigger({ kind: 'upsert', records: [recordOf('a')] })
    await bench.store.addTriggers({ triggers: [trigger], windowMs: new Map(), now: NOW })
    const [triggers] = await bench.store.claimTriggers({ now: NOW, limit: 1, leaseUntil: NOW + LEASE })
    const webhook = place.newRun({ type: 'WEBHOOK', cause: 'webhook', startedAt: NOW + 1 })
    const finish = { triggers: triggers!, run: webhook, model: MODEL, failure: null, notes: [], now: NOW + 2 }
    await bench.store.finishTriggers({ ...finish, notices: [] })
    const { items } = await bench.store.listSyncs(place.key, { limit: 1, after: null })
    expect(items[0]!.lastRun).toMatchObject({ id: run.id, state: 'running' })
  })

  test('says so when there is no such schedule', async () => {
    expect(await bench.store.requestRun(wish(givenSync()))).toBe('unknown')
    expect(await bench.store.requestRun(wish(await bench.place()))).toBe('requested')
  })

  test('goes with its connection, and what was leased of it is lost', async () => {
    const place = await bench.place()
    const run = await bench.start(place)
    await run.save({ records: [] })
    await bench.store.deleteConnection(place.integration, place.connectionId)
    expect(await run.save({})).toBeNull()
    expect(await run.succeed()).toBe(false)
    expect(await bench.store.nextSyncDueAt()).toBeNull()
    expect(await bench.store.getSyncRun(run.run.id)).toBeNull()
  })
}
