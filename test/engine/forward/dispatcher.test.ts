import { describe, expect, test } from 'vitest'
import { APP, HOUR, OTHER, SECOND, useDispatching } from '../../support/dispatching.ts'
import { eventually } from '../../support/gateway.ts'
import { hang } from '../../support/receiver.ts'

const use = useDispatching()

describe('a destination that the settings do not have', () => {
  test('keeps its deliveries, is reported once, and gets them when it is back', async () => {
    const { world } = use
    const lost = world.delivery({ destination: OTHER })
    world.queue.add(lost)
    await world.dispatcher.start()
    world.dispatcher.kick(OTHER)
    world.clock.advance(60 * SECOND)
    expect(world.queue.state(lost.id)).toBe('pending')
    expect(world.linesNamed('destination.missing')).toMatchObject([{ level: 'warn', facts: { destination: 'other' } }])
    expect(world.dispatcher.stats().missingDestinations).toEqual(['other'])

    world.destine(OTHER, { url: world.receiver.url })
    world.dispatcher.settingsChanged()
    await world.stateOf(lost.id, 'delivered')
    expect(world.dispatcher.stats().missingDestinations).toEqual([])
  })

  test('and that goes while deliveries wait for it loses none of them', async () => {
    const { world } = use
    let answer: () => void = () => undefined
    world.receiver.answerWith((_request, response) => void (answer = () => void response.end()))
    world.destine(APP, { url: world.receiver.url, concurrency: 1 })
    await world.dispatcher.start()
    const ids = [world.store(), world.store()]
    await world.receiver.waitFor(1)
    const settings = world.destinations.get(APP)!
    world.destinations.delete(APP)
    world.dispatcher.settingsChanged()
    answer()
    await world.stateOf(ids[0]!, 'delivered')
    expect(world.queue.state(ids[1]!)).not.toBe('delivered')

    world.destinations.set(APP, settings)
    world.receiver.answerWith({ status: 200 })
    world.dispatcher.settingsChanged()
    await eventually(
      () => (world.clock.advance(10 * SECOND), world.queue.state(ids[1]!)),
      (state) => state === 'delivered',
    )
    expect(world.receiver.requests).toHaveLength(2)
  })
})

describe('stopping', () => {
  test('lets what is under way end, sends nothing more, and the next start goes on', async () => {
    const { world } = use
    const answers: (() => void)[] = []
    world.receiver.answerWith((_request, response) => void answers.push(() => void response.end()))
    await world.dispatcher.start()
    for (let count = 0; count < 10; count += 1) world.store()
    await world.receiver.waitFor(4)
    const stopped = world.dispatcher.stop({ graceMs: 60_000 })
    for (const answer of answers) answer()
    await stopped
    expect(world.queue.countOf('delivered')).toBe(4)
    expect(world.queue.countOf('pending')).toBe(6)
    expect(world.clock.timerCount()).toBe(0)

    world.receiver.answerWith({ status: 200 })
    world.succeed()
    await world.dispatcher.start()
    await world.delivered(10)
    expect(world.receiver.requests).toHaveLength(10)
  })

  test('waits no longer than the grace, and what was under way is sent again by the next start', async () => {
    const { world } = use
    world.receiver.answerWith(hang)
    await world.dispatcher.start()
    const id = world.store()
    await world.receiver.waitFor(1)
    const stopped = world.dispatcher.stop({ graceMs: 5 * SECOND })
    world.clock.advance(5 * SECOND)
    await stopped
    expect(world.queue.state(id)).toBe('pending')

    world.receiver.answerWith({ status: 200 })
    world.succeed()
    await world.dispatcher.start()
    await world.stateOf(id, 'delivered')
    const [first, second] = world.receiver.requests
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
  })

  test('gives up outcomes that the store does not take', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith((_request, response) => {
      world.queue.failWith(new Error('disk full'))
      response.end()
    })
    world.store()
    await world.lines('attempt.unrecorded', 1)
    const stopped = world.dispatcher.stop({ graceMs: SECOND })
    world.clock.advance(SECOND)
    await stopped
    expect(world.clock.timerCount()).toBe(0)
    world.queue.failWith(null)
  })
})

test('starting frees what a crashed predecessor had leased', async () => {
  const { world } = use
  const orphan = world.delivery()
  world.queue.addLeased(orphan, world.clock.now() + HOUR)
  await world.dispatcher.start()
  await world.stateOf(orphan.id, 'delivered')
  expect(world.linesNamed('leases.released')).toMatchObject([{ facts: { deliveries: 1 } }])
})
