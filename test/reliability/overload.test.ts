/** More comes in than the store takes: some are told to come again, and whoever was told "accepted" is kept. */
import { expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { takeAccount } from './account.ts'
import { createProvider } from './provider.ts'
import { untilSettled } from './stats.ts'
import { useWorld } from './world.ts'

const use = useWorld()

test('answers 503 with Retry-After beyond its bound on memory, and keeps all that it accepted', async () => {
  const { world } = use
  const { home, receiver } = world
  // The bound is three bodies: with 48 requests at once it is met all the time.
  world.configure({ more: 'ingest: { max_pending_bytes: 128kb }' })
  const provider = createProvider({ integration: 'github', bodyBytes: 40_000 })
  const gateway = await home.start()
  await provider.send(gateway.url, { total: 150, lanes: 48 })
  await world.untilReceived(150)
  await untilSettled(gateway.url, 150)
  expect(await gateway.kill('SIGTERM')).toBe(0)

  const account = takeAccount({ scenario: 'store overloaded', database: home.database, provider, receiver })
  expect(provider.refusals['store_overloaded']).toBeGreaterThan(0)
  expect(account).toMatchObject({ accepted: 150, delivered: 150, duplicates: 0, unannounced: 0 })
}, 240_000)

test('takes a body larger than the bound when nothing else waits', async () => {
  const { world } = use
  const { home, receiver } = world
  world.configure({ more: 'ingest: { max_pending_bytes: 16kb }' })
  const provider = createProvider({ integration: 'github', bodyBytes: 1_000_000 })
  const gateway = await home.start()
  await provider.send(gateway.url, { total: 4, lanes: 2 })
  await eventually(
    () => world.receivedCount(),
    (count) => count === 4,
  )
  expect(await gateway.kill('SIGTERM')).toBe(0)
  takeAccount({ scenario: 'bodies above the bound', database: home.database, provider, receiver })
})
