import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdentifierQuery, JsonObject } from '../../../src/domain/connection.ts'
import type { ConnectionId } from '../../../src/domain/ids.ts'
import type { ConnectionInput } from '../../../src/engine/ports.ts'
import { type Given, given, NOW } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function connections(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  const put = (input: ConnectionInput, now = NOW) => opened.store.putConnection(input, now)

  const find = async ({ integration }: Given, field: string, values: readonly string[], limit = 100) => {
    const query: IdentifierQuery = { integration, field, values }
    return (await opened.store.findConnections(query, limit)).map(({ connectionId }) => connectionId)
  }

  test('creates a connection and gives it back', async () => {
    const { connection, connectionId, integration } = given()
    const input = connection({
      connectionConfig: { installation_id: 42, nested: { team: ['a', 'b'] }, flag: true, nothing: null },
      metadata: { plan: 'pro' },
      tags: { owner: 'Müller' },
      webhookUrlOverride: 'https://tenant.example.com/hook',
      credentials: Buffer.from([0, 255, 1]),
    })
    const { credentials: _, ...visible } = input
    const kept = { ...visible, createdAt: NOW, updatedAt: NOW }
    expect(await put(input)).toEqual({ connection: kept, created: true })
    expect(await opened.store.getConnection(integration, connectionId)).toEqual(kept)
  })

  test('replaces the connection of the same integration and id, keeping when it was created', async () => {
    const { connection, connectionId, integration } = given()
    await put(connection({ connectionConfig: { account: 'old' }, tags: { a: '1' } }))
    const replaced = await put(connection({ metadata: { account: 'new' } }), NOW + 5)
    expect(replaced.created).toBe(false)
    expect(await opened.store.getConnection(integration, connectionId)).toMatchObject({
      connectionConfig: {},
      metadata: { account: 'new' },
      tags: {},
      createdAt: NOW,
      updatedAt: NOW + 5,
    })
  })

  test('keeps connections of two integrations apart that have the same id', async () => {
    const [one, other] = [given(), given()]
    const { connectionId } = one
    await put(one.connection({ metadata: { n: 1 } }))
    await put(other.connection({ connectionId, metadata: { n: 2 } }))
    expect(await opened.store.deleteConnection(one.integration, connectionId)).toBe(true)
    expect(await opened.store.getConnection(one.integration, connectionId)).toBeNull()
    expect(await opened.store.getConnection(other.integration, connectionId)).toMatchObject({ metadata: { n: 2 } })
  })

  test('changes the given members and no others', async () => {
    const { connection, connectionId, integration } = given()
    const input = connection({
      connectionConfig: { a: 1 },
      metadata: { b: 2 },
      tags: { c: '3' },
      webhookUrlOverride: 'https://x.example',
    })
    await put(input)
    const changed = await opened.store.changeConnection(integration, connectionId, { metadata: { b: 4 } }, NOW + 9)
    expect(changed).toMatchObject({
      connectionConfig: { a: 1 },
      metadata: { b: 4 },
      tags: { c: '3' },
      webhookUrlOverride: 'https://x.example',
      createdAt: NOW,
      updatedAt: NOW + 9,
    })
    const cleared = { webhookUrlOverride: null, connectionConfig: {}, tags: {}, credentials: null }
    await opened.store.changeConnection(integration, connectionId, cleared, NOW + 10)
    expect(await opened.store.getConnection(integration, connectionId)).toMatchObject({
      connectionConfig: {},
      metadata: { b: 4 },
      tags: {},
      webhookUrlOverride: null,
    })
  })

  test('answers null or false for a connection that is not there', async () => {
    const { connectionId, integration } = given()
    expect(await opened.store.getConnection(integration, connectionId)).toBeNull()
    expect(await opened.store.changeConnection(integration, connectionId, { metadata: {} }, NOW)).toBeNull()
    expect(await opened.store.deleteConnection(integration, connectionId)).toBe(false)
  })

  const findable: {
    name: string
    config?: JsonObject
    metadata?: JsonObject
    tags?: Record<string, string>
    field: string
    value: string
  }[] = [
    {
      name: 'a text of its configuration',
      config: { account: 'acme' },
      field: 'connection_config.account',
      value: 'acme',
    },
    { name: 'a number', config: { installation_id: 42 }, field: 'connection_config.installation_id', value: '42' },
    {
      name: 'the exact digits of an id beyond 2^53',
      config: { id: '12345678901234567890' },
      field: 'connection_config.id',
      value: '12345678901234567890',
    },
    { name: 'a nested member', metadata: { team: { id: 'T1' } }, field: 'metadata.team.id', value: 'T1' },
    { name: 'any item of a list', metadata: { uris: ['u1', 'u2', 'u3'] }, field: 'metadata.uris', value: 'u2' },
    { name: 'a tag', tags: { tenant: 'blue' }, field: 'tags.tenant', value: 'blue' },
  ]
  for (const { name, config, metadata, tags, field, value } of findable) {
    test(`is found by ${name}, and by nothing near it`, async () => {
      const place = given()
      await put(place.connection({ connectionConfig: config ?? {}, metadata: metadata ?? {}, tags: tags ?? {} }))
      expect(await find(place, field, [value])).toEqual([place.connectionId])
      expect(await find(place, field, [`${value} `])).toEqual([])
      expect(await find(place, field, [value.slice(0, -1)])).toEqual([])
      expect(await find(place, `${field}.more`, [value])).toEqual([])
      expect(await find(given(), field, [value])).toEqual([])
    })
  }

  test('is found by its own id', async () => {
    const place = given()
    await put(place.connection())
    expect(await find(place, 'connection_id', [place.connectionId])).toEqual([place.connectionId])
  })

  test('are found by any of the values, once each, in order of their ids and up to the limit', async () => {
    const place = given()
    for (const connectionId of ['c', 'a', 'b', 'd'] as ConnectionId[]) {
      const metadata = { teams: [`team-${connectionId}`, 'shared'] }
      await put(place.connection({ connectionId, metadata }))
    }
    expect(await find(place, 'metadata.teams', ['shared'])).toEqual(['a', 'b', 'c', 'd'])
    expect(await find(place, 'metadata.teams', ['shared'], 2)).toEqual(['a', 'b'])
    expect(await find(place, 'metadata.teams', ['team-d', 'none', 'team-b'])).toEqual(['b', 'd'])
    expect(await find(place, 'metadata.teams', ['shared', 'team-a', 'team-b'])).toEqual(['a', 'b', 'c', 'd'])
    expect(await find(place, 'metadata.teams', ['team-d', 'team-c', 'team-b'], 2)).toEqual(['b', 'c'])
    expect(await find(place, 'metadata.teams', [])).toEqual([])
  })

  test('tell where their forwards go instead', async () => {
    const place = given()
    await put(place.connection({ webhookUrlOverride: 'https://tenant.example.com/hook' }))
    const query = { integration: place.integration, field: 'connection_id', values: [place.connectionId] }
    expect(await opened.store.findConnections(query, 1)).toEqual([
      { connectionId: place.connectionId, webhookUrlOverride: 'https://tenant.example.com/hook' },
    ])
  })

  test('are not found any more by what was replaced, changed or deleted', async () => {
    const place = given()
    const { connectionId, integration } = place
    await put(place.connection({ metadata: { account: 'first' } }))
    await put(place.connection({ metadata: { account: 'second' } }))
    expect(await find(place, 'metadata.account', ['first'])).toEqual([])
    await opened.store.changeConnection(integration, connectionId, { metadata: { account: 'third' } }, NOW)
    expect(await find(place, 'metadata.account', ['second'])).toEqual([])
    expect(await find(place, 'metadata.account', ['third'])).toEqual([connectionId])
    await opened.store.deleteConnection(integration, connectionId)
    expect(await find(place, 'metadata.account', ['third'])).toEqual([])
  })

  test('are listed newest first, in pages without gaps or repetitions', async () => {
    const place = given()
    const ids = Array.from({ length: 7 }, (_, at) => `page-${at}` as ConnectionId)
    for (const [at, connectionId] of ids.entries()) await put(place.connection({ connectionId }), NOW + at)
    const seen: string[] = []
    let after: string | null = null
    do {
      const page = await opened.store.listConnections({ integration: place.integration }, { limit: 3, after })
      expect(page.items.length).toBeLessThanOrEqual(3)
      seen.push(...page.items.map(({ connectionId }) => connectionId))
      after = page.nextCursor
    } while (after !== null)
    expect(seen).toEqual(ids.toReversed())
  })

  test('are listed by integration, id and text', async () => {
    const [one, other] = [given(), given()]
    const shared = `Shared-${one.connectionId}` as ConnectionId
    await put(one.connection({ connectionId: shared }))
    await put(other.connection({ connectionId: shared, tags: { owner: `Zoë of ${shared}` } }))
    const list = async (filter: Parameters<OpenedStore['store']['listConnections']>[0]) => {
      const { items } = await opened.store.listConnections(filter, { limit: 10, after: null })
      return items.map(({ integration }) => integration)
    }
    expect(await list({ connectionId: shared })).toEqual([other.integration, one.integration])
    expect(await list({ connectionId: shared, integration: one.integration })).toEqual([one.integration])
    expect(await list({ search: shared.toUpperCase() })).toEqual([other.integration, one.integration])
    expect(await list({ search: `ZOË OF ${shared}` })).toEqual([other.integration])
    expect(await list({ search: 'no such text' })).toEqual([])
  })

  test('survive a restart', async () => {
    const place = given()
    await put(place.connection({ metadata: { account: 'kept' } }))
    opened = await opened.reopen()
    expect(await find(place, 'metadata.account', ['kept'])).toEqual([place.connectionId])
  })
}
