/**
 * The wall clock jumps by an hour, as it does when a machine wakes up with a wrong clock and NTP corrects it. Leases and due times are
 * wall-clock times in the database; timers are not.
 */
import { expect, test } from 'vitest'
import type { Answer } from '../support/receiver.ts'
import { takeAccount } from './account.ts'
import { untilSettled } from './stats.ts'
import { createTravellingClock } from './travelling-clock.ts'
import { useWorld } from './world.ts'

const HOUR = 3_600_000

const use = useWorld()

/** Every third delivery fails the first time; answers take a while, so that leases are held when the clock jumps. */
function failingSometimes(): Answer {
  const seen = new Set<string>()
  let count = 0
  return ({ headers }, response) => {
    const id = headers['webhook-id'] ?? ''
    count += 1
    const isFailing = count % 3 === 0 && !seen.has(id)
    seen.add(id)
    setTimeout(() => response.writeHead(isFailing ? 500 : 200).end(), 20)
  }
}

const jumps = [
  { name: 'an hour forward, and back', by: [HOUR, -HOUR] },
  { name: 'an hour back, and forward', by: [-HOUR, HOUR] },
  { name: 'an hour back, for good', by: [-HOUR] },
  { name: 'an hour forward, for good', by: [HOUR] },
]

for (const jump of jumps) {
  test(`loses nothing when the clock is set ${jump.name}`, async () => {
    const { world } = use
    const { home, provider, receiver } = world
    world.configure({ retries: '200ms, 200ms, 200ms, 1s, 1s, 1s' })
    receiver.answerWith(failingSometimes())
    const clock = createTravellingClock()
    const gateway = await world.startHere(clock)

    const total = 300
    const sending = provider.send(gateway.url, { total, lanes: 16 })
    let goal = 0
    for (const by of jump.by) {
      goal += 100
      await provider.untilAccepted(goal)
      clock.set(by)
    }
    await sending
    // Seconds pass, never the hour: what was due soon before the clock was set is due soon after.
    let secondsPassed = 0
    await untilSettled(gateway.url, total, () => {
      secondsPassed += 1
      clock.pass(1_000)
    })
    await gateway.stop()
    const account = takeAccount({
      scenario: `clock set ${jump.name}`,
      database: home.database,
      provider,
      receiver,
      also: { 'seconds passed until all was settled': secondsPassed },
    })
    expect(secondsPassed).toBeLessThan(1_800)
    expect(account).toMatchObject({ accepted: total, delivered: total, unannounced: 0 })
  }, 240_000)
}
