import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Alternative, ProviderSpec } from '../../src/domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../src/domain/request.ts'
import { createKeyPool, createKeyRing, type KeyRing, RING_KEY_ID } from '../../src/verify/key-ring.ts'
import { hasSignature } from '../../src/verify/signer.ts'
import { writeCertificate } from '../../src/verify/signing/write-certificate.ts'
import {
  flipBit,
  type GivenConnection,
  inbound,
  NOW,
  type RequestParts,
  sign,
  type Surroundings,
  verify,
  withBody,
} from './verifying.ts'

/** Whatever the signer can put in, the verifier must find; and whoever changes the body must be found out. */
interface Subject {
  readonly alternative: Alternative
  readonly given?: Surroundings
  readonly request?: RequestParts
  readonly body?: ProviderSpec['body']
  /** Bodies to sign; arbitrary bytes by default. */
  readonly bodies?: readonly string[]
  readonly coversBody?: false
}

const secret = 'signing_secret'
const secrets = { [secret]: 'one of these' }
const common = { scheme: 'hmac-sha256', secret, signed: '{body}', signature: { header: 'x-signature' } } as const
const fetched = (
  as: NonNullable<Alternative['fetched_key']>['as'],
  more: object = {},
): Alternative['fetched_key'] & object => ({
  url: 'https://keys.example.com/{key_id}',
  as,
  ...more,
})
const connections: readonly GivenConnection[] = [
  { id: 'acme', identifiers: { 'metadata.hook': 'w-1' }, secrets: { [secret]: 'theirs alone' } },
]
const multipart = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'

const subjects: readonly Subject[] = [
  {
    alternative: { ...common, name: 'computed text', signed: '{text}', texts: { text: 'method & " " & raw' } },
    bodies: ['{}', '\u00e9', ''],
  },
  {
    alternative: {
      ...common,
      name: 'digests and filters',
      signed: '{method|lower}\n{body|sha512|base64url}\n{body|md5}\n{body|crc32}',
    },
  },
  {
    alternative: {
      ...common,
      name: 'parts of the URL',
      signed: '{url_without_query}{path}{path_query}{option:salt}{body}',
    },
    given: { options: { salt: 'x' } },
  },
  {
    alternative: { ...common, name: 'header of an option', signature: { header_option: 'name' } },
    given: { options: { name: 'X-Mine' } },
  },
  { alternative: { ...common, name: 'numbered headers', signature: { numbered_header: 'x-signature-' } } },
  {
    alternative: {
      ...common,
      name: 'optional prefix',
      signature: { header: 'x-signature', prefix: 'sha256=', prefix_optional: true },
    },
  },
  {
    alternative: {
      ...common,
      name: 'JSON in base64',
      signature: { header: 'x-signature', json: { signature: 's', key_id: 'k' }, json_encoding: 'base64' },
    },
  },
  {
    alternative: {
      ...common,
      name: 'groups',
      signature: { header: 'x-signature', format: 't={timestamp},v1={signature}', group_separator: ' ' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 's_or_ms' },
    },
  },
  {
    alternative: {
      ...common,
      name: 'pairs',
      signature: { header: 'x-signature', format: '{key_id}|{signature}', separator: '&' },
    },
  },
  {
    alternative: {
      ...common,
      name: 'digest in a part',
      signature: { header: 'x-signature', format: 'h={hash},s={signature}' },
      signed: '{hash}',
      body_hash: { part: 'hash', digest: 'sha256', encoding: 'hex' },
    },
  },
  {
    alternative: { ...common, name: 'template of a key', key: { template: '{option:id}&{secret}' } },
    given: { options: { id: 'app' } },
  },
  { alternative: { ...common, name: 'split key', key: { split: '|' } }, given: { secrets: { [secret]: 'a|b' } } },
  {
    alternative: {
      ...common,
      name: 'secret of a connection',
      connection: { field: 'metadata.hook', equals: 'query.hook' },
    },
    given: { connections, secrets: {} },
    request: { url: 'https://hooks.example.com/a?hook=w-1' },
  },
  {
    alternative: {
      ...common,
      name: 'token beside',
      also: [{ scheme: 'token', secret: 'token', signature: { header: 'x-token' } }],
    },
    given: { secrets: { ...secrets, token: 't' } },
  },
  { alternative: { ...common, name: 'requirement', require: ['method = "POST"'] } },
  {
    alternative: {
      ...common,
      name: 'every item',
      each: 'body.items',
      signed: '{item:id}:{item:gone?}',
      signature: { body: 'item.sig' },
      does_not_cover: ['body'],
    },
    bodies: ['{"items":[{"id":1},{"id":"b"}]}'],
    coversBody: false,
  },
  {
    alternative: { ...common, name: 'member of JSON in a form', signed: '{body:id}', signature: { body: 'body.sig' } },
    body: { form_json: 'p' },
    bodies: ['p=%7B%22id%22%3A%22x%22%7D'],
    coversBody: false,
  },
  {
    alternative: { ...common, name: 'field of a multipart form', signed: '{form:a}', signature: { form: 'sig' } },
    body: 'multipart',
    bodies: [multipart],
    coversBody: false,
  },
  {
    alternative: {
      scheme: 'jwt',
      name: 'whole body',
      secret,
      algorithms: ['HS256'],
      signature: { whole_body: true },
      required_claims: ['exp', 'jti'],
      max_age: '5m',
    },
    body: ['jwt', 'json'],
    bodies: ['{"a":1}'],
  },
  {
    alternative: {
      scheme: 'jwt',
      name: 'openid',
      openid: 'https://id.example.com/.well-known/openid-configuration',
      algorithms: ['RS256'],
      body_hash: { claim: 'h', digest: 'sha256', encoding: 'hex' },
    },
  },
  {
    alternative: {
      scheme: 'jwt',
      name: 'fetched PEM',
      fetched_key: fetched('pem'),
      algorithms: ['ES256'],
      body_hash: { claim: 'h', digest: 'sha256', encoding: 'hex', when: 'raw != ""' },
    },
  },
  {
    alternative: {
      ...common,
      name: 'fetched secret',
      secret: undefined as never,
      fetched_key: fetched('secret', { url: 'https://keys.example.com/k', member: 'a.b' }),
      key: { digest: 'sha256' },
    },
  },
  {
    alternative: {
      scheme: 'rsa-sha256',
      name: 'certificate',
      fetched_key: {
        url: { expression: 'headers.`x-cert`' },
        hosts: ['keys.example.com'],
        as: 'certificate',
        subject: '*.example.com',
      },
      signature: { header: 'x-signature', encoding: 'base64' },
      signed: '{body}',
    },
    request: { headers: { 'x-cert': 'https://keys.example.com/c.pem' } },
  },
  {
    alternative: {
      scheme: 'ecdsa-sha1',
      name: 'key id in a header',
      jwks: 'https://keys.example.com/jwks',
      key_id: { header: 'x-key' },
      signature: { header: 'x-signature' },
      signed: '{body}',
    },
  },
  {
    alternative: {
      scheme: 'ecdsa-sha256',
      name: 'fetched JWK',
      fetched_key: fetched('jwk', { member: 'key', post: { id: '{key_id}' } }),
      key_id: { query: 'kid' },
      signature: { header: 'x-signature' },
      signed: '{body}',
    },
  },
  {
    alternative: {
      scheme: 'ed25519',
      name: 'published set',
      jwks: 'https://keys.example.com/ed',
      signature: { header: 'x-signature' },
      signed: '{body}',
      require: ['jwk.tier = "gold"'],
    },
  },
  {
    alternative: {
      scheme: 'ed25519',
      name: 'client credentials',
      fetched_key: fetched('jwks', {
        authorization: {
          client_credentials: {
            token_url: 'https://id.example.com/token',
            client_id: '{option:id}',
            client_secret: '{secret:signing_secret}',
          },
        },
      }),
      key_id: { header: 'x-key' },
      signature: { header: 'x-signature' },
      signed: '{body}',
    },
    given: { options: { id: 'i' } },
  },
].map((subject): Subject => {
  const alternative = { ...subject.alternative }
  if (alternative.secret === undefined) delete alternative.secret
  return { ...subject, alternative } as Subject
})

const pool = createKeyPool()

for (const { alternative, given = {}, request = {}, body, bodies, coversBody } of subjects) {
  describe(alternative.name ?? alternative.scheme, () => {
    let ring: KeyRing
    let around: Surroundings
    beforeAll(() => {
      ring = createKeyRing([alternative], { pool })
      around = {
        secrets,
        keyRing: ring,
        keySets: ring.keySetsFor({ jwk: { tier: 'gold' } }),
        ...(body === undefined ? {} : { body }),
        ...given,
      }
    })
    const samples =
      bodies === undefined
        ? fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes))
        : fc.constantFrom(...bodies).map((text) => Buffer.from(text))
    const signing = (raw: Uint8Array): Promise<InboundRequest> =>
      sign(alternative, inbound({ ...request, body: raw }), around)

    test('what is signed is accepted, and seen to be signed', async () => {
      await fc.assert(
        fc.asyncProperty(samples, async (raw) => {
          const signed = await signing(raw)
          expect(await verify(alternative, signed, around)).toMatchObject({ kind: 'accepted' })
          if (alternative.signature?.header_option === undefined) expect(hasSignature([alternative], signed)).toBe(true)
        }),
        { numRuns: 15 },
      )
    })

    if (coversBody !== false) {
      test('any one bit of the body changed is refused', async () => {
        await fc.assert(
          fc.asyncProperty(samples, fc.nat(), async (raw, bit) => {
            const signed = await signing(raw)
            if (signed.rawBody.length === 0) return
            const changed = withBody(signed, flipBit(signed.rawBody, bit % (signed.rawBody.length * 8)))
            expect((await verify(alternative, changed, around)).kind).toBe('refused')
          }),
          { numRuns: 15 },
        )
      })
    }

    test('what another provider signs is refused', async () => {
      const other = createKeyRing([alternative], { pool, firstNumber: 8 })
      const foreign: Surroundings = {
        ...around,
        keyRing: other,
        secrets: Object.fromEntries(Object.keys(around.secrets ?? {}).map((name) => [name, 'a stranger'])),
        connections: connections.map((one) => ({ ...one, secrets: { [secret]: 'a stranger' } })),
      }
      const raw = Buffer.from(bodies?.[0] ?? '{}')
      const signed = await sign(alternative, inbound({ ...request, body: raw }), foreign)
      expect((await verify(alternative, signed, around)).kind).toBe('refused')
    })

    test('nothing in their places is refused and throws nothing', async () => {
      const values = fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.constantFrom('{}', 'e30=', 'a|b', 't=1,v1=00', RING_KEY_ID, '..'),
      )
      await fc.assert(
        fc.asyncProperty(values, values, fc.uint8Array({ maxLength: 40 }), async (one, two, raw) => {
          const headers = {
            'x-signature': one,
            'x-signature-1': one,
            'x-mine': one,
            authorization: `Bearer ${one}`,
            'x-key': two,
            'x-cert': two,
            'x-token': two,
          }
          const url = `https://hooks.example.com/a?kid=${encodeURIComponent(two.replace(/[\ud800-\udfff]/g, ''))}`
          expect((await verify(alternative, inbound({ url, headers, body: raw }), around)).kind).toBe('refused')
        }),
        { numRuns: 20 },
      )
    })
  })
}

describe('certificates of a key ring', () => {
  test('are X.509, of their key and subject, and valid for a century', () => {
    const pair = pool.pair('rsa', 0)
    const certificate = new X509Certificate(writeCertificate(pair, 'keys.example.com'))
    expect(certificate.subject).toBe('CN=keys.example.com')
    expect(certificate.publicKey.equals(pair.publicKey)).toBe(true)
    expect(certificate.verify(pair.publicKey)).toBe(true)
    expect(Date.parse(certificate.validFrom)).toBeLessThan(NOW)
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(NOW)
  })

  for (const kind of ['P-256', 'ed25519'] as const) {
    test(`are there for ${kind} too`, () => {
      const pair = pool.pair(kind, 0)
      expect(new X509Certificate(writeCertificate(pair, 'a')).verify(pair.publicKey)).toBe(true)
    })
  }
})

test('a key ring answers no URL that the spec does not name, and those of an example', async () => {
  const ring = createKeyRing(
    [{ scheme: 'ed25519', jwks: 'https://keys.example.com/ed', signature: { header: 'x' }, signed: '{body}' }],
    { pool },
  )
  await expect(ring.keySets.fetch('https://other.example.com/')).rejects.toThrow('names no key')
  await expect(ring.keySets.document!({ url: 'https://other.example.com/', accept: '' })).rejects.toThrow(
    'names no key',
  )
  const given = ring.keySetsFor({ documents: { 'https://other.example.com/': '{"keys":[]}' } })
  expect(await given.fetch('https://other.example.com/')).toEqual({ keys: [] })
  expect((await given.document!({ url: 'https://other.example.com/', accept: '' })).text).toBe('{"keys":[]}')
})
