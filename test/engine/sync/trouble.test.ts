/** What providers do wrong, and what becomes of a run then: a clear cause, a consistent cache, the app told, the schedule going on. */
import { describe, expect, test } from 'vitest'
import type { SyncDeclaration } from '../../../src/domain/provider-spec.gen.ts'
import type { ProviderApis } from '../../support/provider-apis.ts'
import { CONTACTS, startSyncing, until } from './syncing.ts'

const HOUR = 3_600_000
const ITEMS: SyncDeclaration = {
  ...CONTACTS,
  records: { list: 'response.body.results', map: '{ "id": item.id, "name": item.properties.firstname }' },
  checkpoint: {},
}
const LIST = { get: '{url}/crm/v3/objects/contacts', query: { limit: 3 } }

describe('passing trouble', () => {
  const passing: { name: string; faults: Parameters<ProviderApis['failNext']> }[] = [
    { name: 'a server error', faults: [{ status: 503 }, { status: 500 }] },
    { name: 'a connection that is cut', faults: ['reset', 'reset'] },
    { name: 'too many calls, with Retry-After', faults: [{ status: 429, headers: { 'retry-after': '2' } }] },
    { name: 'too many calls, without a word', faults: [{ status: 429 }] },
  ]
  for (const { name, faults } of passing) {
    test(`outlasts ${name}`, async () => {
      const syncing = await startSyncing({
        syncs: { contacts: CONTACTS },
        setUp: (apis) => {
          apis.fill(4)
          apis.failNext(...faults)
        },
      })
      const [run] = await syncing.untilEnded(1)
      expect(run).toMatchObject({ state: 'succeeded', counters: { added: 4, pages: 2, requests: 2 + faults.length } })
    })
  }

  test('waits in the store, and not in memory, when the provider asks for an hour', async () => {
    const syncing = await startSyncing({
      syncs: { contacts: CONTACTS },
      setUp: (apis) => {
        apis.fill(7)
        apis.beforeAnswer(({ count }) => {
          if (count === 2) apis.failNext({ status: 429, headers: { 'retry-after': '3600' } })
        })
      },
    })
    await until(async () => (await syncing.runs())[0]?.state === 'waiting')
    expect((await syncing.runs())[0]).toMatchObject({ reason: expect.stringContaining('429') as string })
    syncing.clock.advance(HOUR / 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(syncing.apis.requests).toHaveLength(2)
    syncing.clock.advance(HOUR / 2)
    const [run] = await syncing.untilEnded(1)
    expect(run).toMatchObject({ state: 'succeeded', resumptions: 1, counters: { added: 7, pages: 3 } })
  })

  test('takes a used up limit for what the declaration says it is, such as a 403', async () => {
    const syncing = await startSyncing({
      syncs: {
        contacts: {
          ...CONTACTS,
          rate_limit: {
            remaining: 'X-RateLimit-Remaining',
            reset: 'X-RateLimit-Reset',
            unit: 'epoch_seconds',
            statuses: [403],
          },
        },
      },
      setUp: (apis) => {
        apis.fill(2)
        const reset = String(Date.UTC(2026, 2, 2, 11) / 1_000)
        apis.failNext({ status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset } })
      },
    })
    await until(async () => (await syncing.runs())[0]?.state === 'waiting')
    expect((await syncing.runs())[0]).toMatchObject({ until: Date.UTC(2026, 2, 2, 11) })
    syncing.clock.advance(HOUR)
    expect((await syncing.untilEnded(1))[0]).toMatchObject({ state: 'succeeded' })
  })

  test('keeps to the declared rate of a connection', async () => {
    const syncing = await startSyncing({
      syncs: { contacts: { ...CONTACTS, rate: '1/10s' } },
      setUp: (apis) => apis.fill(7),
    })
    const [run] = await syncing.untilEnded(1)
    expect(run?.state).toBe('succeeded')
    expect(run!.state === 'succeeded' ? run!.finishedAt - run!.startedAt : 0).toBeGreaterThanOrEqual(20_000)
  })
})

describe('lasting trouble', () => {
  const bad: {
    name: string
    declaration?: Partial<SyncDeclaration>
    setUp: (apis: ProviderApis) => void
    code: string
    /** Part of what people read. */
    says?: string
  }[] = [
    {
      name: 'an HTML page instead of JSON',
      setUp: (apis) =>
        apis.failNext({
          status: 200,
          headers: { 'content-type': 'text/html' },
          body: '<html>Log in good-token</html>',
        }),
      code: 'answer_not_json',
      says: 'HTML',
    },
    {
      name: 'a page that never ends, always the same',
      declaration: { pages: { next: '$string(page.items)', into: 'query.x' } },
      setUp: (apis) => apis.fill(3),
      code: 'pages_loop',
    },
    {
      name: 'a cursor that leads back',
      declaration: { request: LIST, pages: { next: "'same'", into: 'query.x' } },
      setUp: (apis) => {
        apis.fill(3)
        let at = 0
        apis.beforeAnswer(() => apis.put(1, '2026-01-01T00:00:00Z', `always other ${(at += 1)}`))
      },
      code: 'pages_loop',
    },
    {
      name: 'more pages than there may be',
      declaration: { request: LIST, pages: { next: 'response.body.paging.next.after', into: 'query.after', max: 2 } },
      setUp: (apis) => apis.fill(20),
      code: 'pages_endless',
    },
    {
      name: 'a next URL of somebody else',
      declaration: { request: LIST, pages: { next: "'https://evil.example/steal'", into: 'url' } },
      setUp: (apis) => apis.fill(2),
      code: 'page_foreign',
      says: 'evil.example',
    },
    {
      name: 'no item with an id',
      declaration: { records: { list: 'response.body.results', id: 'item.uuid' } },
      setUp: (apis) => apis.fill(2),
      code: 'records_unusable',
      says: 'no id',
    },
    {
      name: 'a map that yields nothing',
      declaration: { records: { list: 'response.body.results', map: 'item.nothing' } },
      setUp: (apis) => apis.fill(2),
      code: 'records_unusable',
      says: 'the map gives nothing',
    },
    {
      name: 'an expression that fails',
      declaration: { records: '$sum(response.body.results.id)' },
      setUp: (apis) => apis.fill(2),
      code: 'expression_failed',
    },
    {
      name: 'a status that says no',
      setUp: (apis) => apis.failNext({ status: 422, body: '{"message":"no such filter"}' }),
      code: 'answer_status',
      says: '422',
    },
    {
      name: 'a redirect, which is not followed',
      setUp: (apis) => apis.failNext({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
      code: 'answer_status',
    },
    {
      name: 'a connection without what the URL needs',
      declaration: { request: { get: 'https://{connection.connection_config.subdomain}.example.com/contacts' } },
      setUp: () => undefined,
      code: 'request_invalid',
    },
    {
      name: 'a host made up in the connection',
      declaration: { request: { get: 'https://api.{"evil.example/"}.example.com/contacts' } },
      setUp: () => undefined,
      code: 'request_invalid',
    },
    {
      name: 'an address that may not be reached',
      declaration: { request: { get: 'http://169.254.169.254/latest/meta-data' } },
      setUp: () => undefined,
      code: 'blocked_address',
    },
    {
      name: 'a server that stays away',
      setUp: (apis) => apis.failNext('reset', 'reset', 'reset'),
      code: 'request_failed',
    },
    {
      name: 'an API that never answers',
      declaration: { request: { get: '{url}/crm/v3/objects/contacts', timeout: '30ms' } },
      setUp: (apis) => apis.failNext('hang', 'hang', 'hang'),
      code: 'request_timeout',
    },
  ]
  for (const { name, declaration, setUp, code, says } of bad) {
    test(`fails with ${code} for ${name}, tells the app, and the schedule goes on`, async () => {
      const syncing = await startSyncing({ syncs: { contacts: { ...ITEMS, ...declaration } }, setUp })
      const [run] = await syncing.untilEnded(1)
      expect(run).toMatchObject({ state: 'failed', failure: { code } })
      expect(JSON.stringify(run)).not.toContain('good-token')
      if (says !== undefined) expect(JSON.stringify(run)).toContain(says)
      expect(syncing.told()).toMatchObject([
        { type: 'sync', success: false, syncName: 'contacts', error: { type: code } },
      ])
      const { apis } = syncing
      const [status] = await syncing.engine.control.status({
        integration: run!.key.integration,
        connectionId: null,
        syncs: null,
      })
      expect(status!.nextDueAt).toBeGreaterThan(syncing.clock.now())
      expect(status!.checkpoint).toEqual({})
      apis.items.clear()
    })
  }

  test('skips the item without id and the one that is too large, and keeps the others', async () => {
    const results = [
      { id: '1', properties: { firstname: 'a' } },
      { properties: { firstname: 'b' } },
      { id: '3', properties: { firstname: 'x'.repeat(10 * 1_048_576) } },
      { id: '4', properties: { firstname: 'd' } },
    ]
    const syncing = await startSyncing({
      syncs: { contacts: ITEMS },
      setUp: (apis) => apis.failNext({ status: 200, body: JSON.stringify({ results }) }),
    })
    const [run] = await syncing.untilEnded(1)
    expect(run).toMatchObject({ state: 'succeeded', counters: { added: 2, skipped: 2 } })
    expect(run?.notes).toEqual([
      'item 2 was skipped: it has no id',
      expect.stringMatching(/^item 3 was skipped: 3 has 10\d+ bytes/) as string,
    ])
  })

  test('skips what does not fit the schema of the model', async () => {
    const schema = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } }
    const syncing = await startSyncing({
      syncs: { contacts: { ...ITEMS, schema } },
      setUp: (apis) =>
        apis.failNext({ status: 200, body: '{"results":[{"id":1,"properties":{"firstname":"a"}},{"id":2}]}' }),
    })
    const [run] = await syncing.untilEnded(1)
    expect(run).toMatchObject({ counters: { added: 1, skipped: 1 } })
    expect(run?.notes[0]).toContain('name')
  })

  test('keeps an id beyond 2^53 with its exact digits', async () => {
    const syncing = await startSyncing({
      syncs: { contacts: ITEMS },
      setUp: (apis) => apis.failNext({ status: 200, body: '{"results":[{"id":9007199254740993,"properties":{}}]}' }),
    })
    await syncing.untilEnded(1)
    expect((await syncing.records()).map(({ id }) => id)).toEqual(['9007199254740993'])
  })
})

describe('credentials', () => {
  const oauth: SyncDeclaration = { ...CONTACTS, auth: { oauth2: { token_url: '{url}/oauth/token' } } }

  test('refreshes a token that the provider refuses, and stores the new one sealed', async () => {
    const syncing = await startSyncing({
      syncs: { contacts: oauth },
      credentials: { type: 'OAUTH2', access_token: 'stale-token', refresh_token: 'refresh-1' },
      setUp: (apis) => apis.fill(2),
    })
    expect((await syncing.untilEnded(1))[0]).toMatchObject({ state: 'succeeded', counters: { added: 2 } })
    expect(syncing.credentials()).toMatchObject({
      type: 'OAUTH2',
      access_token: 'issued-token-1',
      refresh_token: 'refresh-2',
    })
  })

  test('refreshes once before it expires, however many runs wait for it', async () => {
    const expires_at = new Date(Date.UTC(2026, 2, 2, 10, 1, 30)).toISOString()
    const syncing = await startSyncing({
      syncs: { contacts: oauth, people: { ...oauth, model: 'Person' }, leads: { ...oauth, model: 'Lead' } },
      credentials: { access_token: 'good-token', refresh_token: 'refresh-1', expires_at },
      setUp: (apis) => apis.fill(2),
    })
    const runs = await syncing.untilEnded(3)
    expect(runs.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(syncing.apis.requests.filter(({ url }) => url === '/oauth/token')).toHaveLength(1)
  })

  test('gets a token with the credentials of the client where there is no refresh token', async () => {
    const syncing = await startSyncing({
      syncs: { contacts: oauth },
      credentials: { type: 'OAUTH2_CC', client_id: 'the-client', client_secret: 'the-secret' },
      setUp: (apis) => apis.fill(2),
    })
    expect((await syncing.untilEnded(1))[0]).toMatchObject({ state: 'succeeded' })
    expect(syncing.apis.requests[0]).toMatchObject({ url: '/oauth/token', body: 'grant_type=client_credentials' })
  })

  const dead: { name: string; declaration: SyncDeclaration; credentials: Record<string, string>; code: string }[] = [
    {
      name: 'a refresh token that is dead',
      declaration: oauth,
      credentials: { access_token: 'stale-token', refresh_token: 'revoked-token' },
      code: 'credentials_refused',
    },
    {
      name: 'a key that is refused',
      declaration: CONTACTS,
      credentials: { access_token: 'stale-token' },
      code: 'credentials_refused',
    },
    { name: 'no credentials', declaration: CONTACTS, credentials: {}, code: 'credentials_missing' },
  ]
  for (const { name, declaration, credentials, code } of dead) {
    test(`fails with ${code} for ${name}, says what to do, and shows no secret`, async () => {
      const syncing = await startSyncing({ syncs: { contacts: declaration }, credentials })
      const [run] = await syncing.untilEnded(1)
      expect(run).toMatchObject({ state: 'failed', failure: { code } })
      expect(run?.state === 'failed' && run.failure.hint).toBeTruthy()
      const shown = JSON.stringify([run, syncing.journal, syncing.told()])
      for (const secret of [...Object.values(credentials), 'the-secret']) expect(shown).not.toContain(secret)
    })
  }
})
