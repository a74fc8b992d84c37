/** The app is away, its port refuses connections, for longer than a few tries take. */
import { expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { createReceiver } from '../support/receiver.ts'
import { takeAccount } from './account.ts'
import { PATIENCE_MS, readStats, untilSettled } from './stats.ts'
import { createTravellingClock } from './travelling-clock.ts'
import { useWorld } from './world.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const TOTAL = 200

const use = useWorld()

test('delivers all when the app was away for 27 minutes, by the schedule that is the default', async () => {
  const { world } = use
  const { home, provider } = world
  world.configure({ retries: '5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h' })
  const port = Number(new URL(world.receiver.url).port)
  await world.receiver.close()
  const clock = createTravellingClock()
  const gateway = await world.startHere(clock)
  await provider.send(gateway.url, { total: TOTAL, lanes: 16 })

  for (let minutes = 0; minutes < 27; minutes += 0.25) {
    clock.pass(MINUTE / 4)
    // What fell due gets its turn.
    await eventually(
      () => readStats(gateway.url),
      ({ deliveries }) => deliveries['in_flight'] === 0,
      PATIENCE_MS,
    )
  }
  // One that was just claimed may still be on its way.
  const { deliveries } = await eventually(
    () => readStats(gateway.url),
    (stats) => stats.deliveries['pending'] === TOTAL,
    PATIENCE_MS,
  )
  expect(deliveries).toMatchObject({ delivered: 0, dead: 0 })

  const receiver = await createReceiver({ port })
  try {
    await untilSettled(gateway.url, TOTAL, () => clock.pass(10 * SECOND))
    await gateway.stop()
    const account = takeAccount({ scenario: 'app away for 27 minutes', database: home.database, provider, receiver })
    expect(account.failedTries).toBeGreaterThan(0)
    expect(account).toMatchObject({ accepted: TOTAL, delivered: TOTAL, duplicates: 0 })
  } finally {
    await receiver.close()
  }
}, 240_000)
