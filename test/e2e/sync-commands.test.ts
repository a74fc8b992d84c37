/** The commands about syncs against a running gateway, with a sync of a built-in spec: nobody calls an API before it is started. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { createMemoryIo } from '../cli/memory-io.ts'
import { API_KEY, eventually } from '../support/gateway.ts'
import { createSyncWorld } from '../support/sync-world.ts'

const CLIENT_SECRET = 'the client secret of this test'

test('a built-in sync is listed, tried, started, run, read and paused from the command line', async () => {
  const world = await createSyncWorld()
  world.apis.fill(3)
  world.configure(`
  crm:
    provider: hubspot
    secrets: { client_secret: [${CLIENT_SECRET}] }
    forward: [app]
    syncs:
      contacts:
        auth: bearer
        coalesce: 200ms
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 2 } }
        fetch: { request: { get: "{url}/crm/v3/objects/contacts/{id}" } }
`)
  const { url } = await world.start()
  await world.connect({ config: { portalId: 33 } })

  const run = async (...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    const io = createMemoryIo({ env: { POSTERN_URL: url, POSTERN_API_KEY: API_KEY }, cwd: world.home.folder })
    return { code: await runCli(argv, io), stdout: io.stdout(), stderr: io.stderr() }
  }
  const tell = async (type: string, objectId: number): Promise<number> => {
    const body = JSON.stringify([
      { eventId: objectId, subscriptionId: 1, portalId: 33, occurredAt: Date.now(), subscriptionType: type, objectId },
    ])
    const headers = {
      'x-hubspot-signature-version': 'v1',
      'x-hubspot-signature': createHash('sha256')
        .update(CLIENT_SECRET + body)
        .digest('hex'),
    }
    return (await fetch(`${url}/webhook/crm`, { method: 'POST', headers, body })).status
  }

  // Not started: neither the schedule nor a webhook calls the provider.
  expect((await run('sync', 'list')).stdout).toMatch(/crm +acme +contacts +Contact +paused +every 6 hours +0/)
  expect(await tell('contact.creation', 1)).toBe(200)
  expect(await tell('contact.deletion', 2)).toBe(200)
  const tried = await run(
    'sync',
    'try',
    'crm',
    'contacts',
    '--connection',
    'acme',
    '--token',
    'good-token',
    '--config',
    world.home.configFile,
  )
  expect(tried).toMatchObject({ code: 0, stderr: '' })
  expect(tried.stdout).toMatch(/page 2 .*1 items, 1 records[\s\S]*records +3/)
  expect(world.apis.requests).toHaveLength(2)
  expect(await world.records({ model: 'Contact' })).toEqual([])

  expect((await run('sync', 'start', 'crm', 'contacts', '--connection', 'acme')).code).toBe(0)
  await world.untilEnded(1)
  const records = await run('records', 'crm', 'Contact', '--connection', 'acme', '--limit', '2')
  expect(records.stdout).toMatch(/1 +ADDED .*first_name[\s\S]*2 +ADDED/)
  const cursor = /--cursor (\S+)/.exec(records.stderr)?.[1] ?? ''
  expect((await run('records', 'crm', 'Contact', '--connection', 'acme', '--cursor', cursor)).stdout).toMatch(
    /3 +ADDED/,
  )

  // Started: the webhook fetches its one contact.
  world.apis.put(2, new Date().toISOString(), 'renamed')
  expect(await tell('contact.propertyChange', 2)).toBe(200)
  await eventually(
    () => run('records', 'crm', 'Contact', '--connection', 'acme', '--filter', 'updated'),
    ({ stdout }) => /2 +UPDATED .*renamed/.test(stdout),
  )

  expect((await run('sync', 'pause', 'crm', '--all')).code).toBe(0)
  world.apis.items.delete('3')
  expect((await run('sync', 'run', 'crm', 'contacts', '--connection', 'acme')).code).toBe(0)
  await eventually(
    () => run('sync', 'status', 'crm', 'contacts', '--connection', 'acme'),
    ({ stdout }) => /records +2\n/.test(stdout) && /request +succeeded +1 +0 +0 +1/.test(stdout),
  )
  const [id = ''] = /run_[0-9a-f]{32}/.exec((await run('sync', 'status', 'crm')).stdout) ?? []
  expect((await run('sync', 'status', id)).stdout).toMatch(/sync +crm contacts \(Contact\)[\s\S]*deleted +1/)

  expect(await run('sync', 'run', 'crm', 'contact', '--connection', 'acme')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Did you mean "contacts"?') as unknown,
  })
  expect((await run('records', 'crm', 'Contacts', '--connection', 'acme')).code).toBe(1)
}, 60_000)
