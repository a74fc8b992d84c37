import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClaimedDelivery } from '../../../src/domain/delivery.ts'
import type { ConnectionId, DeliveryId } from '../../../src/domain/ids.ts'
import { attemptOf, type Given, given, MINUTE, NOW, REFUSED } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function connectionOrder(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  async function storeFor(place: Given, connection: string | null, more: object = {}): Promise<DeliveryId> {
    const connectionId = connection as ConnectionId | null
    const accepted = place.acceptance({ deliveries: [{ connectionId, ordered: true, ...more }] })
    await opened.store.acceptRequest(accepted)
    return accepted.deliveries[0]!.id
  }

  async function claim({ destination }: Given, now = NOW): Promise<readonly ClaimedDelivery[]> {
    return opened.store.claimDueDeliveries({ destination, now, limit: 10, leaseUntil: now + MINUTE })
  }

  async function claimIds(place: Given, now = NOW): Promise<DeliveryId[]> {
    return (await claim(place, now)).map(({ id }) => id)
  }

  const fail = (delivery: ClaimedDelivery, dueAt: number) =>
    opened.store.recordAttempt(attemptOf(delivery, { outcome: REFUSED, next: { kind: 'retry', dueAt } }))

  test('hands out only the first unfinished delivery of each connection', async () => {
    const place = given()
    const a1 = await storeFor(place, 'a')
    const a2 = await storeFor(place, 'a')
    const b1 = await storeFor(place, 'b')
    const [first, second] = await claim(place)
    expect([first!.id, second!.id].toSorted()).toEqual([a1, b1].toSorted())
    expect(await claim(place)).toEqual([])
    await opened.store.recordAttempt(attemptOf(first!.id === a1 ? first! : second!))
    expect(await claimIds(place, NOW + MINUTE - 1)).toEqual([a2])
  })

  test('keeps connections of one name in two integrations apart', async () => {
    const [one, other] = [given(), given()]
    await storeFor(one, 'same')
    await storeFor(other, 'same', { destination: one.destination })
    expect(await claim(one)).toHaveLength(2)
  })

  test('gives no order to what has no connection', async () => {
    const place = given()
    await storeFor(place, null)
    await storeFor(place, null)
    expect(await claim(place)).toHaveLength(2)
  })

  test('lets a failing delivery hold up its own connection only, and says so', async () => {
    const place = given()
    const a1 = await storeFor(place, 'a')
    const a2 = await storeFor(place, 'a')
    await storeFor(place, 'a')
    const [head] = await claim(place)
    await fail(head!, NOW + MINUTE)
    const b1 = await storeFor(place, 'b')
    expect(await claimIds(place)).toEqual([b1])
    const blocked = await opened.store.listBlocked(place.destination, { limit: 10, after: null })
    expect(blocked).toMatchObject({
      items: [
        {
          connectionId: 'a',
          integration: place.integration,
          waiting: 2,
          head: { id: a1, lastError: 'the receiver answered 503', attemptCount: 1, dueAt: NOW + MINUTE },
        },
      ],
      nextCursor: null,
    })
    expect(await opened.store.getDelivery(a2)).toMatchObject({ state: 'pending', dueAt: null })
    expect((await opened.store.nextDueTimes()).get(place.destination)).toBe(NOW + MINUTE)
  })

  const ends = [
    { name: 'is dead', end: (head: ClaimedDelivery) => opened.store.recordAttempt(died(head)) },
    {
      name: 'is skipped',
      async end(head: ClaimedDelivery) {
        await fail(head, NOW + MINUTE)
        expect(await opened.store.cancelDelivery({ id: head.id, states: ['pending'], now: NOW })).toBe('cancelled')
      },
    },
  ]
  for (const { name, end } of ends) {
    test(`goes on with the next when the first ${name}`, async () => {
      const place = given()
      await storeFor(place, 'a')
      const next = await storeFor(place, 'a')
      const [head] = await claim(place)
      await end(head!)
      expect(await claimIds(place, NOW + 10)).toEqual([next])
    })
  }

  test('lets an earlier delivery that is replayed go first', async () => {
    const place = given()
    const a1 = await storeFor(place, 'a')
    const [head] = await claim(place)
    await opened.store.recordAttempt(died(head!))
    const a2 = await storeFor(place, 'a')
    await opened.store.replayDelivery({ id: a1, now: NOW })
    const [replayed] = await claim(place)
    expect(replayed!.id).toBe(a1)
    expect(await claim(place)).toEqual([])
    await opened.store.recordAttempt(attemptOf(replayed!))
    expect(await claimIds(place, NOW + 100)).toEqual([a2])
  })

  test('lets one that is replayed wait for the one under way', async () => {
    const place = given()
    const a1 = await storeFor(place, 'a')
    const [head] = await claim(place)
    await opened.store.recordAttempt(died(head!))
    await storeFor(place, 'a')
    const [second] = await claim(place)
    await opened.store.replayDelivery({ id: a1, now: NOW })
    expect(await claim(place)).toEqual([])
    await opened.store.recordAttempt(attemptOf(second!))
    expect(await claimIds(place, NOW + 100)).toEqual([a1])
  })

  test('gives held deliveries the order of their connection when it appears', async () => {
    const place = given()
    const match = {
      kind: 'unmatched' as const,
      reason: 'no_connection' as const,
      identifiers: [{ field: 'metadata.team', value: 'x' }],
    }
    const ids: DeliveryId[] = []
    for (let count = 0; count < 2; count += 1) {
      const held = { connectionId: null, held: true as const, ordered: true as const }
      const accepted = place.acceptance({ events: [{ match }], deliveries: [held] })
      await opened.store.acceptRequest(accepted)
      ids.push(accepted.deliveries[0]!.id)
    }
    await opened.store.putConnection(place.connection({ metadata: { team: 'x' } }), NOW)
    expect(await claimIds(place)).toEqual([ids[0]])
  })

  test('makes everything due when the destination gives the order up', async () => {
    const [place, kept] = [given(), given()]
    for (const each of [place, kept]) for (let count = 0; count < 3; count += 1) await storeFor(each, 'a')
    const others = [kept.destination]
    await opened.store.keepOrderOf({ destinations: others, now: NOW })
    expect(await claim(place)).toHaveLength(3)
    expect(await claim(kept)).toHaveLength(1)
  })

  function died(head: ClaimedDelivery) {
    return attemptOf(head, {
      outcome: { kind: 'permanent', reason: 'gone', status: 410, durationMs: 1, responseHead: '', detail: 'gone' },
      next: { kind: 'dead', reason: 'gone' },
    })
  }
}
