import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Store } from '../../../../src/engine/ports.ts'
import { attemptOf, HOUR, NOW } from '../../../conformance/store/given.ts'
import { EVERY, recordOf, SyncBench } from '../../../conformance/store/sync-given.ts'
import { query } from '../opening.ts'
import { openSqliteForSyncs } from './opening.ts'

let path: string
let bench: SyncBench
beforeEach(async () => {
  bench = new SyncBench(async () => {
    const opened = await openSqliteForSyncs()
    path = opened.path
    return opened
  })
  await bench.begin()
})
afterEach(() => bench.opened.dispose())

const many = Array.from({ length: 5_000 }, (_, at) => recordOf(`id-${at}`, 'x'.repeat(200)))

test('writes no record that did not change, and a bit for each that a full run has seen', async () => {
  const place = await bench.place()
  await bench.fill(place, NOW, many)
  const before = query(path, 'SELECT * FROM records ORDER BY seq')
  const run = await bench.start(place, { startedAt: NOW + EVERY })
  for (let at = 0; at < many.length; at += 500) await run.save({ records: many.slice(at, at + 500) })
  expect(query(path, 'SELECT count(*) AS rows, sum(length(bits)) AS bytes FROM sync_seen')).toEqual([
    { rows: 3, bytes: 3 * 256 },
  ])
  expect(await run.deleteMissing()).toEqual({ deleted: [], hasMore: false })
  await run.succeed()
  expect(query(path, 'SELECT * FROM records ORDER BY seq')).toEqual(before)
  expect(query(path, 'SELECT * FROM sync_seen')).toEqual([])
})

test('deletes behind the scenes what a set held before it was emptied, and what a connection held', async () => {
  const place = await bench.place()
  await bench.fill(place, NOW, many)
  const run = await bench.start(place, { startedAt: NOW + EVERY, emptiesCache: true })
  await run.save({ records: many.slice(0, 10) })
  await vi.waitFor(() => expect(query(path, 'SELECT count(*) AS count FROM records')).toEqual([{ count: 10 }]), 10_000)
  await bench.store.deleteConnection(place.integration, place.connectionId)
  await vi.waitFor(() => {
    for (const table of ['records', 'record_sets', 'sync_seen', 'sync_runs', 'sync_schedules', 'sync_lanes']) {
      expect(query(path, `SELECT count(*) AS count FROM ${table}`)).toEqual([{ count: 0 }])
    }
  }, 10_000)
})

test('deletes a delivered notice with the requests of its time, and keeps one that is still to be delivered', async () => {
  const place = await bench.place()
  const run = await bench.start(place)
  const notices = [place.notice(), place.notice()]
  await run.succeed({}, notices)
  const store = bench.store as typeof bench.store & Store
  const claim = { destination: place.destination, now: NOW + 5, limit: 1, leaseUntil: NOW + HOUR }
  const [claimed] = await store.claimDueDeliveries(claim)
  await store.recordAttempt(attemptOf(claimed!))
  const sweep = async (): Promise<void> => {
    let after: string | null = null
    do {
      const request: Parameters<Store['deleteRequests']>[0] = {
        kind: 'accepted',
        before: NOW + HOUR,
        limit: 100,
        after,
      }
      after = (await store.deleteRequests(request)).next
    } while (after !== null)
  }
  await vi.waitFor(async () => {
    await sweep()
    expect(await store.getDelivery(claimed!.id)).toBeNull()
  }, 10_000)
  const left = notices.find(({ id }) => id !== claimed!.id)!
  expect(await store.getDelivery(left.id)).toMatchObject({ state: 'pending' })
})
