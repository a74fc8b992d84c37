import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectionId, IntegrationKey } from '../../../src/domain/ids.ts'
import { given, HOUR, MINUTE, NOW } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function duplicates(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  test('recognises a dedupe key that was received within the window, and stores no delivery for it', async () => {
    const { acceptance } = given()
    const first = acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: NOW - HOUR })
    const again = acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: NOW - HOUR, receivedAt: NOW + MINUTE })
    expect((await opened.store.acceptRequest(first)).duplicates.size).toBe(0)
    const receipt = await opened.store.acceptRequest(again)
    expect(receipt).toEqual({ duplicates: new Set([again.events[0]!.id]), stored: [] })
    expect(await opened.store.getRequest(again.request.id)).toMatchObject({
      outcome: 'duplicate',
      eventCount: 1,
      events: [{ status: 'duplicate', dedupeKey: 'key' }],
      deliveries: [],
    })
    expect(await opened.store.getRequest(first.request.id)).toMatchObject({ outcome: 'accepted' })
  })

  test('recognises a key among requests that are committed together', async () => {
    const { acceptance } = given()
    const same = Array.from({ length: 20 }, () =>
      acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: NOW - HOUR }),
    )
    const receipts = await Promise.all(same.map((one) => opened.store.acceptRequest(one)))
    expect(receipts.filter(({ stored }) => stored.length === 1)).toHaveLength(1)
    expect(receipts[0]!.duplicates.size).toBe(0)
  })

  const windows = [
    { name: 'takes a key received exactly at the start of the window for a duplicate', since: NOW, isDuplicate: true },
    {
      name: 'takes a key for new again when it was last received before the window',
      since: NOW + 1,
      isDuplicate: false,
    },
    { name: 'recognises nothing where no window is given', since: null, isDuplicate: false },
  ]
  for (const { name, since, isDuplicate } of windows) {
    test(name, async () => {
      const { acceptance } = given()
      await opened.store.acceptRequest(acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: NOW - HOUR }))
      const again = acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: since, receivedAt: NOW + HOUR })
      expect((await opened.store.acceptRequest(again)).duplicates.size).toBe(isDuplicate ? 1 : 0)
    })
  }

  test('counts a duplicate as an arrival, so a key that keeps coming stays known', async () => {
    const { acceptance } = given()
    const arrive = (receivedAt: number) =>
      opened.store.acceptRequest(
        acceptance({ events: [{ dedupeKey: 'key' }], receivedAt, dedupeSince: receivedAt - 20 * MINUTE }),
      )
    await arrive(NOW)
    expect((await arrive(NOW + 15 * MINUTE)).duplicates.size).toBe(1)
    expect((await arrive(NOW + 30 * MINUTE)).duplicates.size).toBe(1)
  })

  test('tells the same key of two integrations apart', async () => {
    const [one, other] = [given(), given()]
    await opened.store.acceptRequest(one.acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: 0 }))
    const receipt = await opened.store.acceptRequest(
      other.acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: 0 }),
    )
    expect(receipt.duplicates.size).toBe(0)
  })

  test('is not misled by an integration and a key that read alike when joined', async () => {
    const { acceptance, integration } = given()
    await opened.store.acceptRequest(
      acceptance({ events: [{ dedupeKey: 'b\nkey' }], dedupeSince: 0, request: { integration } }),
    )
    const alike = `${integration}\nb` as IntegrationKey
    const receipt = await opened.store.acceptRequest(
      acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: 0, request: { integration: alike } }),
    )
    expect(receipt.duplicates.size).toBe(0)
  })

  test('never takes events without a key for duplicates', async () => {
    const { acceptance } = given()
    const none = () => acceptance({ events: [{ dedupeKey: null }, { dedupeKey: null }], dedupeSince: 0 })
    await opened.store.acceptRequest(none())
    expect((await opened.store.acceptRequest(none())).duplicates.size).toBe(0)
  })

  test('tells long keys apart that differ in their last character, and recognises them', async () => {
    const { acceptance } = given()
    const long = 'k'.repeat(10_000)
    const arrive = (dedupeKey: string) =>
      opened.store.acceptRequest(acceptance({ events: [{ dedupeKey }], dedupeSince: 0 }))
    await arrive(`${long}1`)
    expect((await arrive(`${long}2`)).duplicates.size).toBe(0)
    expect((await arrive(`${long}1`)).duplicates.size).toBe(1)
  })

  test('recognises duplicates inside one request and keeps the first of them', async () => {
    const { acceptance } = given()
    const accepted = acceptance({
      events: [{ dedupeKey: 'a' }, { dedupeKey: 'b' }, { dedupeKey: 'a' }],
      payload: { batchPath: [] },
      dedupeSince: NOW - HOUR,
    })
    const [a, b, repeated] = accepted.events
    const receipt = await opened.store.acceptRequest(accepted)
    expect(receipt.duplicates).toEqual(new Set([repeated!.id]))
    expect(receipt.stored).toEqual([{ id: accepted.deliveries[0]!.id, positions: [0, 1], eventIds: [a!.id, b!.id] }])
    expect(await opened.store.getRequest(accepted.request.id)).toMatchObject({ outcome: 'accepted', eventCount: 3 })
  })

  test('leaves the duplicates out of a batch delivery, and out of it alone', async () => {
    const { acceptance, destination } = given()
    await opened.store.acceptRequest(
      acceptance({ events: [{ dedupeKey: 'b' }, { dedupeKey: 'd' }], payload: { batchPath: [] }, deliveries: [] }),
    )
    const accepted = acceptance({
      events: ['a', 'b', 'c', 'd'].map((dedupeKey) => ({ dedupeKey })),
      payload: { batchPath: [] },
      dedupeSince: NOW - HOUR,
      deliveries: [],
    })
    const [a, b, c, d] = accepted.events.map(({ id }) => id)
    const planned = [
      { connectionId: 'x', eventIds: [a, b], positions: [0, 1] },
      { connectionId: 'y', eventIds: [c], positions: [2] },
      { connectionId: 'z', eventIds: [b, d], positions: [1, 3] },
      { connectionId: null, eventIds: [], positions: null },
    ].map((over, at) => ({
      ...acceptance().deliveries[0]!,
      ...over,
      connectionId: over.connectionId as ConnectionId | null,
      eventIds: over.eventIds.map((id) => id!),
      urlOverride: `https://app.example.com/${at}`,
    }))
    const receipt = await opened.store.acceptRequest({ ...accepted, deliveries: planned })
    expect(receipt.duplicates).toEqual(new Set([b, d]))
    const left = [
      { id: planned[0]!.id, positions: [0], eventIds: [a] },
      { id: planned[1]!.id, positions: [2], eventIds: [c] },
      { id: planned[3]!.id, positions: null, eventIds: [] },
    ]
    expect(receipt.stored.map(({ id, positions, eventIds }) => ({ id, positions, eventIds }))).toEqual(left)
    const claimed = await opened.store.claimDueDeliveries({ destination, now: NOW, limit: 10, leaseUntil: NOW + 1 })
    expect(claimed.map(({ id, positions, eventIds }) => ({ id, positions, eventIds }))).toEqual(left)
    expect(await opened.store.getDelivery(planned[2]!.id)).toBeNull()
  })

  test('recognises keys after a restart', async () => {
    const { acceptance } = given()
    const arrive = () =>
      opened.store.acceptRequest(acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: NOW - HOUR }))
    await arrive()
    opened = await opened.reopen()
    expect((await arrive()).duplicates.size).toBe(1)
  })

  test('recognises keys after its upkeep', async () => {
    const { acceptance } = given()
    const arrive = () =>
      opened.store.acceptRequest(acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: NOW - HOUR }))
    await arrive()
    await opened.settle()
    expect((await arrive()).duplicates.size).toBe(1)
  })

  test('forgets the key of a request it rejected', async () => {
    const { acceptance } = given()
    const stored = acceptance()
    await opened.store.acceptRequest(stored)
    const rejected = acceptance({ events: [{ dedupeKey: 'key' }], request: { id: stored.request.id }, dedupeSince: 0 })
    await expect(opened.store.acceptRequest(rejected)).rejects.toMatchObject({ code: 'store_unavailable' })
    const receipt = await opened.store.acceptRequest(acceptance({ events: [{ dedupeKey: 'key' }], dedupeSince: 0 }))
    expect(receipt.duplicates.size).toBe(0)
  })
}
