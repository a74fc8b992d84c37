/** The schedule of syncs on a running gateway: by the clock, over restarts and downtime, paused, overridden, reloaded; and its gaps. */
import { expect, test } from 'vitest'
import { createTravellingClock } from '../reliability/travelling-clock.ts'
import { eventually } from '../support/gateway.ts'
import { createSyncWorld, WEBHOOK_SECRET } from '../support/sync-world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const integration = (more = ''): string => `
  crm:
    provider: github
    secrets: { webhook_secret: [${WEBHOOK_SECRET}] }
    syncs:
      contacts:
        model: Contact
        every: 1h
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 100 } }
        records: 'response.body.results.{ "id": id, "name": properties.firstname }'
${more}`

test('runs every hour, and once for two days of downtime', async () => {
  const world = await createSyncWorld()
  const clock = createTravellingClock()
  world.apis.fill(2)
  world.configure(integration())
  const stop = await world.startHere(clock)
  await world.connect()
  await world.untilEnded(1)
  clock.pass(1.1 * HOUR)
  await world.untilEnded(2)
  clock.pass(1.1 * HOUR)
  const [third] = await world.untilEnded(3)
  expect(third).toMatchObject({ cause: 'schedule', type: 'INCREMENTAL', triggers: 0 })
  await stop()
  clock.pass(48 * HOUR)
  await world.startHere(clock)
  await world.untilEnded(4)
  clock.pass(1.1 * HOUR)
  expect(await world.untilEnded(5)).toHaveLength(5)
})

test('is paused, started and told another interval by the API, and remembers that over restarts', async () => {
  const world = await createSyncWorld()
  const clock = createTravellingClock()
  world.apis.fill(2)
  world.configure(integration())
  let stop = await world.startHere(clock)
  const restart = async (): Promise<void> => {
    await stop()
    stop = await world.startHere(clock)
  }
  const place = { provider_config_key: 'crm', connection_id: 'acme' }
  const tell = async (method: string, path: string, body: object): Promise<unknown> =>
    (await world.api(path, { method, body: JSON.stringify({ ...place, ...body }) })).json()
  await world.connect()
  await world.untilEnded(1)

  await tell('POST', '/sync/pause', { syncs: ['contacts'] })
  await restart()
  clock.pass(5 * HOUR)
  // A person's wish runs although it is paused, and shows that nothing was due before it.
  await tell('POST', '/sync/trigger', { syncs: ['contacts'] })
  expect((await world.untilEnded(2)).map(({ cause }) => cause)).toEqual(['request', 'schedule'])
  await tell('POST', '/sync/start', { syncs: ['contacts'] })
  await world.untilEnded(3)

  const set = { sync_name: 'contacts', frequency: 'every 30 minutes' }
  expect(await tell('PUT', '/sync/update-connection-frequency', set)).toEqual({ frequency: 'every 30 minutes' })
  await restart()
  clock.pass(32 * MINUTE)
  await world.untilEnded(4)
  expect(await tell('PUT', '/sync/update-connection-frequency', { ...set, frequency: null })).toEqual({
    frequency: 'every hour',
  })
})

test('suspects a webhook that never came, and reports it when it has not come within five minutes', async () => {
  const world = await createSyncWorld()
  const clock = createTravellingClock()
  world.apis.fill(3)
  world.configure(
    integration('        on: { contact.changed: { upsert: \'{ "id": body.contact, "name": body.name }\' } }'),
  )
  await world.startHere(clock)
  await world.connect({ config: { repository_id: 42 } })
  await world.untilEnded(1)
  const announced = { action: 'changed', contact: '1', name: 'announced', repository: { id: 42 } }
  await world.webhook({ event: 'contact', body: announced })
  await world.untilEnded(2)
  world.apis.put(1, '2026-02-01T00:00:00.000Z', 'announced')
  world.apis.put(2, '2026-02-01T00:00:00.000Z', 'never announced')
  world.apis.put(3, '2026-02-01T00:00:00.000Z', 'announced late')
  clock.pass(1.1 * HOUR)
  const [scheduled] = await world.untilEnded(3)
  expect(scheduled).toMatchObject({ cause: 'schedule', counters: { updated: 2, unchanged: 1 } })
  await world.webhook({ event: 'contact', body: { ...announced, contact: '3', name: 'announced late' } })
  await world.untilEnded(4)
  expect(await world.missed()).toEqual([])
  clock.pass(6 * MINUTE)
  const missed = await eventually(world.missed, (found) => found.length > 0)
  expect(missed).toMatchObject([{ recordId: '2', action: 'UPDATED', model: 'Contact', run: scheduled!.id }])
})

test('takes up a sync that a reload adds, keeps the cache of one that it removes, and follows one that it changes', async () => {
  const world = await createSyncWorld()
  const clock = createTravellingClock()
  world.apis.fill(2)
  world.configure(integration())
  await world.startHere(clock)
  await world.connect()
  await world.untilEnded(1)
  world.configure(
    integration(`      people:
        model: Person
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 100 } }
        records: 'response.body.results.{ "id": id }'
`).replace('"name": properties.firstname', '"called": properties.firstname'),
  )
  await eventually(
    async () => {
      clock.pass(MINUTE)
      return (await world.runs({ sync: 'people' })).length
    },
    (count) => count > 0,
  )
  await world.untilEnded(1, { sync: 'people' })
  expect(await world.records({ model: 'Person' })).toHaveLength(2)
  clock.pass(1.1 * HOUR)
  await world.untilEnded(2, { sync: 'contacts' })
  expect((await world.records())[0]).toMatchObject({ action: 'UPDATED', payload: { id: '1', called: 'item 1' } })

  world.configure(integration().replace('contacts:', 'others:').replace('Contact', 'Other'))
  await eventually(
    async () => {
      clock.pass(MINUTE)
      return (await world.runs({ sync: 'others' })).length
    },
    (count) => count > 0,
  )
  await world.untilEnded(1, { sync: 'others' })
  const before = (await world.runs({ sync: 'contacts' })).length
  clock.pass(3 * HOUR)
  await world.untilEnded(2, { sync: 'others' })
  expect(await world.runs({ sync: 'contacts' })).toHaveLength(before)
  expect(await world.records()).toHaveLength(2)
})

test('forgets everything of a connection that is deleted in the middle of a run', async () => {
  const world = await createSyncWorld()
  world.apis.fill(5)
  world.configure(integration())
  const gateway = await world.start()
  await world.connect()
  await world.untilEnded(1)
  await world.connect({ id: 'other' })
  await world.untilEnded(2)
  const held = world.apis.holdNext()
  await world.connect({ id: 'third' })
  await held.isAsked
  for (const id of ['acme', 'third']) {
    const answer = await world.api(`/connections/${id}?provider_config_key=crm`, { method: 'DELETE' })
    expect(answer.status).toBe(200)
  }
  held.release()
  await eventually(
    () => world.runs(),
    (runs) => runs.every(({ key }) => key.connectionId === 'other'),
  )
  expect(await world.records({ connection: 'acme' })).toEqual([])
  expect(await world.records({ connection: 'third' })).toEqual([])
  expect(await world.records({ connection: 'other' })).toHaveLength(5)
  expect(await gateway.kill('SIGTERM')).toBe(0)
  expect(gateway.output()).not.toMatch(/faulted/)
})
