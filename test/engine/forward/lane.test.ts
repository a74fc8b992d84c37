import { describe, expect, test } from 'vitest'
import type { DeliveryId, DestinationName } from '../../../src/domain/ids.ts'
import { APP, HOUR, OTHER, SECOND, useDispatching } from '../../support/dispatching.ts'
import { eventually } from '../../support/gateway.ts'
import { createReceiver, hang } from '../../support/receiver.ts'

const use = useDispatching()

describe('lanes', () => {
  test('a destination that hangs does not delay another', async () => {
    const { world } = use
    const healthy = await createReceiver()
    try {
      world.destine(OTHER, { url: healthy.url })
      world.receiver.answerWith(hang)
      await world.dispatcher.start()
      for (let count = 0; count < 100; count += 1) world.store()
      await world.receiver.waitFor(4)
      const ids = Array.from({ length: 100 }, () => world.store({ destination: OTHER }))
      await healthy.waitFor(100)
      await eventually(
        () => ids.filter((id) => world.queue.state(id) === 'delivered').length,
        (count) => count === 100,
      )
      expect(world.receiver.requests).toHaveLength(4)
    } finally {
      await healthy.close()
    }
  })

  test('never have more attempts under way than the destination allows', async () => {
    const { world } = use
    let underWay = 0
    let most = 0
    world.receiver.answerWith((_request, response) => {
      underWay += 1
      most = Math.max(most, underWay)
      setTimeout(() => {
        underWay -= 1
        response.end()
      }, 5)
    })
    await world.dispatcher.start()
    for (let count = 0; count < 60; count += 1) world.store()
    await world.delivered(60)
    expect(most).toBe(4)
  })

  test('drain a backlog in batches, each delivery once', async () => {
    const { world } = use
    for (let count = 0; count < 500; count += 1) world.queue.add(world.delivery())
    await world.dispatcher.start()
    await world.delivered(500)
    expect(new Set(world.receiver.requests.map((request) => request.headers['webhook-id'])).size).toBe(500)
    expect(world.receiver.requests).toHaveLength(500)
    expect(world.queue.claimCount).toBeLessThan(100)
  })

  test('claim fewer deliveries when their bodies are large', async () => {
    const { world } = use
    const bytes = Buffer.concat([Buffer.from('"'), Buffer.alloc(5_000_000, 'x'), Buffer.from('"')])
    const payload = { kind: 'json' as const, bytes, batchPath: null, contentType: 'application/json', headers: {} }
    world.destine(APP, { url: `${world.receiver.url}/hook`, concurrency: 10, timeoutMs: 60_000 })
    world.receiver.answerWith(hang)
    await world.dispatcher.start()
    world.queue.add(world.delivery({ payload }))
    world.dispatcher.kick(APP)
    await world.receiver.waitFor(1)
    for (let count = 0; count < 60; count += 1) world.queue.add(world.delivery({ payload }))
    world.dispatcher.kick(APP)
    await world.receiver.waitFor(10)
    const [lane] = world.dispatcher.stats().lanes
    expect(lane!.waiting).toBeLessThanOrEqual(12) // 60 MB of 300 MB
    expect(world.queue.countOf('pending')).toBeGreaterThan(30)
  })

  test('send a body that is larger than all that may wait', async () => {
    const { world } = use
    const bytes = Buffer.alloc(40_000_000, '1')
    const payload = { kind: 'json' as const, bytes, batchPath: null, contentType: 'application/json', headers: {} }
    await world.dispatcher.start()
    for (let count = 0; count < 2; count += 1) await world.stateOf(world.store({ payload }), 'delivered')
    expect(world.receiver.requests[1]!.body.length).toBeGreaterThan(40_000_000)
  })

  test('find by the poll what no kick told of', async () => {
    const { world } = use
    await world.dispatcher.start()
    const silent = world.delivery()
    world.queue.add(silent)
    world.clock.advance(15 * SECOND)
    await world.stateOf(silent.id, 'delivered')
  })

  test('wake up for what falls due later', async () => {
    const { world } = use
    const later = world.delivery()
    world.queue.add(later)
    world.row(later.id).dueAt = world.clock.now() + 5 * SECOND
    await world.dispatcher.start()
    await world.goToDueTimeOf(later.id)
    await world.stateOf(later.id, 'delivered')
  })

  test('wake up for what falls due later although something was due when the store was asked', async () => {
    const { world } = use
    const now = world.delivery()
    const later = world.delivery()
    world.queue.add(now)
    world.queue.add(later)
    world.row(later.id).dueAt = world.clock.now() + 5 * SECOND
    await world.dispatcher.start()
    await world.stateOf(now.id, 'delivered')
    await world.goToDueTimeOf(later.id)
    await world.stateOf(later.id, 'delivered')
  })
})

describe('the hand-off', () => {
  function offer(): DeliveryId {
    const { world } = use
    const accepted = world.delivery()
    world.queue.addLeased(accepted, world.clock.now() + world.dispatcher.leaseMs(APP))
    world.dispatcher.offer([accepted])
    return accepted.id
  }

  test('needs no reading back from the store', async () => {
    const { world } = use
    await world.dispatcher.start()
    expect(world.dispatcher.hasRoom(APP)).toBe(true)
    const ids = Array.from({ length: 20 }, offer)
    await eventually(
      () => ids.filter((id) => world.queue.state(id) === 'delivered').length,
      (count) => count === 20,
    )
    expect(world.queue.claimCount).toBe(0)
  })

  test('ends when the lane is full, and begins again when it is not', async () => {
    const { world } = use
    const held: (() => void)[] = []
    world.receiver.answerWith((_request, response) => void held.push(() => void response.end()))
    await world.dispatcher.start()
    while (world.dispatcher.hasRoom(APP)) offer()
    await eventually(
      () => world.dispatcher.stats().lanes[0]!,
      ({ sending, waiting }) => sending === 4 && waiting === 12,
    )
    world.receiver.answerWith({ status: 200 })
    await world.receiver.waitFor(4)
    for (const answer of held) answer()
    await world.delivered(16)
    expect(world.dispatcher.hasRoom(APP)).toBe(true)
  })

  test('does not overtake what waits in the store', async () => {
    const { world } = use
    world.receiver.answerWith(hang)
    await world.dispatcher.start()
    for (let count = 0; count < 17; count += 1) world.queue.add(world.delivery())
    world.dispatcher.kick(APP)
    expect(world.dispatcher.hasRoom(APP)).toBe(false)
    await world.receiver.waitFor(4)
    expect(world.dispatcher.hasRoom(APP)).toBe(false)
  })

  test('is refused before the start, after the stop, and for destinations that are not there', async () => {
    const { world } = use
    expect(world.dispatcher.hasRoom(APP)).toBe(false)
    await world.dispatcher.start()
    expect(world.dispatcher.hasRoom('nowhere' as DestinationName)).toBe(false)
    await world.dispatcher.stop({ graceMs: 0 })
    expect(world.dispatcher.hasRoom(APP)).toBe(false)
  })

  test('leases long enough for a full lane of attempts that all time out', () => {
    const { world } = use
    expect(world.dispatcher.leaseMs(APP)).toBeGreaterThan(4 * 10_000)
  })

  test('gives back what could not begin before its lease is too short, and takes it again', async () => {
    const { world } = use
    world.receiver.answerWith(hang)
    await world.dispatcher.start()
    const ids = Array.from({ length: 5 }, offer)
    await world.receiver.waitFor(4)
    world.clock.jump(world.dispatcher.leaseMs(APP)) // as if the four had taken very long
    world.receiver.answerWith({ status: 200 })
    await world.receiver.close() // ends the four
    // No lease had to lapse: it was leased, given back, leased, tried, and found nobody there.
    await world.attemptsOf(ids[4]!, 1)
    expect(world.row(ids[4]!)).toMatchObject({ state: 'pending', fence: 2 })
    world.receiver = await createReceiver()
    world.destine(APP, { url: world.receiver.url })
    await world.goToDueTimeOf(ids[4]!)
    await world.stateOf(ids[4]!, 'delivered')
  })
})

describe('a lease', () => {
  test('that was lost leaves the outcome to whoever has it now', async () => {
    const { world } = use
    let answer: () => void = () => undefined
    world.receiver.answerWith((_request, response) => void (answer = () => void response.end()))
    await world.dispatcher.start()
    const id = world.store()
    await world.receiver.waitFor(1)
    world.row(id).fence += 1
    answer()
    await world.lines('delivery.lease_lost', 1)
    expect(world.queue.rows.get(id)).toMatchObject({ state: 'in_flight', attempts: [] })
  })

  test('of our own that lapsed, because the clock was set, is taken up again without a second attempt', async () => {
    const { world } = use
    let answer: () => void = () => undefined
    world.receiver.answerWith((_request, response) => void (answer = () => void response.end()))
    await world.dispatcher.start()
    const id = world.store()
    await world.receiver.waitFor(1)
    world.clock.jump(HOUR)
    world.dispatcher.kick(APP)
    await eventually(
      () => world.row(id).fence,
      (fence) => fence === 3,
    )
    answer()
    await world.stateOf(id, 'delivered')
    expect(world.receiver.requests).toHaveLength(1)
    expect(world.row(id).attempts).toHaveLength(1)
  })

  test('that was given again before the outcome of the last try was known to be stored leads to the next try', async () => {
    const { world } = use
    const { recordAttempt } = world.queue
    const told: (() => void)[] = []
    // The store writes at once; its answer arrives when the retry is already due, and claimed.
    world.queue.recordAttempt = async (attempt) => {
      const isRecorded = await recordAttempt(attempt)
      if (attempt.next.kind === 'retry') await new Promise<void>((resolve) => told.push(resolve))
      return isRecorded
    }
    world.receiver.answerWith({ status: 500 })
    await world.dispatcher.start()
    const id = world.store()
    await world.attemptsOf(id, 1)
    world.receiver.answerWith({ status: 200 })
    world.clock.advance(6 * SECOND)
    world.dispatcher.kick(APP)
    await eventually(
      () => world.queue.state(id),
      (state) => state === 'in_flight',
    )
    for (const tell of told) tell()
    await world.stateOf(id, 'delivered')
    expect(world.row(id).attempts).toHaveLength(2)
    expect(world.receiver.requests).toHaveLength(2)
  })
})
