import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { createKeyRing } from '../../src/verify/key-ring.ts'
import { hasSignature } from '../../src/verify/signer.ts'
import { inbound, NOW, type RequestParts, sign, type Surroundings, verify } from './verifying.ts'

const secrets = { secret: 'a signing secret', user: 'hook', password: 'open sesame' }
const seconds = String(NOW / 1_000)

interface Signing {
  readonly name: string
  readonly alternative: Alternative
  readonly request?: RequestParts
  readonly options?: Readonly<Record<string, string>>
  readonly sees?: (signed: { headers: Record<string, string>; url: string; body: string }) => void
}

const signings: readonly Signing[] = [
  {
    name: 'sets a header with its prefix and the timestamp beside it',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Sig', prefix: 'v0=' },
      signed: 'v0:{timestamp}:{body}',
      timestamp: { header: 'X-Time', unit: 's' },
    },
    sees: ({ headers }) => {
      expect(headers['x-sig']).toMatch(/^v0=[0-9a-f]{64}$/)
      expect(headers['x-time']).toBe(seconds)
    },
  },
  {
    name: 'keeps a timestamp that is there already',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Sig' },
      signed: '{timestamp}{body}',
      timestamp: { header: 'X-Time', unit: 'iso8601' },
    },
    request: { headers: { 'x-time': '2026-03-02T11:00:00+01:00' } },
    sees: ({ headers }) => expect(headers['x-time']).toBe('2026-03-02T11:00:00+01:00'),
  },
  {
    name: 'writes a composite value',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Sig', format: 't={timestamp},v1={signature}' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 's' },
    },
    sees: ({ headers }) => expect(headers['x-sig']).toMatch(new RegExp(`^t=${seconds},v1=[0-9a-f]{64}$`)),
  },
  {
    name: 'writes an HTTP date',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Sig' },
      signed: '{timestamp}{body}',
      timestamp: { header: 'Date', unit: 'http_date' },
    },
    sees: ({ headers }) => expect(headers['date']).toBe('Mon, 02 Mar 2026 10:00:00 GMT'),
  },
  {
    name: 'sets a query parameter, which is not part of what it signs',
    alternative: {
      scheme: 'hmac-sha512',
      secret: 'secret',
      signature: { query: 'sig', encoding: 'base64' },
      signed: '{body}',
    },
    request: { url: 'https://a.example/x?y=%20z' },
    sees: ({ url }) => expect(url).toMatch(/^https:\/\/a\.example\/x\?y=%20z&sig=[\w%]+$/),
  },
  {
    name: 'adds the digest of the body to the URL before it signs the URL',
    alternative: {
      scheme: 'hmac-sha1',
      secret: 'secret',
      signature: { header: 'X-Sig', encoding: 'base64' },
      signed: '{url}',
      body_hash: { query: 'bodySHA256', digest: 'sha256', encoding: 'hex' },
    },
    request: { url: 'https://a.example/x', body: '{}' },
    sees: ({ url }) =>
      expect(url).toBe(
        'https://a.example/x?bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      ),
  },
  {
    name: 'signs the URL with its escapes decoded',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Sig' },
      signed: '{method}{url}{body}',
      url: { unescape: ':/' },
    },
    request: { method: 'GET', url: 'https://a.example/x?u=http%3A%2F%2Fb' },
  },
  {
    name: 'sets a form field',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { form: 'signature' },
      signed: '{timestamp}',
      timestamp: { form: 'timestamp', unit: 's' },
    },
    request: { body: 'a=%2B+b' },
    sees: ({ body }) => expect(body).toMatch(new RegExp(`^a=%2B\\+b&timestamp=${seconds}&signature=[0-9a-f]{64}$`)),
  },
  {
    name: 'sets a member of the body',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { body: 'body.signature.value' },
      signed: '{timestamp}',
      timestamp: { body: 'body.signature.time', unit: 'ms' },
    },
    request: { body: '{"a":1}' },
    sees: ({ body }) => expect(JSON.parse(body)).toEqual({ a: 1, signature: { time: NOW, value: expect.any(String) } }),
  },
  {
    name: 'signs with a digest',
    alternative: {
      scheme: 'digest-sha256',
      secret: 'secret',
      signature: { header: 'X-Sig' },
      signed: '{secret}{method}{url}{body}',
    },
  },
  {
    name: 'signs the sorted form',
    alternative: {
      scheme: 'hmac-sha1',
      secret: 'secret',
      signature: { header: 'X-Sig' },
      signed: '{url}{sorted_form}',
      url: { port: 'either' },
    },
    request: { body: 'b=2&a=1' },
  },
  {
    name: 'sets a token with its prefix',
    alternative: { scheme: 'token', secret: 'secret', signature: { header: 'Authorization', prefix: 'Bearer ' } },
    sees: ({ headers }) => expect(headers['authorization']).toBe('Bearer a signing secret'),
  },
  {
    name: 'sets the token of every item of a batch',
    alternative: { scheme: 'token', secret: 'secret', each: 'body.value', signature: { body: 'item.clientState' } },
    request: { body: '{"value":[{"id":1},{"id":2}]}' },
    sees: ({ body }) =>
      expect(body).toBe(
        '{"value":[{"id":1,"clientState":"a signing secret"},{"id":2,"clientState":"a signing secret"}]}',
      ),
  },
  { name: 'sets basic credentials', alternative: { scheme: 'basic', username: 'user', password: 'password' } },
  {
    name: 'makes a token that says what the claims want',
    alternative: {
      scheme: 'jwt',
      jwks: 'https://keys.example.com/jwks',
      algorithms: ['RS256'],
      claims: {
        iss: ['acme', 'other'],
        aud: { expression: 'options.audience' },
        email_verified: true,
        iat: { expression: 'claims.iat' },
      },
      body_hash: { claim: 'sha256', digest: 'sha256', encoding: 'base64url' },
    },
    options: { audience: 'our-app' },
  },
  {
    name: 'makes a token with a pinned key',
    alternative: { scheme: 'jwt', public_key: 'pinned', key: { encoding: 'der' }, algorithms: ['ES384'] },
  },
  {
    name: 'makes a token with the key of a secret',
    alternative: { scheme: 'jwt', secret: 'public_key', key: { encoding: 'hex' }, algorithms: ['EdDSA'] },
  },
  {
    name: 'signs with the ring’s key in place of a pinned one',
    alternative: {
      scheme: 'ed25519',
      public_key: 'pinned',
      key: { encoding: 'base64', strip_prefix: 'whpk_' },
      signature: { header: 'X-Sig' },
      signed: '{body}',
    },
  },
]

for (const { name, alternative, request = { body: '{}' }, options = {}, sees } of signings) {
  test(name, async () => {
    const given: Surroundings = { secrets, options, keyRing: createKeyRing([alternative]) }
    const bare = inbound(request)
    expect(hasSignature([alternative], bare)).toBe(false)
    const signed = await sign(alternative, bare, given)
    sees?.({ headers: signed.headers.toRecord(), url: signed.url, body: Buffer.from(signed.rawBody).toString() })
    expect(await verify(alternative, signed, given)).toMatchObject({ kind: 'accepted' })
    expect(hasSignature([alternative], signed)).toBe(true)
  })
}

describe('the alternative that signs', () => {
  const open: Alternative = { scheme: 'unverified', reason: 'nothing is signed here' }
  const header = (name: string): Alternative => ({
    name,
    scheme: 'hmac-sha256',
    secret: name,
    signature: { header: name },
    signed: '{body}',
  })
  const alternatives: Alternative[] = [
    open,
    { ...header('first'), when: 'headers.version' },
    header('second'),
    header('third'),
  ]
  const signers = async (request: RequestParts, given: Surroundings & { alternative?: string }): Promise<string[]> =>
    Object.keys((await sign(alternatives, inbound(request), given)).headers.toRecord())

  test('is the first that applies, is configured and proves something', async () => {
    const all = { first: 'a', second: 'b', third: 'c' }
    expect(await signers({ headers: { version: '1' } }, { secrets: all })).toEqual(['version', 'first'])
    expect(await signers({}, { secrets: all })).toEqual(['second'])
    expect(await signers({}, { secrets: { third: 'c' } })).toEqual(['third'])
  })
  test('is the one that is named, even when its condition does not hold yet', async () => {
    expect(await signers({}, { secrets: { first: 'a', third: 'c' }, alternative: 'third' })).toEqual(['third'])
    expect(await signers({}, { secrets: { first: 'a' }, alternative: 'first' })).toEqual(['first'])
    expect(await signers({}, { alternative: 'unverified' })).toEqual([])
  })
  test('takes the first of several live secrets', async () => {
    const signed = await sign(header('second'), inbound({}), { secrets: { second: ['new', 'old'] } })
    expect(await verify(header('second'), signed, { secrets: { second: 'new' } })).toMatchObject({ kind: 'accepted' })
  })
})

describe('what cannot be signed says why', () => {
  const hmac: Alternative = {
    scheme: 'hmac-sha256',
    secret: 'secret',
    signature: { header: 'X-Sig' },
    signed: '{body}',
  }
  const cases: {
    name: string
    alternative: Alternative
    request?: RequestParts
    by?: Surroundings & { alternative?: string }
    says: RegExp
  }[] = [
    { name: 'without a secret', alternative: hmac, by: {}, says: /no alternative applies/ },
    {
      name: 'an alternative that is not there',
      alternative: hmac,
      by: { alternative: 'x', secrets },
      says: /no alternative "x"/,
    },
    {
      name: 'a header that is signed but missing',
      alternative: { ...hmac, signed: '{header:x-id}' },
      says: /header x-id/,
    },
    { name: 'a computed place', alternative: { ...hmac, signature: { body: '$lookup(body, "a")' } }, says: /computed/ },
    {
      name: 'a body that is no JSON',
      alternative: { ...hmac, signature: { body: 'body.sig' } },
      request: { body: 'x' },
      says: /not JSON/,
    },
    {
      name: 'a body that is a list',
      alternative: { ...hmac, signature: { body: 'body.sig' } },
      request: { body: '[]' },
      says: /no object/,
    },
    {
      name: 'a batch that is none',
      alternative: { scheme: 'token', secret: 'secret', each: 'body.value', signature: { body: 'item.t' } },
      request: { body: '{}' },
      says: /no array body\.value/,
    },
    {
      name: 'a public-key scheme without a ring',
      alternative: { scheme: 'ed25519', secret: 'secret', signature: { header: 'x' } },
      says: /no key to sign with/,
    },
    { name: 'an invalid key', alternative: { ...hmac, key: { encoding: 'hex' } }, says: /no key to sign with/ },
  ]
  for (const { name, alternative, request = {}, by = { secrets }, says } of cases) {
    test(name, async () => {
      await expect(sign(alternative, inbound(request), by)).rejects.toMatchObject({
        code: 'usage_invalid',
        message: expect.stringMatching(says),
      })
    })
  }
})

test('a ring answers only for the key sets of its spec, and keeps one pair for each', async () => {
  const jwt: Alternative = { scheme: 'jwt', jwks: 'https://keys.example.com/jwks', algorithms: ['ES256'] }
  const ring = createKeyRing([jwt])
  await expect(ring.keySets.fetch('https://other.example.com')).rejects.toMatchObject({ code: 'usage_invalid' })
  expect(await ring.keySets.fetch(jwt.jwks!)).toEqual(await ring.keySets.fetch(jwt.jwks!))
  expect((await ring.keySets.fetch(jwt.jwks!)).keys[0]).not.toHaveProperty('d')
  expect(ring.publicSecret('secret')).toBeUndefined()
})
