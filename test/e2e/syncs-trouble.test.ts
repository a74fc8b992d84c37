/** What a provider may answer instead of a page, on a running gateway: a clear cause, a cache as it was, and an app that is told once. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import type { SyncRun } from '../../src/domain/sync.ts'
import { eventually } from '../support/gateway.ts'
import type { Fault, ProviderApis } from '../support/provider-apis.ts'
import { createSyncWorld, type SyncWorld } from '../support/sync-world.ts'

const CONFIGURATION = `
  crm:
    provider: github
    secrets: { webhook_secret: [a secret that nobody uses here] }
    forward: [app]
    syncs:
      contacts:
        model: Contact
        deletes: missing_on_full_run
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: 100 } }
        pages: { next: response.body.paging.next.after, into: query.after, max: 5 }
        records:
          list: response.body.results
          map: 'item.properties ? { "id": item.id, "name": item.properties.firstname }'
`

const json = (body: object): Fault => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const item = (id: number | string, name = `item ${id}`) => ({ id: String(id), properties: { firstname: name } })
const good = [item(1), item(2), item(3)]

/** An answer that never ends; stops when nobody reads it any more. */
function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const chunk = Buffer.alloc(65_536, '[')
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', write)
  write()
}

interface Failing {
  readonly name: string
  readonly code: string
  readonly message: RegExp
  set(apis: ProviderApis): void
}

const failing: readonly Failing[] = [
  {
    name: 'an HTML page',
    code: 'answer_not_json',
    message: /answered an HTML page/,
    set: (apis) => apis.failNext({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Log in</h1>' }),
  },
  {
    name: 'an answer that never ends',
    code: 'answer_too_large',
    message: /more than \d+ bytes/,
    set: (apis) => apis.failNext(endless),
  },
  {
    name: 'an answer of another shape',
    code: 'records_missing',
    message: /not even an empty list/,
    set: (apis) => apis.failNext(json({ items: good })),
  },
  {
    name: 'items of which none has an id',
    code: 'records_unusable',
    message: /it has no id/,
    set: (apis) => apis.failNext(json({ results: good.map(({ properties }) => ({ properties })) })),
  },
  {
    name: 'a map that gives nothing for any item',
    code: 'records_unusable',
    message: /the map gives nothing for 1/,
    set: (apis) => apis.failNext(json({ results: good.map(({ id }) => ({ id })) })),
  },
  {
    name: 'pages in a circle',
    code: 'pages_loop',
    message: /asked for twice/,
    set: (apis) =>
      apis.failNext(
        json({ results: good.slice(0, 1), paging: { next: { after: 'again' } } }),
        json({ results: good.slice(1), paging: { next: { after: 'again' } } }),
      ),
  },
  {
    name: 'pages without an end',
    code: 'pages_endless',
    message: /more than 5 pages/,
    set: (apis) =>
      apis.failNext(
        ...[1, 2, 3, 4, 5].map((page) =>
          json({ results: [item(page % 4)], paging: { next: { after: `page ${page}` } } }),
        ),
      ),
  },
  {
    name: 'credentials that are good no more',
    code: 'credentials_refused',
    message: /refuses the credentials of acme/,
    set: (apis) => apis.tokens.clear(),
  },
]

async function trigger(world: SyncWorld): Promise<SyncRun> {
  const before = (await world.runs()).length
  const body = { provider_config_key: 'crm', connection_id: 'acme', syncs: ['contacts'], opts: { reset: true } }
  const answer = await world.api('/sync/trigger', { method: 'POST', body: JSON.stringify(body) })
  expect(answer.status).toBe(200)
  return (await world.untilEnded(before + 1))[0]!
}

test('fails with a clear cause, keeps the cache, tells the app once for each cause, and goes on', async () => {
  const world = await createSyncWorld()
  world.apis.fill(3)
  world.configure(CONFIGURATION)
  const gateway = await world.start()
  await world.connect()
  await world.untilEnded(1)
  await eventually(world.told, (told) => told.length === 1)
  const live = async () =>
    (await world.records()).filter(({ action }) => action !== 'DELETED').map(({ payload }) => payload['name'] as string)

  for (const { name, code, message, set } of failing) {
    set(world.apis)
    const run = await trigger(world)
    expect(run, name).toMatchObject({
      state: 'failed',
      failure: { code, message: expect.stringMatching(message) as string },
    })
    expect((await live()).filter((seen) => seen !== 'item 0').sort(), name).toEqual(['item 1', 'item 2', 'item 3'])
    const status = await world.api('/sync/status?provider_config_key=crm&connection_id=acme&syncs=contacts')
    const { syncs } = (await status.json()) as { syncs: { status: string; nextScheduledSyncAt: string | null }[] }
    expect(syncs[0], name).toMatchObject({ status: 'ERROR', nextScheduledSyncAt: expect.any(String) as string })
  }
  const errors = (): unknown[] => world.told().flatMap(({ error }) => (error === undefined ? [] : [error]))
  const codes = failing.map(({ code }) => code)
  const announced = codes.filter((code, at) => code !== codes[at - 1])
  await eventually(errors, (seen) => seen.length === announced.length)

  // The same cause once more is no news; after a success it is.
  await trigger(world)
  world.apis.tokens.add('good-token')
  expect(await trigger(world)).toMatchObject({ state: 'succeeded', counters: { unchanged: 3 } })
  world.apis.tokens.clear()
  await trigger(world)
  const heard = await eventually(errors, (seen) => seen.length === announced.length + 1)
  expect(heard.map((error) => (error as { type: string }).type)).toEqual([...announced, 'credentials_refused'])
  expect(gateway.output()).not.toMatch(/good-token|sync\.faulted/)
})

test('skips what cannot be a record with its reason, saves the rest, and then deletes nothing for being missing', async () => {
  const world = await createSyncWorld()
  world.apis.fill(3)
  world.configure(CONFIGURATION)
  const gateway = await world.start()
  await world.connect()
  await world.untilEnded(1)
  const huge = item(4, 'x'.repeat(10 * 1_048_576))
  world.apis.failNext(json({ results: [{ properties: {} }, { id: '2' }, huge, item(5)] }))
  const run = await trigger(world)
  expect(run).toMatchObject({ state: 'succeeded', counters: { added: 1, deleted: 0, skipped: 3 } })
  expect(run.notes).toEqual([
    expect.stringMatching(/item 1 was skipped: it has no id/),
    expect.stringMatching(/item 2 was skipped: the map gives nothing for 2/),
    expect.stringMatching(/item 3 was skipped: 4 has 1048\d+ bytes, more than/),
  ])
  expect((await world.records()).map(({ id, action }) => `${id} ${action}`)).toEqual([
    '1 ADDED',
    '2 ADDED',
    '3 ADDED',
    '5 ADDED',
  ])
  // The next whole one deletes what is gone.
  expect(await trigger(world)).toMatchObject({ state: 'succeeded', counters: { deleted: 1, unchanged: 3 } })
  expect(await gateway.kill('SIGTERM')).toBe(0)
})
