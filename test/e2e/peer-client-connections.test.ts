/** Connections and the catalog with the peer's published Node client, unchanged, and what becomes of syncs when connections change. */
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { CRM, type PeerGateway, refusalOf, startPeerGateway } from './peer-gateway.ts'

let peer: PeerGateway
beforeAll(async () => {
  peer = await startPeerGateway()
})
afterAll(() => peer.close())

test('listIntegrations and listProviders tell what there is', async () => {
  const { configs } = await peer.client.listIntegrations()
  expect(configs.map(({ unique_key, provider }) => [unique_key, provider])).toEqual([
    [CRM, 'acme-crm'],
    ['other', 'acme-crm'],
  ])
  const { data } = await peer.client.listProviders({ search: 'acme crm' })
  expect(data).toMatchObject([{ name: 'acme-crm', display_name: 'Acme CRM' }])
  expect((await peer.client.listProviders({})).data.length).toBeGreaterThan(20)
})

test('listConnections finds connections, by id, search, integration and page', async () => {
  for (const id of ['list-1', 'list-2', 'list-3']) await peer.connect(id)
  const { client } = peer
  const idsOf = async (asked: ReturnType<typeof client.listConnections>) =>
    (await asked).connections.map(({ connection_id }) => connection_id)
  expect(await idsOf(client.listConnections('list-2'))).toEqual(['list-2'])
  expect(await idsOf(client.listConnections(undefined, 'list-'))).toEqual(['list-3', 'list-2', 'list-1'])
  expect(await idsOf(client.listConnections({ connectionId: 'list-1' }))).toEqual(['list-1'])
  expect(await idsOf(client.listConnections({ integrationId: 'other' }))).toEqual([])
  const both = { integrationId: [CRM, 'other'], limit: 2 }
  expect(await idsOf(client.listConnections(both))).toEqual(['list-3', 'list-2'])
  expect(await idsOf(client.listConnections('', 'list-', { limit: 2, page: 1 } as { limit: number }))).toEqual([
    'list-1',
  ])
})

test('getConnection shows a connection without its credentials', async () => {
  await peer.connect('shown')
  const connection = await peer.client.getConnection(CRM, 'shown')
  expect(connection).toMatchObject({
    connection_id: 'shown',
    provider_config_key: CRM,
    provider: 'acme-crm',
    metadata: { plan: 'gold' },
    credentials: {},
  })
  expect(JSON.stringify(connection)).not.toContain('good-token')
  expect(await refusalOf(peer.client.getConnection(CRM, 'nobody'))).toEqual([404, 'connection_unknown'])
})

test('setMetadata replaces, updateMetadata adds, getMetadata reads', async () => {
  await peer.connect('meta')
  expect(await peer.client.getMetadata(CRM, 'meta')).toEqual({ plan: 'gold' })
  const updated = await peer.client.updateMetadata(CRM, 'meta', { seats: 5 })
  expect(updated.data).toEqual({ metadata: { seats: 5 }, provider_config_key: CRM, connection_id: 'meta' })
  expect(await peer.client.getMetadata(CRM, 'meta')).toEqual({ plan: 'gold', seats: 5 })
  await peer.client.setMetadata(CRM, 'meta', { only: true })
  expect(await peer.client.getMetadata(CRM, 'meta')).toEqual({ only: true })
  expect(await refusalOf(peer.client.setMetadata(CRM, 'nobody', { a: 1 }))).toEqual([404, 'connection_unknown'])
})

const changes: { name: string; change: (connectionId: string, token: string) => Promise<unknown> }[] = [
  {
    name: 'patchConnection of the client',
    // Its types know only the tags; its code sends any body.
    change: (connectionId, token) =>
      peer.client.patchConnection({ connectionId, provider_config_key: CRM }, {
        credentials: { access_token: token },
      } as never),
  },
  {
    name: 'POST /connections again',
    change: (connection_id, token) =>
      peer.gateway.api('/connections', {
        method: 'POST',
        body: JSON.stringify({ connection_id, provider_config_key: CRM, credentials: { access_token: token } }),
      }),
  },
]
test.each(changes)('credentials changed by $name are those of the next run', async ({ name, change }) => {
  const connectionId = name.replaceAll(/\W+/g, '-')
  await peer.connect(connectionId)
  await change(connectionId, `stale-token-${connectionId}`)
  expect(await peer.sync(connectionId)).toMatchObject({ state: 'failed', failure: { code: 'credentials_refused' } })
  peer.apis.tokens.add(`next-token-${connectionId}`)
  await change(connectionId, `next-token-${connectionId}`)
  expect(await peer.sync(connectionId)).toMatchObject({ state: 'succeeded' })
  await eventually(
    () => peer.apis.requests.at(-1)?.headers['authorization'],
    (seen) => seen === `Bearer next-token-${connectionId}`,
  )
})

test('deleteConnection takes its syncs, runs and records along, and leaves those of others', async () => {
  await peer.connect('leaving')
  await peer.connect('staying')
  await peer.client.deleteConnection(CRM, 'leaving')
  const where = { providerConfigKey: CRM, connectionId: 'leaving', model: 'Person' }
  expect(await refusalOf(peer.client.listRecords(where))).toEqual([404, 'connection_unknown'])
  expect(await refusalOf(peer.client.syncStatus(CRM, '*', 'leaving'))).toEqual([404, 'connection_unknown'])
  expect(await refusalOf(peer.client.triggerSync(CRM, ['people'], 'leaving'))).toEqual([404, 'connection_unknown'])
  expect(await refusalOf(peer.client.deleteConnection(CRM, 'leaving'))).toEqual([404, 'connection_unknown'])
  for (const [path, name] of [
    ['syncs', 'syncs'],
    ['sync-runs', 'sync_runs'],
    ['missed-webhooks', 'missed_webhooks'],
  ] as const) {
    const answer = await peer.gateway.api(`/api/v1/${path}?connection_id=leaving`)
    expect(await answer.json()).toEqual({ [name]: [], next_cursor: null })
  }
  // What is left on the disk goes behind the scenes.
  const db = new Database(peer.home.database, { readonly: true })
  const left = db.prepare(
    `SELECT (SELECT count(*) FROM record_sets WHERE connection_id = 'leaving') + (SELECT count(*) FROM records
      WHERE set_seq NOT IN (SELECT seq FROM record_sets)) + (SELECT count(*) FROM sync_runs WHERE connection_id = 'leaving')
      + (SELECT count(*) FROM sync_schedules WHERE connection_id = 'leaving') AS count`,
  )
  await eventually(
    () => (left.get() as { count: number }).count,
    (count) => count === 0,
  )
  db.close()
  expect((await peer.client.listRecords({ ...where, connectionId: 'staying' })).records).toHaveLength(25)
})

test('a connection deleted in the middle of a run, and made again, begins anew', async () => {
  await peer.connect('again')
  const held = peer.apis.holdNext()
  await peer.client.triggerSync(CRM, ['people'], 'again', { reset: true })
  await held.isAsked
  expect((await peer.client.syncStatus(CRM, ['people'], 'again')).syncs).toMatchObject([{ status: 'RUNNING' }])
  await peer.client.deleteConnection(CRM, 'again')
  held.release()
  await peer.connect('again')
  const { records } = await peer.client.listRecords({ providerConfigKey: CRM, connectionId: 'again', model: 'Person' })
  expect(records).toHaveLength(25)
  expect((await peer.runs('again')).map(({ type, state }) => [type, state])).toEqual([['INITIAL', 'succeeded']])
})
