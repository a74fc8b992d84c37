import { describe, expect, test } from 'vitest'
import { SECOND, useDispatching } from '../../support/dispatching.ts'
import { eventually } from '../../support/gateway.ts'

const use = useDispatching()

describe('when the store is out', () => {
  test('an outcome is kept until it can be written, and nothing is sent twice', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith((_request, response) => {
      world.queue.failWith(new Error('disk full'))
      response.end()
    })
    const id = world.store()
    await world.lines('attempt.unrecorded', 1)
    world.clock.advance(100)
    await world.lines('attempt.unrecorded', 2)
    expect(world.dispatcher.stats()).toMatchObject({ unrecorded: 1 })
    world.queue.failWith(null)
    await eventually(
      () => (world.clock.advance(100), world.queue.state(id)),
      (state) => state === 'delivered',
    )
    expect(world.receiver.requests).toHaveLength(1)
  })

  test('claims are tried again', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.queue.failWith(new Error('database is locked'))
    const id = world.store()
    await world.lines('deliveries.unclaimed', 1)
    world.queue.failWith(null)
    world.clock.advance(SECOND)
    await world.stateOf(id, 'delivered')
  })

  test('at start, the start fails', async () => {
    const { world } = use
    world.queue.failWith(new Error('disk full'))
    await expect(world.dispatcher.start()).rejects.toThrow('disk full')
    world.queue.failWith(null)
  })

  test('at stop, the stop succeeds, and the next start frees the leases', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.queue.failWith(new Error('disk full'))
    await world.dispatcher.stop({ graceMs: 0 })
    expect(world.linesNamed('leases.unreleased')).toHaveLength(1)
    world.queue.failWith(null)
  })
})
