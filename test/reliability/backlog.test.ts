/** A gateway that starts with 10,000 deliveries to make: they drain in bounded memory, and what comes in new is not held up by them. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createReceiver, hang } from '../support/receiver.ts'
import { takeAccount } from './account.ts'
import { createProvider, numberOf, SECRET } from './provider.ts'
import { readStats, untilSettled } from './stats.ts'
import { useWorld } from './world.ts'

const BACKLOG = 10_000

const use = useWorld({ bodyBytes: 1_000 })

test(`drains ${BACKLOG} deliveries pending at the start, and delivers a new event elsewhere meanwhile`, async () => {
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
    const asked = receiver.requests.length

    let receivedWhenElsewhere = -1
    other.answerWith((_request, response) => {
      receivedWhenElsewhere = receiver.requests.length - asked
      response.writeHead(200).end()
    })
    receiver.answerWith({ status: 200 })
    const second = await home.start()
    const before = await readStats(second.url)
    await Promise.all([
      provider.send(second.url, { total: BACKLOG + 1, lanes: 1 }),
      newcomer.send(second.url, { total: 1, lanes: 1 }),
    ])
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
        'new event to the same app came as number': place + 1,
        'new event to another app came after': receivedWhenElsewhere,
        'peak memory (MB)': peakMb ?? 'unknown',
      },
    })
    expect(account).toMatchObject({ accepted: BACKLOG + 1, delivered: BACKLOG + 1, duplicates: 0 })
    expect(receivedWhenElsewhere).toBeLessThan(BACKLOG)
    if (peakMb !== null) expect(peakMb).toBeLessThan(400)
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

/** The most it ever had, where the system tells. */
function peakMemoryMb(pid: number | undefined): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
  } catch {
    return null
  }
}
