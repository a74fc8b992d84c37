/**
 * kill -9 again and again, on one data folder. The kernel keeps what a killed process has written, so this proves the order of things
 * in the gateway (stored before answered, leases, recovery of the WAL), not the disk's honesty about fsync.
 */
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { takeAccount } from './account.ts'
import { seededRandom } from './seeded-random.ts'
import { useWorld } from './world.ts'

const KILLS = 50
/** After that many ms of load at most. */
const LONGEST_LIFE_MS = 250
/** Every so manieth is killed while it starts instead. */
const START_SHARE = 0.2
/** A start takes about that long once its code is loaded. */
const START_MS = 250

const use = useWorld()

/** A life this short never earns optimised code: without it a start takes 0.77 s of CPU, with it 1.08 s. */
const NODE_ARGS = ['--no-opt', '--min-semi-space-size=64']

test(`loses nothing when it is killed at ${KILLS} random moments under load`, async () => {
  const seed = Number(process.env['RELIABILITY_SEED'] ?? randomInt(2 ** 31))
  const random = seededRandom(seed)
  console.log(`reliability: kill -9: seed ${seed} (RELIABILITY_SEED)`)
  const { world } = use
  const { home, provider, receiver } = world
  world.configure()
  let killsWhileStarting = 0
  let killsUnderWay = 0
  let unfinishedAtKill = 0

  let upcoming = home.prepare({ nodeArgs: NODE_ARGS })
  for (let kills = 0; kills < KILLS; kills += 1) {
    const life = upcoming
    upcoming = home.prepare({ nodeArgs: NODE_ARGS })
    const isOver = (): boolean => life.process.signalCode !== null
    if (random() < START_SHARE) {
      killsWhileStarting += 1
      const started = life.start().catch(() => null) // it may have come up just before
      await afterMs(random() * START_MS)
      life.process.kill('SIGKILL')
      await started
      await eventually(isOver, Boolean)
      continue
    }
    const gateway = await life.start()
    const sending = provider.send(gateway.url, { total: Number.MAX_SAFE_INTEGER, lanes: 8, isOver })
    await afterMs(random() * LONGEST_LIFE_MS)
    const cutOffBefore = provider.cutOff
    unfinishedAtKill += Math.max(0, provider.accepted.size - world.receivedCount())
    await gateway.kill('SIGKILL')
    await sending
    if (provider.cutOff > cutOffBefore) killsUnderWay += 1
  }

  const last = await upcoming.start()
  const total = Math.max(1_000, Math.max(...provider.sent) + 1)
  await provider.send(last.url, { total, lanes: 8 })
  await world.untilReceived(total)
  expect(await last.kill('SIGTERM')).toBe(0)

  const account = takeAccount({
    scenario: `kill -9 at ${KILLS} random moments`,
    database: home.database,
    provider,
    receiver,
    also: {
      'kills while starting': killsWhileStarting,
      'kills with requests under way': killsUnderWay,
      'accepted and not yet received at a kill': unfinishedAtKill,
    },
  })
  expect(account).toMatchObject({ accepted: total, delivered: total, unannounced: 0 })
  expect(killsUnderWay).toBeGreaterThan(0)
}, 240_000)

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
