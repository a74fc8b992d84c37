import { describe, expect, test } from 'vitest'
import { createSetBackClock } from '../../../src/engine/forward/set-back-clock.ts'
import { HOUR, SECOND, useDispatching } from '../../support/dispatching.ts'
import { createFakeClock } from '../../support/fake-clock.ts'

const use = useDispatching()

describe('a clock that may be set back', () => {
  function watched() {
    const clock = createFakeClock()
    const steps: number[] = []
    const seen = createSetBackClock(clock, ({ byMs }) => steps.push(byMs))
    seen.now()
    return { clock, seen, steps }
  }

  test('tells of a step before the first look at the new time returns, once', () => {
    const { clock, seen, steps } = watched()
    clock.advance(SECOND)
    seen.now()
    clock.jump(-HOUR)
    expect(seen.now()).toBe(clock.now())
    expect(steps).toEqual([HOUR])
    clock.advance(20 * SECOND)
    seen.hasPassed(15 * SECOND)
    expect(steps).toEqual([HOUR])
  })

  test('tells of a step while nobody looks, as large as it was', () => {
    const { clock, seen, steps } = watched()
    seen.hasPassed(15 * SECOND)
    clock.jump(-HOUR)
    clock.advance(15 * SECOND)
    seen.hasPassed(15 * SECOND)
    clock.advance(15 * SECOND)
    seen.hasPassed(15 * SECOND)
    expect(steps).toEqual([HOUR])
  })

  test('tells of small steps when they have added up, and not of steps forward', () => {
    const { clock, seen, steps } = watched()
    clock.jump(HOUR)
    seen.now()
    for (let count = 0; count < 3; count += 1) {
      clock.jump(-2 * SECOND)
      seen.now()
    }
    expect(steps).toEqual([6 * SECOND])
  })
})

describe('when the clock is set back by an hour', () => {
  test('a retry comes when it would have come', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith({ status: 500 })
    const id = world.store()
    await world.attemptsOf(id, 1)
    await world.stateOf(id, 'pending')
    world.clock.jump(-HOUR)
    world.receiver.answerWith({ status: 200 })
    const other = world.store() // the next attempt looks at the clock
    await world.stateOf(other, 'delivered')
    await world.lines('clock.set_back', 1)
    expect(world.row(id).dueAt).toBe(world.clock.now() + 5 * SECOND)
    await world.goToDueTimeOf(id)
    await world.stateOf(id, 'delivered')
  })

  test('what nobody looks after is found by the poll', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.clock.advance(15 * SECOND)
    const silent = world.delivery()
    world.queue.add(silent)
    world.clock.jump(-HOUR)
    world.clock.advance(15 * SECOND)
    await world.stateOf(silent.id, 'delivered')
    expect(world.linesNamed('clock.set_back')).toMatchObject([{ facts: { by_ms: HOUR, deliveries: 1 } }])
  })

  test('a store that is out leaves deliveries as they are, and says so', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.clock.advance(15 * SECOND)
    world.queue.failWith(new Error('disk full'))
    world.clock.jump(-HOUR)
    world.clock.advance(15 * SECOND)
    await world.lines('clock.set_back', 1)
    world.queue.failWith(null)
    expect(world.linesNamed('clock.set_back')[0]!.facts).toHaveProperty('error')
  })
})
