import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import type { Verification } from '../../src/domain/verification.ts'
import type { ConnectionSecretQuery } from '../../src/verify/verifier.ts'
import { hmac } from './awkward/case.ts'
import {
  connectionSecretsFrom,
  contextOf,
  type GivenConnection,
  inbound,
  sign,
  verifierOf,
  verify,
  withHeaders,
} from './verifying.ts'

const field = 'metadata.webhook_id'
const signed: Alternative = {
  scheme: 'hmac-sha256',
  secret: 'webhook_secret',
  connection: { field, equals: 'body.webhook' },
  signature: { header: 'x-signature' },
  signed: '{body}',
  does_not_cover: ['time'],
}
const connections: readonly GivenConnection[] = [
  { id: 'acme', identifiers: { [field]: 'w-1' }, secrets: { webhook_secret: ['new', 'old'] } },
  { id: 'globex', identifiers: { [field]: 'w-2' }, secrets: { webhook_secret: 'theirs' } },
  { id: 'twin-1', identifiers: { [field]: 'w-3' }, secrets: { webhook_secret: 'shared' } },
  { id: 'twin-2', identifiers: { [field]: 'w-3' }, secrets: { webhook_secret: 'shared' } },
  { id: 'bare', identifiers: { [field]: 'w-4' }, secrets: {} },
]
const from = (webhook: unknown, key: string): ReturnType<typeof inbound> => {
  const body = JSON.stringify({ webhook })
  return inbound({ headers: { 'x-signature': hmac('sha256', key, body) }, body })
}
const ownersOf = (result: Verification): unknown => (result.kind === 'accepted' ? result.connections : result.code)

describe('a secret that a connection has for itself', () => {
  for (const { name, request, owners } of [
    { name: 'its current one', request: from('w-1', 'new'), owners: ['acme'] },
    { name: 'an older one that is still live', request: from('w-1', 'old'), owners: ['acme'] },
    { name: 'one that two connections share', request: from('w-3', 'shared'), owners: ['twin-1', 'twin-2'] },
    { name: 'one of several that are hinted at', request: from(['w-1', 'w-2'], 'theirs'), owners: ['globex'] },
  ]) {
    test(`makes the request its own: ${name}`, async () => {
      const result = await verify(signed, request, { connections })
      expect(ownersOf(result)).toMatchObject({ field, ids: owners })
    })
  }

  for (const { name, request } of [
    { name: 'the secret of another connection', request: from('w-1', 'theirs') },
    { name: 'an unknown connection', request: from('w-9', 'new') },
    { name: 'a connection without a secret', request: from('w-4', '') },
    { name: 'no hint', request: from(undefined, 'new') },
    { name: 'an empty hint', request: from('', 'new') },
    { name: 'a hint that is an object', request: from({ a: 1 }, 'new') },
  ]) {
    test(`is refused like any wrong signature: ${name}`, async () => {
      const result = await verify(signed, request, { connections })
      expect(['signature_mismatch', 'signature_malformed']).toContain(ownersOf(result))
    })
  }

  test('a request without signature is one without signature, whatever it hints at', async () => {
    expect(ownersOf(await verify(signed, inbound({ body: '{"webhook":"w-1"}' }), { connections }))).toBe(
      'signature_missing',
    )
  })

  test('the integration’s own secret does for requests of nobody in particular', async () => {
    const given = { connections, secrets: { webhook_secret: 'common' } }
    const result = await verify(signed, from('w-9', 'common'), given)
    expect(result).toMatchObject({ kind: 'accepted' })
    expect(ownersOf(result)).toBeUndefined()
    expect(ownersOf(await verify(signed, from('w-1', 'common'), given))).toBe('signature_mismatch')
  })

  test('without connections the integration’s secret is the only one', async () => {
    expect((await verify(signed, from('w-1', 'common'), { secrets: { webhook_secret: 'common' } })).kind).toBe(
      'accepted',
    )
    expect(ownersOf(await verify(signed, from('w-1', 'common'), {}))).toBe('secret_missing')
  })

  test('nothing beyond the hint is looked up, and no more than a hundred values of it', async () => {
    const asked: ConnectionSecretQuery[] = []
    const context = contextOf(from(['w-1', 'w-1', ...Array.from({ length: 300 }, (_, at) => `x${at}`)], 'new'), {
      connections,
    })
    const found = connectionSecretsFrom(connections)
    const watched = { find: (query: ConnectionSecretQuery) => (asked.push(query), found.find(query)) }
    expect((await verifierOf(signed).verify({ ...context, connectionSecrets: watched })).kind).toBe('accepted')
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ field, name: 'webhook_secret' })
    expect(asked[0]!.values).toHaveLength(100)
  })

  test('the signer takes the secret of the connection that the request hints at', async () => {
    const request = await sign(signed, inbound({ body: '{"webhook":"w-2"}' }), { connections })
    expect(request.headers.get('x-signature')).toBe(hmac('sha256', 'theirs', '{"webhook":"w-2"}'))
  })
})

describe('no way around it', () => {
  const open: Alternative = {
    scheme: 'unverified',
    reason: 'Signing is off for this webhook.',
    unless_configured: ['webhook_secret'],
  }

  test('a weaker alternative is out for a connection that has the secret', async () => {
    const without = (webhook: string): ReturnType<typeof inbound> => inbound({ body: JSON.stringify({ webhook }) })
    expect(ownersOf(await verify([signed, open], without('w-1'), { connections }))).toBe('signature_missing')
    expect((await verify([signed, open], without('w-4'), { connections })).kind).toBe('accepted')
  })

  test('every item of a batch is proven by the connection it names', async () => {
    const each: Alternative = {
      scheme: 'token',
      secret: 'webhook_secret',
      each: 'body.value',
      connection: { field, equals: 'item.webhook' },
      signature: { body: 'item.state' },
      does_not_cover: ['body', 'time'],
    }
    const batch = (...items: [webhook: string, state: string][]): ReturnType<typeof inbound> =>
      inbound({ body: JSON.stringify({ value: items.map(([webhook, state]) => ({ webhook, state })) }) })
    expect(ownersOf(await verify(each, batch(['w-1', 'new'], ['w-2', 'theirs']), { connections }))).toEqual({
      field,
      values: ['w-1', 'w-2'],
      ids: ['acme', 'globex'],
    })
    expect(ownersOf(await verify(each, batch(['w-1', 'new'], ['w-2', 'new']), { connections }))).toBe('token_mismatch')
  })

  test('of a token its own claims are the hint, and its secret the proof', async () => {
    const jwt: Alternative = {
      scheme: 'jwt',
      secret: 'webhook_secret',
      algorithms: ['HS256'],
      connection: { field, equals: 'claims.iss' },
      claims: { iss: { expression: 'claims.iss' } },
    }
    const long = connections.map(({ id, identifiers }) => ({
      id,
      identifiers,
      secrets: { webhook_secret: `${id} has a secret of thirty-two bytes` },
    }))
    const claimed = { ...jwt, claims: { iss: 'w-2' } }
    const request = await sign(claimed, inbound({ body: '{}' }), { connections: long })
    expect(ownersOf(await verify(jwt, request, { connections: long }))).toMatchObject({ ids: ['globex'] })
    const stranger = await sign(claimed, inbound({ body: '{}' }), {
      connections: long.filter(({ id }) => id !== 'globex').map((one) => ({ ...one, identifiers: { [field]: 'w-2' } })),
    })
    expect(ownersOf(await verify(jwt, stranger, { connections: long }))).toBe('signature_mismatch')
    const garbage = withHeaders(request, { authorization: 'Bearer a.b.c' })
    expect(ownersOf(await verify(jwt, garbage, { connections: long }))).toBe('signature_mismatch')
  })
})
