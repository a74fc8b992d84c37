/** SIGTERM under load: an end that loses nothing and repeats nothing. */
import { expect, test } from 'vitest'
import { takeAccount } from './account.ts'
import { useWorld } from './world.ts'

const use = useWorld()

test('ends with 0 at SIGTERM under load, lets what is under way finish, and its successor delivers the rest', async () => {
  const { world } = use
  const { home, provider, receiver } = world
  world.configure()
  // Every answer takes a while, so that there is always something under way.
  let underWay = 0
  receiver.answerWith((_request, response) => {
    underWay += 1
    setTimeout(() => {
      underWay -= 1
      response.writeHead(200).end('ok')
    }, 50)
  })

  let signals = 0
  let underWayAtSignals = 0
  for (const goal of [300, 600, 900]) {
    const gateway = await home.start()
    const sending = provider.send(gateway.url, {
      total: 1_500,
      lanes: 16,
      isOver: () => gateway.process.exitCode !== null || gateway.process.signalCode !== null,
    })
    await provider.untilAccepted(goal)
    underWayAtSignals += underWay
    signals += 1
    expect(await gateway.kill('SIGTERM')).toBe(0)
    await sending
    expect(underWay).toBe(0) // it did not go before its receivers had answered
    const account = takeAccount({ scenario: `SIGTERM ${signals}`, database: home.database, provider, receiver })
    expect(account.duplicates).toBe(0)
  }

  const last = await home.start()
  await provider.send(last.url, { total: 1_500, lanes: 16 })
  await world.untilReceived(1_500)
  expect(await last.kill('SIGTERM')).toBe(0)
  const account = takeAccount({
    scenario: `SIGTERM under load, ${signals} times, and all delivered by the successor`,
    database: home.database,
    provider,
    receiver,
    also: { 'attempts under way at a signal': underWayAtSignals },
  })
  expect(account).toMatchObject({ accepted: 1_500, delivered: 1_500, duplicates: 0, unannounced: 0 })
  expect(underWayAtSignals).toBeGreaterThan(0)
}, 240_000)
