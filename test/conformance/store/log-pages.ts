import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeliveryState } from '../../../src/domain/delivery.ts'
import type { ConnectionId } from '../../../src/domain/ids.ts'
import type { Page, PageRequest, RequestOutcome, Store } from '../../../src/engine/ports.ts'
import { attemptOf, type Given, given, HOUR, MINUTE, NOW, REFUSED, unknownIds } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function logPages(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  const moments = [
    { when: 'at once', settle: async () => {} },
    { when: 'after upkeep', settle: () => opened.settle() },
  ]

  for (const { when, settle } of moments) {
    describe(`read ${when}`, () => {
      test('gives every list newest first, in pages without gaps or repetitions', async () => {
        const place = given()
        const times = [3, 1, 2, 2, 5, 4, 2].map((minutes) => NOW + minutes * MINUTE)
        for (const receivedAt of times) {
          await opened.store.acceptRequest(place.acceptance({ receivedAt, events: [{}, {}], deliveries: [{}, {}] }))
        }
        await settle()
        const { integration } = place
        const newest = times.toSorted((a, b) => b - a)
        const requests = await allPages((page) => opened.store.listRequests({ integration }, page))
        expect(requests.map(({ receivedAt }) => receivedAt)).toEqual(newest)
        const events = await allPages((page) => opened.store.listEvents({ integration }, page))
        expect(events.map(({ receivedAt }) => receivedAt)).toEqual(newest.flatMap((at) => [at, at]))
        const deliveries = await allPages((page) => opened.store.listDeliveries({ integration }, page))
        expect(deliveries.map(({ createdAt }) => createdAt)).toEqual(newest.flatMap((at) => [at, at]))
        for (const items of [requests, events, deliveries])
          expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
      })

      test('pages through the children of one large request', async () => {
        const { acceptance, integration } = given()
        const accepted = acceptance({ events: Array.from({ length: 500 }, () => ({})) })
        await opened.store.acceptRequest(accepted)
        await settle()
        const events = await allPages((page) => opened.store.listEvents({ integration }, { ...page, limit: 70 }))
        expect(events.map(({ id }) => id)).toEqual(accepted.events.map(({ id }) => id).toReversed())
      })

      test('filters requests by integration, connection, outcome and time', async () => {
        const { place, requests } = await story(opened.store)
        await settle()
        const { integration, connectionId } = place
        const list = async (filter: Parameters<Store['listRequests']>[0]) => {
          const items = await allPages((page) => opened.store.listRequests({ integration, ...filter }, page))
          return items.map(({ id }) => requests.get(id))
        }
        expect(await list({})).toEqual(['handshake', 'refused', 'duplicate', 'other', 'first'])
        for (const outcome of ['refused', 'handshake', 'duplicate'] as RequestOutcome[]) {
          expect(await list({ outcome })).toEqual([outcome])
        }
        expect(await list({ outcome: 'accepted' })).toEqual(['other', 'first'])
        expect(await list({ connectionId })).toEqual(['duplicate', 'first'])
        expect(await list({ connectionId, outcome: 'accepted' })).toEqual(['first'])
        expect(await list({ since: NOW + 2 * HOUR })).toEqual(['handshake', 'refused', 'duplicate'])
        expect(await list({ until: NOW + 2 * HOUR })).toEqual(['other', 'first'])
        expect(await list({ since: NOW + HOUR, until: NOW + 3 * HOUR })).toEqual(['duplicate', 'other'])
        expect(await list({ connectionId, since: NOW + HOUR })).toEqual(['duplicate'])
        expect(await list({ integration: given().integration })).toEqual([])
        expect(await list({ connectionId, integration: given().integration })).toEqual([])
      })

      test('filters events by integration, connection, type, status and time', async () => {
        const { place, other, events } = await story(opened.store)
        await settle()
        const { integration, connectionId } = place
        const list = async (filter: Parameters<Store['listEvents']>[0]) => {
          const items = await allPages((page) => opened.store.listEvents({ integration, ...filter }, page))
          return items.map(({ id }) => events.get(id))
        }
        expect(await list({})).toEqual(['duplicate', 'other', 'skipped', 'unmatched', 'first'])
        expect(await list({ type: 'thing.created' })).toEqual(['other', 'unmatched'])
        expect(await list({ status: 'matched' })).toEqual(['other', 'first'])
        expect(await list({ status: 'unmatched' })).toEqual(['unmatched'])
        expect(await list({ status: 'skipped' })).toEqual(['skipped'])
        expect(await list({ status: 'duplicate' })).toEqual(['duplicate'])
        expect(await list({ connectionId })).toEqual(['duplicate', 'first'])
        expect(await list({ connectionId, status: 'duplicate' })).toEqual(['duplicate'])
        expect(await list({ connectionId: other, type: 'thing.created' })).toEqual(['other'])
        expect(await list({ status: 'unmatched', until: NOW })).toEqual([])
        expect(await list({ since: NOW + HOUR, status: 'matched' })).toEqual(['other'])
        expect(await list({ status: 'unmatched', integration: given().integration })).toEqual([])
      })

      test('filters deliveries by integration, connection, destination, request, state and time', async () => {
        const { place, other, deliveries, requests } = await story(opened.store)
        await settle()
        const { connectionId, destination, integration } = place
        const list = async (filter: Parameters<Store['listDeliveries']>[0]) => {
          const items = await allPages((page) => opened.store.listDeliveries({ integration, ...filter }, page))
          return items.map(({ id }) => deliveries.get(id))
        }
        expect(await list({})).toEqual(['pending', 'dead', 'delivered', 'in_flight'])
        for (const state of ['pending', 'dead', 'delivered', 'in_flight'] as DeliveryState[]) {
          expect(await list({ state })).toEqual([state])
        }
        expect(await list({ state: 'cancelled' })).toEqual([])
        expect(await list({ connectionId: other })).toEqual(['pending', 'dead'])
        expect(await list({ connectionId, state: 'delivered' })).toEqual(['delivered'])
        expect(await list({ destination })).toEqual(['pending', 'dead', 'delivered', 'in_flight'])
        expect(await list({ destination: given().destination })).toEqual([])
        expect(await list({ since: NOW + HOUR })).toEqual(['pending', 'dead'])
        expect(await list({ until: NOW + HOUR, state: 'in_flight' })).toEqual(['in_flight'])
        expect(await list({ since: NOW + HOUR, state: 'in_flight' })).toEqual([])
        for (const [requestId, name] of requests) {
          const expected = { first: ['delivered', 'in_flight'], other: ['pending', 'dead'] }[name] ?? []
          expect(await list({ requestId })).toEqual(expected)
        }
        expect(await list({ requestId: unknownIds().request })).toEqual([])
      })
    })
  }

  test('goes on from a cursor without repeating anything when new rows have come', async () => {
    const { acceptance, integration } = given()
    for (let at = 0; at < 4; at += 1) await opened.store.acceptRequest(acceptance({ receivedAt: NOW + at }))
    const first = await opened.store.listRequests({ integration }, { limit: 2, after: null })
    for (let at = 4; at < 8; at += 1) await opened.store.acceptRequest(acceptance({ receivedAt: NOW + at }))
    const second = await opened.store.listRequests({ integration }, { limit: 2, after: first.nextCursor })
    expect([...first.items, ...second.items].map(({ receivedAt }) => receivedAt - NOW)).toEqual([3, 2, 1, 0])
    expect(second.nextCursor).toBeNull()
  })

  test('finds nothing by an unknown id', async () => {
    const { request, event, delivery } = unknownIds()
    expect(await opened.store.getRequest(request)).toBeNull()
    expect(await opened.store.getEvent(event)).toBeNull()
    expect(await opened.store.getDelivery(delivery)).toBeNull()
  })

  for (const after of ['', 'x', 'bm90IGEgY3Vyc29y', '"; DROP TABLE requests']) {
    test(`refuses the foreign cursor ${JSON.stringify(after)} as a fault of the caller`, async () => {
      const page = { limit: 1, after }
      const refusal = { code: 'api_invalid_input' }
      await expect(opened.store.listRequests({}, page)).rejects.toMatchObject(refusal)
      await expect(opened.store.listEvents({}, page)).rejects.toMatchObject(refusal)
      await expect(opened.store.listDeliveries({}, page)).rejects.toMatchObject(refusal)
      await expect(opened.store.listConnections({}, page)).rejects.toMatchObject(refusal)
    })
  }

  test('counts requests by outcome and deliveries by state, and knows the oldest that is pending', async () => {
    const fresh = await open()
    try {
      const empty = await fresh.store.stats()
      expect(empty).toEqual({
        requests: { accepted: 0, duplicate: 0, refused: 0, handshake: 0 },
        deliveries: { pending: 0, in_flight: 0, delivered: 0, dead: 0, held: 0, cancelled: 0 },
        oldestPendingAt: null,
      })
      const { place } = await story(fresh.store)
      const told = {
        requests: { accepted: 2, duplicate: 1, refused: 1, handshake: 1 },
        deliveries: { pending: 1, in_flight: 1, delivered: 1, dead: 1, held: 0, cancelled: 0 },
        oldestPendingAt: NOW + HOUR,
      }
      expect(await fresh.store.stats()).toEqual(told)
      const rejected = place.acceptance({
        request: { id: (await fresh.store.listRequests({}, { limit: 1, after: null })).items[0]!.id },
      })
      await expect(fresh.store.acceptRequest(rejected)).rejects.toThrow()
      expect(await fresh.store.stats()).toEqual(told)
      await fresh.store.releaseLeases({ now: NOW })
      expect(await fresh.store.stats()).toMatchObject({
        deliveries: { pending: 2, in_flight: 0 },
        oldestPendingAt: NOW,
      })
    } finally {
      await fresh.dispose()
    }
  })
}

/** Two accepted requests, a duplicate, a refusal and a handshake, an hour apart, with deliveries in four states. */
async function story(store: Store) {
  const place = given()
  const other = `other-of-${place.connectionId}` as ConnectionId
  const first = place.acceptance({
    events: [
      { dedupeKey: 'key' },
      { match: { kind: 'unmatched', reason: 'no_connection' }, type: 'thing.created' },
      { match: { kind: 'skipped' } },
    ],
    deliveries: [{}, {}],
    dedupeSince: NOW - HOUR,
  })
  await store.acceptRequest(first)
  const claim = { destination: place.destination, now: NOW, limit: 2, leaseUntil: NOW + 99 * HOUR }
  const claimed = await store.claimDueDeliveries(claim)
  const delivered = claimed.find(({ id }) => id === first.deliveries[1]!.id)!
  await store.recordAttempt(attemptOf(delivered))

  const match = { kind: 'matched' as const, connections: [other], field: 'metadata.id' }
  const second = place.acceptance({
    receivedAt: NOW + HOUR,
    events: [{ match, type: 'thing.created' }],
    deliveries: [{ connectionId: other }, { connectionId: other }],
  })
  await store.acceptRequest(second)
  const [dead] = await store.claimDueDeliveries({ ...claim, now: NOW + HOUR, limit: 1 })
  await store.recordAttempt(attemptOf(dead!, { outcome: REFUSED, next: { kind: 'dead', reason: 'retries_exhausted' } }))

  const duplicate = place.acceptance({ receivedAt: NOW + 2 * HOUR, events: [{ dedupeKey: 'key' }], dedupeSince: NOW })
  await store.acceptRequest(duplicate)
  const refused = place.request({ receivedAt: NOW + 3 * HOUR })
  store.recordRefusal({ request: refused, code: 'signature_missing', scheme: null, detail: 'none', clockSkewMs: null })
  const shaken = place.request({ receivedAt: NOW + 4 * HOUR })
  store.recordHandshake({ request: shaken, name: 'challenge' })
  await store.replayDelivery({ id: unknownIds().delivery, now: NOW }) // commits what was recorded without waiting

  return {
    place,
    other,
    requests: new Map([
      [first.request.id, 'first'],
      [second.request.id, 'other'],
      [duplicate.request.id, 'duplicate'],
      [refused.id, 'refused'],
      [shaken.id, 'handshake'],
    ]),
    events: new Map([
      [first.events[0]!.id, 'first'],
      [first.events[1]!.id, 'unmatched'],
      [first.events[2]!.id, 'skipped'],
      [second.events[0]!.id, 'other'],
      [duplicate.events[0]!.id, 'duplicate'],
    ]),
    deliveries: namesOf(place, first, second, dead!.id),
  }
}

function namesOf(
  _: Given,
  first: ReturnType<Given['acceptance']>,
  second: ReturnType<Given['acceptance']>,
  deadId: string,
): Map<string, string> {
  return new Map([
    [first.deliveries[0]!.id, 'in_flight'],
    [first.deliveries[1]!.id, 'delivered'],
    ...second.deliveries.map(({ id }) => [id, id === deadId ? 'dead' : 'pending'] as const),
  ])
}

async function allPages<Item>(list: (page: PageRequest) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = []
  let after: string | null = null
  do {
    const page: Page<Item> = await list({ limit: 2, after })
    items.push(...page.items)
    after = page.nextCursor
  } while (after !== null)
  return items
}
