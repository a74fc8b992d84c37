import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectionId, DeliveryId, ReplayId } from '../../../src/domain/ids.ts'
import type { Replay } from '../../../src/engine/ports.ts'
import { attemptOf, given, type Given, HOUR, MINUTE, NOW, REFUSED, unknownDelivery } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

const LATER = NOW + 100 * HOUR

export function upkeep(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  async function stored(place: Given, input: Parameters<Given['acceptance']>[0] = {}) {
    const accepted = place.acceptance(input)
    await opened.store.acceptRequest(accepted)
    return { request: accepted.request.id, event: accepted.events[0]!.id, delivery: accepted.deliveries[0]?.id }
  }

  async function deliver({ destination }: Given): Promise<void> {
    const claimed = await opened.store.claimDueDeliveries({
      destination,
      now: NOW,
      limit: 100,
      leaseUntil: NOW + MINUTE,
    })
    for (const delivery of claimed) await opened.store.recordAttempt(attemptOf(delivery))
  }

  async function kill({ destination }: Given): Promise<void> {
    const claimed = await opened.store.claimDueDeliveries({
      destination,
      now: NOW,
      limit: 100,
      leaseUntil: NOW + MINUTE,
    })
    for (const delivery of claimed) {
      const next = { kind: 'dead' as const, reason: 'retries_exhausted' as const }
      await opened.store.recordAttempt(attemptOf(delivery, { outcome: REFUSED, next }))
    }
  }

  /** All batches of a kind; the index that finds requests may trail behind a little. */
  async function sweep(kind: 'accepted' | 'refused', before: number): Promise<number> {
    let deleted = 0
    let after: string | null = null
    do {
      const swept = await opened.store.deleteRequests({ kind, before, after, limit: 3 })
      deleted += swept.deleted
      after = swept.next
    } while (after !== null)
    return deleted
  }

  async function gone(request: Awaited<ReturnType<typeof stored>>['request']): Promise<void> {
    await expect
      .poll(async () => (await sweep('accepted', LATER), await opened.store.getRequest(request)), { timeout: 15_000 })
      .toBeNull()
  }

  test('a pause outlives everything until it is taken back', async () => {
    const { destination } = given()
    const pause = { destination, since: NOW, reason: 'why' }
    expect(await opened.store.pauseDestination({ destination, reason: 'why', now: NOW })).toEqual(pause)
    expect(await opened.store.pauseDestination({ destination, reason: 'other', now: LATER })).toEqual(pause)
    expect(await opened.store.listPauses()).toContainEqual(pause)
    expect(await opened.store.resumeDestination(destination)).toBe(true)
    expect(await opened.store.resumeDestination(destination)).toBe(false)
    expect((await opened.store.listPauses()).map((one) => one.destination)).not.toContain(destination)
  })

  test('counts deliveries by destination and state, and knows the oldest that waits', async () => {
    const place = given()
    await stored(place)
    await deliver(place)
    await stored(place)
    await kill(place)
    await stored(place, { receivedAt: NOW - HOUR })
    await stored(place)
    const counts = (await opened.store.countByDestination()).get(place.destination)
    expect(counts).toEqual({ pending: 2, in_flight: 0, delivered: 1, dead: 1, held: 0, cancelled: 0 })
    expect(await opened.store.oldestDue(place.destination)).toBe(NOW - HOUR)
  })

  test('cancels a delivery only in the states that are named, and never one under way', async () => {
    const place = given()
    const { delivery } = await stored(place)
    const id = delivery!
    const cancel = (states: ('dead' | 'pending')[]) => opened.store.cancelDelivery({ id, states, now: NOW + 1 })
    expect(await cancel(['dead'])).toBe('other_state')
    const [claimed] = await opened.store.claimDueDeliveries({
      destination: place.destination,
      now: NOW,
      limit: 1,
      leaseUntil: NOW + MINUTE,
    })
    expect(await cancel(['pending'])).toBe('in_flight')
    await opened.store.returnDeliveries({ deliveries: [claimed!], now: NOW })
    expect(await cancel(['pending'])).toBe('cancelled')
    expect(await opened.store.getDelivery(id)).toMatchObject({ state: 'cancelled', dueAt: null, finishedAt: NOW + 1 })
    expect(await opened.store.cancelDelivery({ id: unknownDelivery(), states: ['dead'], now: NOW })).toBe('unknown')
  })

  test('hands out the exact request for a body that is sent as it came', async () => {
    const place = given()
    const exact = { body: 'exact' as const }
    const bytes = Buffer.from('{"stripped":1}')
    await stored(place, { body: 'a=1&b=2', payload: { bytes }, deliveries: [exact] })
    await stored(place, { deliveries: [exact] })
    const claimed = await opened.store.claimDueDeliveries({
      destination: place.destination,
      now: NOW,
      limit: 5,
      leaseUntil: NOW + MINUTE,
    })
    const texts = claimed.map(({ payload, received }) =>
      [payload.bytes, received!.bytes].map((one) => Buffer.from(one).toString()),
    )
    expect(texts).toEqual([
      ['{"stripped":1}', 'a=1&b=2'],
      ['{"a":1}', '{"a":1}'],
    ])
    expect(claimed[0]!.received!.headers).toEqual({ 'content-type': 'application/json' })
  })

  test('keeps why what follows an attempt follows', async () => {
    const place = given()
    const { delivery } = await stored(place)
    const [claimed] = await opened.store.claimDueDeliveries({
      destination: place.destination,
      now: NOW,
      limit: 1,
      leaseUntil: NOW + MINUTE,
    })
    const next = { kind: 'retry' as const, dueAt: LATER, reason: 'retry_after' as const }
    await opened.store.recordAttempt(attemptOf(claimed!, { outcome: REFUSED, next }))
    expect((await opened.store.getDelivery(delivery!))!.attempts).toMatchObject([{ nextReason: 'retry_after' }])
  })

  test('deletes requests whose deliveries have ended, with all that belongs to them', async () => {
    const place = given()
    const before = await opened.store.stats()
    const first = await stored(place, { events: [{ dedupeKey: 'k' }], dedupeSince: NOW - HOUR })
    await deliver(place)
    await gone(first.request)
    expect(await opened.store.getEvent(first.event)).toBeNull()
    expect(await opened.store.getDelivery(first.delivery!)).toBeNull()
    const page = await opened.store.listRequests({ connectionId: place.connectionId }, { limit: 10, after: null })
    expect(page.items).toEqual([])
    expect(await opened.store.stats()).toMatchObject({
      requests: { accepted: expect.any(Number) as number },
      deliveries: { delivered: expect.any(Number) as number },
    })
    expect((await opened.store.countByDestination()).get(place.destination)).toMatchObject({ delivered: 0, pending: 0 })
    expect((await opened.store.stats()).deliveries.delivered).toBeLessThanOrEqual(before.deliveries.delivered)
    // Its key is forgotten with it: the event is new again.
    const again = await stored(place, { events: [{ dedupeKey: 'k' }], dedupeSince: NOW - HOUR })
    expect(await opened.store.getEvent(again.event)).toMatchObject({ status: 'matched' })
  })

  for (const state of ['pending', 'dead', 'held'] as const) {
    test(`never deletes a request with a delivery that is ${state}`, async () => {
      const [place, other] = [given(), given()]
      const held = state === 'held' ? { held: true as const, connectionId: null } : {}
      const kept = await stored(place, { deliveries: [held] })
      if (state === 'dead') await kill(place)
      const ended = await stored(other)
      await deliver(other)
      await gone(ended.request)
      expect(await opened.store.getDelivery(kept.delivery!)).toMatchObject({ state })
    })
  }

  test('deletes nothing that is younger', async () => {
    const [place, other] = [given(), given()]
    const young = await stored(place, { receivedAt: LATER + HOUR, deliveries: [], payload: null })
    const old = await stored(other, { deliveries: [], payload: null })
    await gone(old.request)
    expect(await opened.store.getRequest(young.request)).not.toBeNull()
  })

  test('deletes refused requests by a time of their own', async () => {
    const { request } = given()
    const refused = request({ receivedAt: NOW - 50 * HOUR })
    opened.store.recordRefusal({
      request: refused,
      code: 'signature_mismatch',
      scheme: null,
      detail: '',
      clockSkewMs: null,
    })
    await expect.poll(() => opened.store.getRequest(refused.id)).not.toBeNull()
    await expect
      .poll(async () => (await sweep('refused', NOW - 49 * HOUR), await opened.store.getRequest(refused.id)), {
        timeout: 15_000,
      })
      .toBeNull()
  })

  test('deletes old attempts, but not of what is still to be delivered', async () => {
    const [done, open_] = [given(), given()]
    const delivered = await stored(done)
    await deliver(done)
    const pending = await stored(open_)
    const [claimed] = await opened.store.claimDueDeliveries({
      destination: open_.destination,
      now: NOW,
      limit: 1,
      leaseUntil: NOW + MINUTE,
    })
    await opened.store.recordAttempt(attemptOf(claimed!, { outcome: REFUSED, next: { kind: 'retry', dueAt: LATER } }))
    let after: string | null = null
    do after = (await opened.store.deleteAttempts({ before: NOW + HOUR, after, limit: 3 })).next
    while (after !== null)
    expect((await opened.store.getDelivery(delivered.delivery!))!.attempts).toEqual([])
    expect((await opened.store.getDelivery(pending.delivery!))!.attempts).toHaveLength(1)
  })

  test('ends what was held for too long, and does not let it flow any more', async () => {
    const place = given()
    const match = {
      kind: 'unmatched' as const,
      reason: 'no_connection' as const,
      identifiers: [{ field: 'metadata.team', value: 'late' }],
    }
    const deliveries = [{ held: true as const, connectionId: null as ConnectionId | null }]
    const { delivery } = await stored(place, { events: [{ match }], deliveries, receivedAt: NOW - 99 * HOUR })
    while ((await opened.store.expireHeld({ before: NOW - 98 * HOUR, now: NOW, limit: 2 })) > 0);
    expect(await opened.store.getDelivery(delivery!)).toMatchObject({ state: 'cancelled', finishedAt: NOW })
    await opened.store.putConnection(place.connection({ metadata: { team: 'late' } }), NOW)
    expect(await opened.store.getDelivery(delivery!)).toMatchObject({ state: 'cancelled' })
  })

  test('gives unused space back, and says when there is no more', async () => {
    let left = await opened.store.shrink({ pages: 100 })
    while (left > 0) left = await opened.store.shrink({ pages: 100 })
    expect(left).toBe(0)
  })

  test('moves a replay with each batch, replays what is still in its state, and ends it', async () => {
    const place = given()
    const ids: DeliveryId[] = []
    for (let count = 0; count < 3; count += 1) ids.push((await stored(place)).delivery!)
    await kill(place)
    const id = `rpl_${place.integration}` as ReplayId
    const replay: Replay = {
      id,
      state: 'running',
      filter: { state: 'dead', destination: place.destination },
      plan: { count: 3, oldestAt: NOW, newestAt: NOW, destinations: {}, integrations: {} },
      createdAt: NOW,
      startedAt: NOW,
      finishedAt: null,
      ratePerSecond: 10,
      replayed: 0,
      skipped: 0,
      cursor: null,
    }
    await opened.store.putReplay(replay)
    expect(await opened.store.listReplays({ state: 'running' })).toContainEqual(replay)
    const [first, second, third] = ids
    await opened.store.cancelDelivery({ id: second!, states: ['dead'], now: NOW })
    const moved = { ...replay, cursor: 'here', replayed: 1, skipped: 1 }
    expect(await opened.store.replayBatch({ id, deliveries: [first!, second!], cursor: 'here', now: NOW })).toEqual(
      moved,
    )
    expect(await opened.store.getReplay(id)).toEqual(moved)
    const ended = await opened.store.replayBatch({ id, deliveries: [third!], cursor: null, now: NOW + 5 })
    expect(ended).toMatchObject({ state: 'done', replayed: 2, skipped: 1, cursor: null, finishedAt: NOW + 5 })
    expect(await opened.store.replayBatch({ id, deliveries: [first!], cursor: null, now: NOW })).toBeNull()
    const claimed = await opened.store.claimDueDeliveries({
      destination: place.destination,
      now: NOW + 5,
      limit: 5,
      leaseUntil: LATER,
    })
    expect(new Set(claimed.map(({ id: one }) => one))).toEqual(new Set([first, third]))
    expect(claimed).toMatchObject(claimed.map(() => ({ trigger: 'bulk', attemptCount: 0 })))
    expect(claimed).toHaveLength(2)
  })
}
