/**
 * A gateway that starts with 10,000 deliveries to make, each tried once before, as after an outage of the app: they drain in bounded
 * memory, and what comes in new is not held up by them.
 */
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { createReceiver, hang } from '../support/receiver.ts'
import { takeAccount } from './account.ts'
import { createProvider, numberOf, SECRET } from './provider.ts'
import { readStats, untilSettled } from './stats.ts'
import { useWorld } from './world.ts'

const BACKLOG = 10_000
/** A lane holds 64 deliveries for 16 slots, and may be in the middle of claiming as many. */
const AHEAD_AT_MOST = 500
/** Some 200 on the reference machine, with 10,000 deliveries as with 100. */
const MEMORY_MB = 400

const use = useWorld()

test(`drains ${BACKLOG} deliveries pending at the start, and lets new ones through meanwhile`, async () => {
  const { world } = use
  const { home, provider, receiver } = world
  const other = await createReceiver()
  const newcomer = createProvider({ integration: 'other' })
  try {
    home.configure(`
log: { level: error }
destinations:
  app: { url: "${receiver.url}/webhooks" }
  other: { url: "${other.url}/webhooks" }
integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [app] }
  other: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [other] }
`)
    receiver.answerWith(hang)
    const first = await home.start()
    await provider.send(first.url, { total: BACKLOG, lanes: 32 })
    await first.kill('SIGKILL')
    countOneTryOfEach(home.database)

    receiver.answerWith({ status: 200 })
    const asked = receiver.requests.length
    const drained = (): number => receiver.requests.length - asked
    let drainedWhenOther = -1
    other.answerWith((_request, response) => {
      drainedWhenOther = drained()
      response.writeHead(200).end()
    })
    const second = await home.start()
    const before = await readStats(second.url)
    await newcomer.send(second.url, { total: 1, lanes: 1 })
    await provider.send(second.url, { total: BACKLOG + 1, lanes: 1 })
    const drainedWhenAccepted = drained()
    await untilSettled(second.url, BACKLOG + 2)
    const peakMb = peakMemoryMb(second.process.pid)
    expect(await second.kill('SIGTERM')).toBe(0)

    const place = receiver.requests.slice(asked).findIndex(({ body }) => numberOf(body) === BACKLOG)
    const account = takeAccount({
      scenario: `${BACKLOG} pending at the start`,
      database: home.database,
      provider,
      receiver,
      also: {
        'pending at the start': before.deliveries['pending'] ?? 0,
        'drained when a new event was accepted': drainedWhenAccepted,
        'when the same app had it': place,
        'when another app had its own': drainedWhenOther,
        'peak memory (MB)': peakMb ?? 'unknown',
      },
    })
    expect(account).toMatchObject({ accepted: BACKLOG + 1, delivered: BACKLOG + 1, duplicates: 0 })
    expect(place).toBeLessThan(drainedWhenAccepted + AHEAD_AT_MOST)
    expect(drainedWhenOther).toBeLessThan(BACKLOG)
    if (peakMb !== null) expect(peakMb).toBeLessThan(MEMORY_MB)
    takeAccount({
      scenario: 'new event to another app',
      database: home.database,
      provider: newcomer,
      receiver: other,
      destination: 'other',
    })
  } finally {
    await other.close()
  }
}, 240_000)

/** In the database of a gateway that does not run. */
function countOneTryOfEach(path: string): void {
  const database = new Database(path)
  database.exec('UPDATE deliveries SET tries = 1, attempt_count = 1')
  database.close()
}

/** The most it ever had, where the system tells. */
function peakMemoryMb(pid: number | undefined): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
  } catch {
    return null
  }
}
