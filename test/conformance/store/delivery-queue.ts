import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClaimedDelivery, DeliveryState } from '../../../src/domain/delivery.ts'
import type { DestinationName } from '../../../src/domain/ids.ts'
import type { AttemptRecord } from '../../../src/engine/ports.ts'
import { ACCEPTED, attemptOf, given, HOUR, MINUTE, NOW, REFUSED, unknownDelivery } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function deliveryQueue(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  const claim = (destination: DestinationName, over: { now?: number; limit?: number; leaseUntil?: number } = {}) => {
    const now = over.now ?? NOW
    return opened.store.claimDueDeliveries({ destination, now, limit: 100, leaseUntil: now + MINUTE, ...over })
  }

  const claimOne = async (destination: DestinationName, now = NOW): Promise<ClaimedDelivery> => {
    const [claimed, ...more] = await claim(destination, { now })
    expect(more).toEqual([])
    return claimed!
  }

  test('hands out a due delivery with all that an attempt needs', async () => {
    const { acceptance, connectionId, destination, integration } = given()
    const accepted = acceptance({
      events: [{}, {}, {}],
      body: '{"items":[1,2,3]}',
      payload: { batchPath: ['items'], contentType: 'application/json; charset=utf-8', headers: { 'x-event': 'push' } },
      deliveries: [{ body: 'raw', positions: [0, 2], urlOverride: 'https://other.example.com/hook' }],
    })
    await opened.store.acceptRequest(accepted)
    const { payload, ...claimed } = await claimOne(destination)
    expect(claimed).toEqual({
      id: accepted.deliveries[0]!.id,
      destination,
      connectionId,
      body: 'raw',
      eventIds: accepted.events.map(({ id }) => id),
      positions: [0, 2],
      urlOverride: 'https://other.example.com/hook',
      requestId: accepted.request.id,
      integration,
      provider: 'acme',
      attemptCount: 0,
      fence: 1,
      receivedAt: NOW,
      trigger: 'auto',
    })
    expect({ ...payload, bytes: Buffer.from(payload.bytes).toString() }).toEqual({
      kind: 'json',
      bytes: '{"items":[1,2,3]}',
      batchPath: ['items'],
      contentType: 'application/json; charset=utf-8',
      headers: { 'x-event': 'push' },
    })
  })

  test('hands out the earliest due first, never more than asked for, and only of the destination', async () => {
    const [here, there] = [given(), given()]
    const times = [30, 10, 50, 20, 40].map((minutes) => NOW + minutes * MINUTE)
    for (const receivedAt of times) await opened.store.acceptRequest(here.acceptance({ receivedAt }))
    await opened.store.acceptRequest(there.acceptance())
    const first = await claim(here.destination, { now: NOW + HOUR, limit: 3 })
    expect(first.map(({ receivedAt }) => receivedAt - NOW)).toEqual([10 * MINUTE, 20 * MINUTE, 30 * MINUTE])
    const rest = await claim(here.destination, { now: NOW + HOUR, limit: 3 })
    expect(rest.map(({ receivedAt }) => receivedAt - NOW)).toEqual([40 * MINUTE, 50 * MINUTE])
    expect(await claim(there.destination, { now: NOW + HOUR })).toHaveLength(1)
  })

  test('hands out nothing before it is due', async () => {
    const { acceptance, destination } = given()
    await opened.store.acceptRequest(acceptance())
    expect(await claim(destination, { now: NOW - 1 })).toEqual([])
    expect(await claim(destination, { now: NOW })).toHaveLength(1)
  })

  test('never hands the same delivery to two callers at once', async () => {
    const { acceptance, destination } = given()
    await Promise.all(Array.from({ length: 50 }, () => opened.store.acceptRequest(acceptance())))
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(destination, { limit: 7 })))
    const claimedIds = claims.flat().map(({ id }) => id)
    expect(claimedIds).toHaveLength(50)
    expect(new Set(claimedIds).size).toBe(50)
  })

  test('gives every delivery of a request its payload', async () => {
    const { acceptance, destination } = given()
    await opened.store.acceptRequest(acceptance({ body: '{"shared":true}', deliveries: [{}, {}, {}] }))
    const claimed = await claim(destination)
    expect(claimed.map(({ payload }) => Buffer.from(payload.bytes).toString())).toEqual(
      Array(3).fill('{"shared":true}'),
    )
  })

  test('leases to the caller of acceptRequest what goes to its destinations, and to nobody else until the lease lapses', async () => {
    const { acceptance, destination } = given()
    const other = given().destination
    const accepted = acceptance({
      deliveries: [{}, { destination: other }],
      leased: [destination],
      leaseUntil: NOW + MINUTE,
    })
    await opened.store.acceptRequest(accepted)
    expect(await opened.store.getDelivery(accepted.deliveries[0]!.id)).toMatchObject({
      state: 'in_flight',
      dueAt: null,
    })
    expect(await claim(destination)).toEqual([])
    expect(await claim(other)).toHaveLength(1)
    const lapsed = await claimOne(destination, NOW + MINUTE)
    expect(lapsed).toMatchObject({ id: accepted.deliveries[0]!.id, fence: 2, attemptCount: 0 })
  })

  test('takes the attempt of a delivery leased by acceptRequest under fence 1', async () => {
    const { acceptance, destination } = given()
    const accepted = acceptance({ leased: [destination], leaseUntil: NOW + MINUTE })
    await opened.store.acceptRequest(accepted)
    const { id } = accepted.deliveries[0]!
    expect(await opened.store.recordAttempt(attemptOf({ id, fence: 1 }))).toBe(true)
    expect(await opened.store.getDelivery(id)).toMatchObject({ state: 'delivered', attemptCount: 1 })
  })

  test('makes a delivery due again when its lease lapses, and then refuses the attempt of the old lease', async () => {
    const { acceptance, destination } = given()
    await opened.store.acceptRequest(acceptance())
    const first = await claimOne(destination)
    expect(await claim(destination, { now: NOW + MINUTE - 1 })).toEqual([])
    const second = await claimOne(destination, NOW + MINUTE)
    expect(second.fence).toBeGreaterThan(first.fence)
    expect(await opened.store.recordAttempt(attemptOf(first))).toBe(false)
    expect(await opened.store.getDelivery(first.id)).toMatchObject({
      state: 'in_flight',
      attemptCount: 0,
      attempts: [],
    })
    expect(await opened.store.recordAttempt(attemptOf(second))).toBe(true)
  })

  test('takes the attempt of a lapsed lease while nobody else has claimed the delivery', async () => {
    const { acceptance, destination } = given()
    await opened.store.acceptRequest(acceptance())
    const claimed = await claimOne(destination)
    const late = attemptOf(claimed, { startedAt: NOW + 2 * MINUTE })
    expect(await opened.store.recordAttempt(late)).toBe(true)
    expect(await claim(destination, { now: NOW + HOUR })).toEqual([])
  })

  const transitions: {
    name: string
    attempt: Partial<AttemptRecord>
    state: DeliveryState
    kept: object
  }[] = [
    {
      name: 'is delivered after an accepted outcome',
      attempt: { outcome: ACCEPTED, next: { kind: 'done' } },
      state: 'delivered',
      kept: { finishedAt: NOW + 18, lastStatus: 200, lastError: null, deathReason: null, dueAt: null },
    },
    {
      name: 'is pending again, and due later, after a retryable outcome',
      attempt: { outcome: REFUSED, next: { kind: 'retry', dueAt: NOW + 5_000 } },
      state: 'pending',
      kept: {
        finishedAt: null,
        lastStatus: 503,
        lastError: REFUSED.kind === 'retryable' ? REFUSED.detail : '',
        dueAt: NOW + 5_000,
      },
    },
    {
      name: 'is dead when the retries are exhausted',
      attempt: { outcome: REFUSED, next: { kind: 'dead', reason: 'retries_exhausted' } },
      state: 'dead',
      kept: { finishedAt: NOW + 8, lastStatus: 503, deathReason: 'retries_exhausted', dueAt: null },
    },
    {
      name: 'is dead after a permanent outcome without a status',
      attempt: {
        outcome: { kind: 'permanent', reason: 'blocked_address', durationMs: 0, responseHead: '', detail: '10.0.0.1' },
        next: { kind: 'dead', reason: 'blocked_address' },
      },
      state: 'dead',
      kept: { finishedAt: NOW + 5, lastStatus: null, lastError: '10.0.0.1', deathReason: 'blocked_address' },
    },
  ]
  for (const { name, attempt, state, kept } of transitions) {
    test(`a delivery ${name}`, async () => {
      const { acceptance, destination } = given()
      await opened.store.acceptRequest(acceptance())
      const claimed = await claimOne(destination)
      expect(await opened.store.recordAttempt(attemptOf(claimed, attempt))).toBe(true)
      expect(await opened.store.getDelivery(claimed.id)).toMatchObject({ state, attemptCount: 1, ...kept })
      if (state !== 'pending') expect(await claim(destination, { now: NOW + 1_000 * HOUR })).toEqual([])
    })
  }

  test('keeps every attempt, oldest first, and counts them for the next one', async () => {
    const { acceptance, destination } = given()
    await opened.store.acceptRequest(acceptance())
    const first = await claimOne(destination)
    const failed = attemptOf(first, { outcome: REFUSED, next: { kind: 'retry', dueAt: NOW + MINUTE } })
    await opened.store.recordAttempt(failed)
    expect(await claim(destination, { now: NOW + MINUTE - 1 })).toEqual([])
    const second = await claimOne(destination, NOW + MINUTE)
    expect(second).toMatchObject({ attemptCount: 1, trigger: 'auto' })
    const succeeded = attemptOf(second, { startedAt: NOW + MINUTE })
    await opened.store.recordAttempt(succeeded)
    expect(await opened.store.getDelivery(first.id)).toMatchObject({
      attemptCount: 2,
      attempts: [
        {
          id: failed.id,
          startedAt: NOW + 5,
          durationMs: 3,
          trigger: 'auto',
          url: 'https://app.example.com/webhooks',
          outcome: 'retryable',
          reason: 'status',
          status: 503,
          detail: 'the receiver answered 503',
          responseHead: 'busy',
          retryAt: NOW + MINUTE,
        },
        { id: succeeded.id, outcome: 'accepted', reason: null, status: 200, detail: null, retryAt: null },
      ],
    })
  })

  test('records nothing for a delivery that is unknown, not leased, or already recorded', async () => {
    const { acceptance, destination } = given()
    expect(await opened.store.recordAttempt(attemptOf({ id: unknownDelivery(), fence: 1 }))).toBe(false)
    const accepted = acceptance()
    await opened.store.acceptRequest(accepted)
    const { id } = accepted.deliveries[0]!
    for (const fence of [0, 1]) expect(await opened.store.recordAttempt(attemptOf({ id, fence }))).toBe(false)
    const claimed = await claimOne(destination)
    const attempt = attemptOf(claimed)
    expect(await opened.store.recordAttempt(attempt)).toBe(true)
    expect(await opened.store.recordAttempt(attempt)).toBe(false)
    expect(await opened.store.getDelivery(id)).toMatchObject({ attemptCount: 1 })
  })

  test('knows when each destination has something to do next, be it a due delivery or a lease that lapses', async () => {
    const [retrying, leased, done] = [given(), given(), given()]
    for (const { acceptance } of [retrying, leased, done]) await opened.store.acceptRequest(acceptance())
    expect((await opened.store.nextDueTimes()).get(retrying.destination)).toBe(NOW)
    const attempt = attemptOf(await claimOne(retrying.destination), {
      outcome: REFUSED,
      next: { kind: 'retry', dueAt: NOW + HOUR },
    })
    await opened.store.recordAttempt(attempt)
    await claim(leased.destination, { leaseUntil: NOW + 2 * MINUTE })
    await opened.store.recordAttempt(attemptOf(await claimOne(done.destination)))
    const times = await opened.store.nextDueTimes()
    expect(times.get(retrying.destination)).toBe(NOW + HOUR)
    expect(times.get(leased.destination)).toBe(NOW + 2 * MINUTE)
    expect(times.has(done.destination)).toBe(false)
  })

  test('gives back all leases without counting an attempt, also those of a run that was cut off', async () => {
    const { acceptance, destination } = given()
    await Promise.all([0, 1, 2].map(() => opened.store.acceptRequest(acceptance())))
    const claimed = await claim(destination, { limit: 2, leaseUntil: NOW + HOUR })
    opened = await opened.reopen()
    expect(await claim(destination, { now: NOW + 1 })).toHaveLength(1)
    expect(await opened.store.releaseLeases({ now: NOW + 2 })).toBeGreaterThanOrEqual(3)
    expect(await opened.store.releaseLeases({ now: NOW + 2 })).toBe(0)
    const again = await claim(destination, { now: NOW + 2 })
    expect(again).toHaveLength(3)
    expect(again.every(({ attemptCount }) => attemptCount === 0)).toBe(true)
    expect(await opened.store.recordAttempt(attemptOf(claimed[0]!))).toBe(false)
  })

  test('brings forward what is pending and due later, retries and first tries alike, and nothing else', async () => {
    const { acceptance, destination } = given()
    const now = NOW + 1_000 * HOUR // beyond what other tests have left
    await opened.store.acceptRequest(acceptance({ receivedAt: now }))
    await opened.store.acceptRequest(acceptance({ receivedAt: now - MINUTE }))
    const [retried, underWay] = await claim(destination, { now, leaseUntil: now + 2 * HOUR })
    const next = { kind: 'retry', dueAt: now + 3 * HOUR } as const
    expect(await opened.store.recordAttempt(attemptOf(retried!, { outcome: REFUSED, next }))).toBe(true)
    await opened.store.acceptRequest(acceptance({ receivedAt: now + HOUR }))
    expect(await opened.store.shiftDueTimes({ byMs: HOUR, now })).toBe(2)
    expect(await claim(destination, { now: now - 1 })).toEqual([])
    expect(await claim(destination, { now })).toHaveLength(1)
    expect((await opened.store.nextDueTimes()).get(destination)).toBe(now + MINUTE)
    expect(await claim(destination, { now: now + 2 * HOUR - 1 })).toHaveLength(1)
    const due = await claim(destination, { now: now + 2 * HOUR, leaseUntil: now + 9 * HOUR })
    expect(due.map(({ id }) => id)).toContain(retried!.id)
    expect(due.map(({ id }) => id)).toContain(underWay!.id)
  })
}
