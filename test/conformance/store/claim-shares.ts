import { afterAll, beforeAll, expect, test } from 'vitest'
import { attemptOf, type Given, given, MINUTE, NOW, REFUSED } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

const DUE = NOW + MINUTE

export function claimShares(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  async function storeNew(place: Given, count: number): Promise<void> {
    const accepted = Array.from({ length: count }, () => opened.store.acceptRequest(place.acceptance()))
    await Promise.all(accepted)
  }

  /** Deliveries that failed once and are due again since long. */
  async function storeRetries(place: Given, count: number): Promise<void> {
    await storeNew(place, count)
    const claimed = await claim(place, count, NOW)
    const next = { kind: 'retry' as const, dueAt: NOW + 1 }
    await Promise.all(
      claimed.map((delivery) => opened.store.recordAttempt(attemptOf(delivery, { outcome: REFUSED, next }))),
    )
  }

  function claim({ destination }: Given, limit: number, now = DUE) {
    return opened.store.claimDueDeliveries({ destination, now, limit, leaseUntil: now + MINUTE })
  }

  const cases = [
    { name: 'shares a claim between first tries and retries', first: 20, again: 20, limit: 10, expected: [5, 5] },
    { name: 'gives retries what first tries leave', first: 2, again: 20, limit: 10, expected: [2, 8] },
    { name: 'gives first tries what retries leave', first: 20, again: 1, limit: 10, expected: [9, 1] },
    { name: 'claims all of both when they fit', first: 3, again: 4, limit: 10, expected: [3, 4] },
  ]
  for (const { name, first, again, limit, expected } of cases) {
    test(name, async () => {
      const place = given()
      await storeRetries(place, again)
      await storeNew(place, first)
      const claimed = await claim(place, limit)
      const firsts = claimed.filter(({ attemptCount }) => attemptCount === 0)
      expect([firsts.length, claimed.length - firsts.length]).toEqual(expected)
    })
  }

  test('lets both kinds come to their turn when one is claimed at a time', async () => {
    const place = given()
    await storeRetries(place, 4)
    await storeNew(place, 4)
    const counts: number[] = []
    for (let at = 0; at < 4; at += 1) counts.push(...(await claim(place, 1)).map(({ attemptCount }) => attemptCount))
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1])
  })

  test('brings new deliveries within the first claims, with 10,000 retries due', async () => {
    const place = given()
    await storeRetries(place, 10_000)
    await storeNew(place, 20)
    let found = 0
    for (let claims = 1; claims <= 2; claims += 1) {
      found += (await claim(place, 64)).filter(({ attemptCount }) => attemptCount === 0).length
    }
    expect(found).toBe(20)
  })

  test('replays count as retries', async () => {
    const place = given()
    await storeNew(place, 4)
    for (const { id } of await claim(place, 4, NOW)) {
      await opened.store.releaseLeases({ now: NOW })
      await opened.store.replayDelivery({ id, now: NOW })
    }
    await storeNew(place, 4)
    const claimed = await claim(place, 4)
    expect(claimed.filter(({ trigger }) => trigger === 'manual')).toHaveLength(2)
    expect(claimed).toHaveLength(4)
  })

  test('takes back leases that were not used: due at once, no try counted, older fences change nothing', async () => {
    const place = given()
    await storeNew(place, 2)
    const claimed = await claim(place, 2)
    const leases = claimed.map(({ id, fence }, at) => ({ id, fence: at === 0 ? fence : fence - 1 }))
    expect(await opened.store.returnDeliveries({ deliveries: leases, now: DUE })).toBe(1)
    expect(await claim(place, 2)).toMatchObject([{ id: claimed[0]!.id, attemptCount: 0, fence: claimed[0]!.fence + 1 }])
    expect(await opened.store.recordAttempt(attemptOf(claimed[0]!))).toBe(false)
  })
}
