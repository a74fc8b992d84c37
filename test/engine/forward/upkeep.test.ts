/** Replays of many and retention, on a real SQLite store. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIds, type DestinationName } from '../../../src/domain/ids.ts'
import { createReplays, type Replays } from '../../../src/engine/forward/replays.ts'
import { createSweeper } from '../../../src/engine/forward/sweeper.ts'
import { attemptOf, given, type Given, MINUTE, NOW, REFUSED } from '../../conformance/store/given.ts'
import type { OpenedStore } from '../../conformance/store/opened-store.ts'
import { openSqlite } from '../../store/sqlite/opening.ts'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts'
import { eventually } from '../../support/gateway.ts'

const journal = { record: () => undefined, warn: () => undefined, error: () => undefined }
const NEVER = 3_650 * 86_400_000
let opened: OpenedStore
let clock: FakeClock
let kicked: DestinationName[]

beforeEach(async () => {
  opened = await openSqlite()
  clock = createFakeClock(NOW + 1)
  kicked = []
})
afterEach(() => opened.dispose())

async function storeDead(place: Given, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => opened.store.acceptRequest(place.acceptance())))
  const { destination } = place
  const claimed = await opened.store.claimDueDeliveries({
    destination,
    now: NOW,
    limit: count,
    leaseUntil: NOW + MINUTE,
  })
  const next = { kind: 'dead' as const, reason: 'retries_exhausted' as const }
  await Promise.all(claimed.map((one) => opened.store.recordAttempt(attemptOf(one, { outcome: REFUSED, next }))))
}

function replaysOver(): Replays {
  const ids = createIds({ now: clock.now, randomBytes })
  return createReplays({ store: opened.store, kick: (name) => kicked.push(name), clock, ids, journal })
}

async function countOf(place: Given, state: 'pending' | 'dead'): Promise<number> {
  return (await opened.store.countByDestination()).get(place.destination)?.[state] ?? 0
}

describe('a replay of many', () => {
  test('shows a plan first and touches nothing', async () => {
    const [place, other] = [given(), given()]
    await storeDead(place, 3)
    await storeDead(other, 2)
    const { state, plan } = await replaysOver().plan({ state: 'dead' }, { ratePerSecond: 50 })
    expect(state).toBe('planned')
    expect(plan).toEqual({
      count: 5,
      oldestAt: NOW,
      newestAt: NOW,
      destinations: { [place.destination]: 3, [other.destination]: 2 },
      integrations: { [place.integration]: 3, [other.integration]: 2 },
    })
    expect(await countOf(place, 'dead')).toBe(3)
  })

  test('goes at its rate, in batches, and tells whoever delivers', async () => {
    const place = given()
    await storeDead(place, 10)
    const replays = replaysOver()
    const { id } = await replays.plan({ state: 'dead', destination: place.destination }, { ratePerSecond: 8 })
    await replays.execute(id, { isConfirmed: false })
    await eventually(
      () => countOf(place, 'pending'),
      (count) => count === 2,
    )
    expect(clock.timerCount()).toBe(1)
    clock.advance(249)
    expect(await countOf(place, 'pending')).toBe(2)
    await eventually(
      async () => (clock.advance(250), replays.get(id)),
      ({ state }) => state === 'done',
    )
    expect(await replays.get(id)).toMatchObject({ replayed: 10, skipped: 0 })
    expect(await countOf(place, 'pending')).toBe(10)
    expect(kicked).toContain(place.destination)
    await replays.stop()
    expect(clock.timerCount()).toBe(0)
  })

  test('refuses a plan that has grown until it is confirmed', async () => {
    const place = given()
    await storeDead(place, 2)
    const replays = replaysOver()
    const { id } = await replays.plan({ state: 'dead', destination: place.destination }, { ratePerSecond: 50 })
    await storeDead(place, 1)
    await expect(replays.execute(id, { isConfirmed: false })).rejects.toMatchObject({
      code: 'replay_grown',
      details: { planned: 2, now: 3 },
    })
    await replays.execute(id, { isConfirmed: true })
    await eventually(
      () => replays.get(id),
      ({ state }) => state === 'done',
    )
    await expect(replays.execute(id, { isConfirmed: true })).rejects.toMatchObject({ code: 'replay_not_planned' })
    await expect(replays.execute('rpl_x' as never, { isConfirmed: true })).rejects.toMatchObject({
      code: 'replay_unknown',
    })
    await replays.stop()
  })

  test('goes on after a restart where it was, and can be cancelled', async () => {
    const place = given()
    await storeDead(place, 9)
    const first = replaysOver()
    const { id } = await first.plan({ state: 'dead', destination: place.destination }, { ratePerSecond: 8 })
    await first.execute(id, { isConfirmed: false })
    await eventually(
      () => countOf(place, 'pending'),
      (count) => count === 2,
    )
    await first.stop()

    const second = replaysOver()
    await second.start()
    await eventually(
      () => countOf(place, 'pending'),
      (count) => count === 4,
    )
    const cancelled = await second.cancel(id)
    expect(cancelled).toMatchObject({ state: 'cancelled', replayed: 4 })
    clock.advance(MINUTE)
    await second.stop()
    expect(await countOf(place, 'pending')).toBe(4)
    expect(clock.timerCount()).toBe(0)
  })
})

describe('retention', () => {
  test('empties the store of what is past its time, in batches, and keeps the rest', async () => {
    const [done, dead] = [given(), given()]
    await Promise.all(Array.from({ length: 120 }, () => opened.store.acceptRequest(done.acceptance())))
    const { destination } = done
    const claimed = await opened.store.claimDueDeliveries({
      destination,
      now: NOW,
      limit: 200,
      leaseUntil: NOW + MINUTE,
    })
    await Promise.all(claimed.map((one) => opened.store.recordAttempt(attemptOf(one))))
    await storeDead(dead, 5)
    await opened.settle?.()
    const retention = { acceptedMs: MINUTE, refusedMs: MINUTE, attemptsMs: NEVER, heldMs: NEVER }
    const sweeper = createSweeper({ store: opened.store, retention: () => retention, clock, journal })
    clock.advance(2 * MINUTE)
    sweeper.start()
    await eventually(
      async () => (clock.advance(1_000), (await opened.store.stats()).requests.accepted),
      (count) => count === 5,
    )
    expect(await countOf(dead, 'dead')).toBe(5)
    const stopped = sweeper.stop()
    clock.advance(1_000)
    await stopped
    expect(clock.timerCount()).toBe(0)
  })
})
