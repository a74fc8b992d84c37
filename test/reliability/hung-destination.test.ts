/** Every event goes to two apps, one of which never answers: the other gets all of them as if it were alone. */
import { expect, test } from 'vitest'
import { createReceiver, hang } from '../support/receiver.ts'
import { takeAccount } from './account.ts'
import { SECRET } from './provider.ts'
import { useWorld } from './world.ts'

const TOTAL = 1_000
const CONCURRENCY = 8

const use = useWorld()

test('delivers to the healthy app while every place of the hung one is taken', async () => {
  const { world } = use
  const { home, provider, receiver } = world
  const hung = await createReceiver()
  try {
    hung.answerWith(hang)
    home.configure(`
log: { level: error }
destinations:
  app: { url: "${receiver.url}/webhooks" }
  hung: { url: "${hung.url}/webhooks", concurrency: ${CONCURRENCY}, timeout: 10m }
integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [hung, app] }
`)
    const gateway = await home.start()
    // The first ones fill the places of the hung app.
    await provider.send(gateway.url, { total: 2 * CONCURRENCY, lanes: 8 })
    await hung.waitFor(CONCURRENCY)
    await provider.send(gateway.url, { total: TOTAL, lanes: 16 })
    await world.untilReceived(TOTAL)
    // No attempt at the hung app has ended meanwhile, so none of the others can have waited for one.
    expect(hung.requests).toHaveLength(CONCURRENCY)
    await gateway.kill('SIGKILL')

    const healthy = takeAccount({
      scenario: 'healthy app beside a hung one',
      database: home.database,
      provider,
      receiver,
    })
    expect(healthy).toMatchObject({ accepted: TOTAL, failedTries: 0, received: TOTAL, duplicates: 0 })
    const stuck = takeAccount({
      scenario: 'hung app',
      database: home.database,
      provider,
      receiver: hung,
      destination: 'hung',
    })
    expect(stuck).toMatchObject({ accepted: TOTAL, delivered: 0, pending: TOTAL })
  } finally {
    await hung.close()
  }
}, 240_000)
