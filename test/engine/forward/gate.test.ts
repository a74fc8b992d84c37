import { describe, expect, test } from 'vitest'
import type { DeliveryId, DestinationName } from '../../../src/domain/ids.ts'
import { APP, HOUR, MINUTE, SECOND, useDispatching } from '../../support/dispatching.ts'
import { eventually } from '../../support/gateway.ts'
import { hang } from '../../support/receiver.ts'

const use = useDispatching()
const breaker = { failureRatio: 0.5, minAttempts: 4, windowMs: MINUTE, openForMs: 10 * SECOND }

function gateOf() {
  return use.world.dispatcher.laneStats(APP)!.gate!
}

async function idle(): Promise<void> {
  await eventually(
    () => use.world.dispatcher.laneStats(APP)!,
    ({ sending, recording, waiting }) => sending + recording + waiting === 0,
  )
}

describe('an open breaker', () => {
  async function openIt(count: number): Promise<DeliveryId[]> {
    const { world } = use
    world.destine(APP, { url: world.receiver.url, breaker })
    world.receiver.answerWith({ status: 500 })
    await world.dispatcher.start()
    const ids = Array.from({ length: count }, () => world.store())
    await eventually(
      () => gateOf().breaker,
      (state) => state === 'open',
    )
    await idle()
    return ids
  }

  test('postpones: nothing is sent, no try is used up, no lease is held', async () => {
    const { world } = use
    const ids = await openIt(40)
    const sent = world.receiver.requests.length
    expect(sent).toBeLessThan(12)
    await eventually(
      () => world.queue.countOf('in_flight'),
      (count) => count === 0,
    )
    const untried = ids.filter((id) => world.row(id).attempts.length === 0)
    expect(untried).toHaveLength(40 - sent)
    const claims = world.queue.claimCount
    world.clock.advance(5 * SECOND)
    world.dispatcher.kick(APP)
    expect(world.dispatcher.hasRoom(APP)).toBe(false)
    expect(world.queue.claimCount).toBe(claims)
    expect(world.receiver.requests).toHaveLength(sent)
    expect(world.linesNamed('destination.postponed')).toMatchObject([{ facts: { breaker: 'open' } }])
  })

  test('is probed by one delivery, and closes when that is answered', async () => {
    const { world } = use
    await openIt(12)
    const sent = world.receiver.requests.length
    const answers: (() => void)[] = []
    world.receiver.answerWith((_request, response) => void answers.push(() => void response.end()))
    world.clock.advance(10 * SECOND)
    await world.receiver.waitFor(sent + 1)
    await idleButSending()
    expect(world.receiver.requests).toHaveLength(sent + 1)
    world.receiver.answerWith({ status: 200 })
    answers[0]!()
    await eventually(
      () => gateOf().breaker,
      (state) => state === 'closed',
    )
    world.clock.advance(MINUTE)
    await eventually(
      () => (world.clock.advance(SECOND), world.queue.countOf('delivered')),
      (count) => count === 12,
    )
  })

  test('stays open for longer when the probe fails', async () => {
    const { world } = use
    await openIt(12)
    const sent = world.receiver.requests.length
    world.clock.advance(10 * SECOND)
    await world.receiver.waitFor(sent + 1)
    await eventually(
      () => gateOf().breaker,
      (state) => state === 'open',
    )
    await idle()
    expect(gateOf().breakerUntil).toBe(world.clock.now() + 20 * SECOND)
    expect(world.receiver.requests).toHaveLength(sent + 1)
  })

  async function idleButSending(): Promise<void> {
    await eventually(
      () => use.world.dispatcher.laneStats(APP)!,
      ({ sending, waiting }) => sending === 1 && waiting === 0,
    )
  }
})

describe('a paused destination', () => {
  test('gets nothing, gives its leases back, and goes on when it is resumed', async () => {
    const { world } = use
    world.receiver.answerWith(hang)
    world.destine(APP, { url: world.receiver.url, concurrency: 2 })
    await world.dispatcher.start()
    const ids = Array.from({ length: 8 }, () => world.store())
    await world.receiver.waitFor(2)
    await world.dispatcher.pause(APP, 'migration')
    await eventually(
      () => world.queue.countOf('pending'),
      (count) => count === 6,
    )
    expect(world.dispatcher.hasRoom(APP)).toBe(false)
    expect(gateOf().paused).toEqual({ since: world.clock.now(), reason: 'migration' })
    world.store()
    expect(world.receiver.requests).toHaveLength(2)

    world.receiver.answerWith({ status: 200 })
    expect(await world.dispatcher.resume(APP)).toBe(true)
    await world.receiver.close()
    const { createReceiver } = await import('../../support/receiver.ts')
    world.receiver = await createReceiver()
    world.destine(APP, { url: world.receiver.url, concurrency: 2 })
    world.dispatcher.kick(APP)
    await eventually(
      () => (world.clock.advance(10 * SECOND), world.queue.countOf('delivered')),
      (count) => count === ids.length + 1,
    )
  })

  test('stays paused over a restart, since the first time and for the first reason', async () => {
    const { world } = use
    await world.dispatcher.start()
    const since = world.clock.now()
    await world.dispatcher.pause(APP, 'first')
    world.clock.advance(SECOND)
    expect(await world.dispatcher.pause(APP, 'second')).toMatchObject({ since, reason: 'first' })
    await world.dispatcher.stop({ graceMs: 0 })
    world.succeed()
    await world.dispatcher.start()
    const id = world.store()
    world.clock.advance(HOUR)
    expect(world.queue.state(id)).toBe('pending')
    expect(gateOf().paused).toEqual({ since, reason: 'first' })
    expect(await world.dispatcher.resume(APP)).toBe(true)
    expect(await world.dispatcher.resume(APP)).toBe(false)
    await world.stateOf(id, 'delivered')
  })
})

test('a rate delays what exceeds it, and drops nothing', async () => {
  const { world } = use
  world.destine(APP, { url: world.receiver.url, rate: { count: 10, perMs: SECOND } })
  await world.dispatcher.start()
  for (let count = 0; count < 12; count += 1) world.store()
  await world.delivered(1)
  await idleOrWaiting()
  expect(world.receiver.requests).toHaveLength(1)
  const startedAt = world.clock.now()
  await eventually(
    () => (world.clock.advance(50), world.queue.countOf('delivered')),
    (count) => count === 12,
  )
  expect(world.clock.now() - startedAt).toBeGreaterThanOrEqual(1_100)

  async function idleOrWaiting(): Promise<void> {
    await eventually(
      () => world.dispatcher.laneStats(APP)!,
      ({ sending, recording }) => sending + recording === 0,
    )
  }
})

test('a Retry-After of one answer holds all deliveries of the destination', async () => {
  const { world } = use
  world.destine(APP, { url: world.receiver.url, concurrency: 1 })
  world.receiver.answerWith({ status: 429, headers: { 'retry-after': '60' } })
  await world.dispatcher.start()
  const ids = [world.store(), world.store(), world.store()]
  await world.attemptsOf(ids[0]!, 1)
  await idle()
  world.receiver.answerWith({ status: 200 })
  world.clock.advance(59 * SECOND)
  expect(world.receiver.requests).toHaveLength(1)
  expect(gateOf().heldUntil).not.toBeNull()
  await eventually(
    () => (world.clock.advance(SECOND), world.queue.countOf('delivered')),
    (count) => count === 3,
  )
  expect(ids.map((id) => world.row(id).attempts.length)).toEqual([2, 1, 1])
})

test('many lanes together hold no more bodies than fit', async () => {
  const { world } = use
  world.receiver.answerWith(hang)
  const bytes = Buffer.alloc(4_000_000, '1')
  const payload = { kind: 'json' as const, bytes, batchPath: null, contentType: 'application/json', headers: {} }
  const names = Array.from({ length: 30 }, (_, at) => `lane-${at}` as DestinationName)
  for (const name of names) world.destine(name, { url: world.receiver.url, concurrency: 4, timeoutMs: 60_000 })
  await world.dispatcher.start()
  for (let count = 0; count < 16; count += 1)
    for (const destination of names) world.queue.add(world.delivery({ destination, payload }))
  for (const name of names) world.dispatcher.kick(name)
  // Every destination gets at least one of its own.
  await eventually(
    () => world.dispatcher.stats().lanes.filter(({ sending }) => sending > 0).length,
    (count) => count === 30,
  )
  // 480 of them would be 1.9 GB. What was claimed in the same moment may exceed the bound by one claim of each lane.
  expect(world.dispatcher.stats().heldBytes).toBeLessThan(1_200_000_000)
})
