import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClaimedDelivery } from '../../../src/domain/delivery.ts'
import type { AttemptRecord } from '../../../src/engine/ports.ts'
import { attemptOf, type Given, given, HOUR, MINUTE, NOW, REFUSED, unknownDelivery } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function replay(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  const claimOne = async ({ destination }: Given, now: number): Promise<ClaimedDelivery> => {
    const claim = { destination, now, limit: 10, leaseUntil: now + MINUTE }
    const [claimed, ...more] = await opened.store.claimDueDeliveries(claim)
    expect(more).toEqual([])
    return claimed!
  }

  /** A delivery after one attempt. */
  const attempted = async (next: AttemptRecord['next'] | null) => {
    const place = given()
    const accepted = place.acceptance()
    await opened.store.acceptRequest(accepted)
    if (next !== null) {
      const outcome = next.kind === 'done' ? {} : { outcome: REFUSED }
      await opened.store.recordAttempt(attemptOf(await claimOne(place, NOW), { ...outcome, next }))
    }
    return { place, id: accepted.deliveries[0]!.id }
  }

  const replayable = [
    { name: 'delivered', next: { kind: 'done' as const } },
    { name: 'dead', next: { kind: 'dead' as const, reason: 'gone' as const } },
    { name: 'waiting for a retry', next: { kind: 'retry' as const, dueAt: NOW + 24 * HOUR } },
    { name: 'not attempted yet', next: null },
  ]
  for (const { name, next } of replayable) {
    test(`makes a delivery due now that is ${name}; its attempts stay`, async () => {
      const { place, id } = await attempted(next)
      const before = await opened.store.getDelivery(id)
      expect(await opened.store.replayDelivery({ id, now: NOW + HOUR })).toBe('replayed')
      expect(await opened.store.getDelivery(id)).toMatchObject({
        state: 'pending',
        dueAt: NOW + HOUR,
        deathReason: null,
        finishedAt: null,
        attemptCount: before!.attemptCount,
        attempts: before!.attempts,
      })
      expect((await claimOne(place, NOW + HOUR)).id).toBe(id)
    })
  }

  test('begins the schedule anew, and calls only the first attempt after it manual', async () => {
    const { place, id } = await attempted({ kind: 'dead', reason: 'retries_exhausted' })
    await opened.store.replayDelivery({ id, now: NOW + HOUR })
    const first = await claimOne(place, NOW + HOUR)
    expect(first).toMatchObject({ attemptCount: 0, trigger: 'manual' })
    const retry = { kind: 'retry' as const, dueAt: NOW + 2 * HOUR }
    await opened.store.recordAttempt(attemptOf(first, { outcome: REFUSED, next: retry, trigger: 'auto' }))
    const second = await claimOne(place, NOW + 2 * HOUR)
    expect(second).toMatchObject({ attemptCount: 1, trigger: 'auto' })
    await opened.store.recordAttempt(attemptOf(second))
    const kept = await opened.store.getDelivery(id)
    expect(kept).toMatchObject({ state: 'delivered', attemptCount: 3 })
    expect(kept?.attempts.map(({ trigger }) => trigger)).toEqual(['auto', 'manual', 'auto'])
  })

  test('refuses while an attempt is under way, and changes nothing', async () => {
    const { place, id } = await attempted(null)
    const claimed = await claimOne(place, NOW)
    expect(await opened.store.replayDelivery({ id, now: NOW + 1 })).toBe('in_flight')
    expect(await opened.store.recordAttempt(attemptOf(claimed))).toBe(true)
  })

  test('does not wait for a lease that has lapsed; its holder then changes nothing', async () => {
    const { place, id } = await attempted(null)
    const claimed = await claimOne(place, NOW)
    expect(await opened.store.replayDelivery({ id, now: NOW + MINUTE })).toBe('replayed')
    expect(await opened.store.recordAttempt(attemptOf(claimed))).toBe(false)
    expect(await claimOne(place, NOW + MINUTE)).toMatchObject({ id, trigger: 'manual' })
  })

  test('says so when there is no such delivery', async () => {
    expect(await opened.store.replayDelivery({ id: unknownDelivery(), now: NOW })).toBe('unknown')
  })
}
