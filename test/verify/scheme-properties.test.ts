/** What holds for every scheme, over requests that nobody thought of: fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { HeaderList, type InboundRequest } from '../../src/domain/request.ts'
import { decodeBytes, encodeBytes } from '../../src/verify/encoding.ts'
import { createKeyRing, type KeyRing } from '../../src/verify/key-ring.ts'
import {
  flipBit,
  inbound,
  NOW,
  type SecretTexts,
  sign,
  type Surroundings,
  verify,
  withBody,
  withHeaders,
} from './verifying.ts'

interface Subject {
  readonly alternative: Alternative
  readonly secrets?: SecretTexts
  readonly otherSecrets?: SecretTexts
  readonly coversBody?: false
}

const signature = { header: 'x-signature' }
const timestamp = { header: 'x-timestamp', unit: 's' } as const
const secret = 'signing_secret'
const texts = { secrets: { [secret]: 'one of these' }, otherSecrets: { [secret]: 'one of those' } }

const hashes = ['md5', 'sha1', 'sha256', 'sha512'] as const
const subjects: readonly Subject[] = [
  ...hashes.map((hash): Subject => ({
    alternative: { scheme: `hmac-${hash}`, secret, signature, signed: '{timestamp}.{body}', timestamp },
    secrets: texts.secrets,
    otherSecrets: texts.otherSecrets,
  })),
  ...hashes.map((hash): Subject => ({
    alternative: { scheme: `digest-${hash}`, secret, signature, signed: '{secret}{timestamp}{body}', timestamp },
    secrets: texts.secrets,
    otherSecrets: texts.otherSecrets,
  })),
  {
    alternative: {
      name: 'composite',
      scheme: 'hmac-sha256',
      secret,
      signature: { header: 'x-signature', format: 't={timestamp},v1={signature}', encoding: 'base64' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 'ms' },
    },
    ...texts,
  },
  {
    alternative: {
      scheme: 'ed25519',
      secret,
      signature,
      signed: '{timestamp}{body}',
      timestamp,
      key: { encoding: 'hex' },
    },
  },
  { alternative: { scheme: 'rsa-sha1', secret, signature, signed: '{timestamp}{body}', timestamp } },
  { alternative: { scheme: 'rsa-sha256', public_key: 'pinned', signature, signed: '{timestamp}{body}', timestamp } },
  {
    alternative: {
      scheme: 'rsa-sha512',
      secret,
      signature,
      signed: '{timestamp}{body}',
      timestamp,
      key: { encoding: 'der' },
    },
  },
  {
    alternative: {
      name: 'ecdsa der',
      scheme: 'ecdsa-sha256',
      secret,
      signature,
      signed: '{timestamp}{body}',
      timestamp,
      key: { encoding: 'base64' },
    },
  },
  {
    alternative: {
      name: 'ecdsa p1363',
      scheme: 'ecdsa-sha256',
      secret,
      signature: { header: 'x-signature', encoded_as: 'p1363', encoding: 'base64url' },
      signed: '{timestamp}{body}',
      timestamp,
      key: { encoding: 'pem' },
    },
  },
  {
    alternative: {
      name: 'jwt HS256',
      scheme: 'jwt',
      secret,
      signature: { header: 'x-signature' },
      algorithms: ['HS256'],
      body_hash: { claim: 'body_sha256', digest: 'sha256', encoding: 'hex' },
    },
    secrets: { [secret]: 'a secret of thirty-two bytes, or more' },
    otherSecrets: { [secret]: 'another secret of thirty-two bytes or more' },
  },
  ...(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const).map((algorithm): Subject => ({
    alternative: {
      name: `jwt ${algorithm}`,
      scheme: 'jwt',
      jwks: 'https://keys.example.com/jwks',
      signature: { header: 'x-signature' },
      algorithms: [algorithm],
      body_hash: { claim: 'body_sha256', digest: 'sha256', encoding: 'base64' },
    },
  })),
  {
    alternative: { scheme: 'token', secret, signature: { header: 'x-signature' }, does_not_cover: ['body'] },
    ...texts,
    coversBody: false,
  },
  {
    alternative: { scheme: 'basic', username: 'user', password: secret, does_not_cover: ['body'] },
    secrets: { user: 'hook', [secret]: 'one of these' },
    otherSecrets: { user: 'hook', [secret]: 'one of those' },
    coversBody: false,
  },
]

const bodies = fc.uint8Array({ minLength: 1, maxLength: 64 })
const RUNS = { numRuns: 30 }

for (const { alternative, secrets, otherSecrets, coversBody } of subjects) {
  describe(alternative.name ?? alternative.scheme, () => {
    const header = alternative.scheme === 'basic' ? 'authorization' : 'x-signature'
    let given: Surroundings
    let foreign: Surroundings

    beforeAll(() => {
      const rings: KeyRing[] = [createKeyRing([alternative]), createKeyRing([alternative])]
      given = { keyRing: rings[0]!, secrets: secrets ?? {} }
      foreign = { keyRing: rings[1]!, secrets: otherSecrets ?? {} }
    })

    const outcome = async (request: InboundRequest, by = given): Promise<string> => {
      const result = await verify(alternative, request, by)
      return result.kind === 'refused' ? result.code : result.kind
    }

    test('accepts what it signs', async () => {
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const signed = await sign(alternative, inbound({ body }), given)
          expect(Buffer.from(signed.rawBody)).toEqual(Buffer.from(body))
          expect(await outcome(signed)).toBe('accepted')
        }),
        RUNS,
      )
    })

    if (coversBody !== false) {
      test('refuses a body with any one bit changed', async () => {
        await fc.assert(
          fc.asyncProperty(bodies, fc.nat(), async (body, bit) => {
            const signed = await sign(alternative, inbound({ body }), given)
            expect(['signature_mismatch', 'body_hash_mismatch']).toContain(
              await outcome(withBody(signed, flipBit(body, bit % (body.length * 8)))),
            )
          }),
          RUNS,
        )
      })
    }

    test('refuses a signature with any one bit changed', async () => {
      await fc.assert(
        fc.asyncProperty(bodies, fc.nat(), async (body, bit) => {
          const signed = await sign(alternative, inbound({ body }), given)
          const value = signed.headers.get(header)!
          const changed = changeSignature(alternative, value, (bytes) => flipBit(bytes, bit % (bytes.length * 8)))
          expect(changed).not.toBe(value)
          expect(await outcome(withHeaders(signed, { [header]: changed }))).not.toBe('accepted')
        }),
        RUNS,
      )
    })

    test('refuses a signature cut short or made longer', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), async (cut) => {
          const signed = await sign(alternative, inbound({ body: '{}' }), given)
          const value = signed.headers.get(header)!
          const shorter = changeSignature(alternative, value, (bytes) => bytes.subarray(0, cut % bytes.length))
          const longer = changeSignature(alternative, value, (bytes) =>
            Buffer.concat([bytes, Buffer.from([cut % 256])]),
          )
          expect(await outcome(withHeaders(signed, { [header]: shorter }))).not.toBe('accepted')
          expect(await outcome(withHeaders(signed, { [header]: longer }))).not.toBe('accepted')
        }),
        RUNS,
      )
    })

    test('refuses the signature of another key', async () => {
      const signed = await sign(alternative, inbound({ body: '{}' }), foreign)
      expect(['signature_mismatch', 'token_mismatch']).toContain(await outcome(signed))
    })

    test('refuses a signature sent twice', async () => {
      const signed = await sign(alternative, inbound({ body: '{}' }), given)
      const value = signed.headers.get(header)!
      expect(await outcome(withHeaders(signed, { [header]: [value, value] }))).toBe('signature_ambiguous')
    })

    test('arbitrary signatures, timestamps and bodies are refused and never throw', async () => {
      const garbage = fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.base64String(),
        fc.uint8Array().map((bytes) => encodeBytes(bytes, 'hex')),
      )
      await fc.assert(
        fc.asyncProperty(garbage, garbage, bodies, async (value, time, body) => {
          const request = { ...inbound({ body }), headers: new HeaderList([header, value, 'X-Timestamp', time]) }
          expect(await outcome(request)).not.toBe('accepted')
          const dressed = dress(alternative, value)
          const current = new HeaderList([header, dressed, 'X-Timestamp', String(NOW / 1_000)])
          expect(await outcome({ ...request, headers: current })).not.toBe('accepted')
        }),
        RUNS,
      )
    })
  })
}

/** Changes the bytes that the text of a signature stands for; for a token, those of its characters. */
function changeSignature(alternative: Alternative, value: string, change: (bytes: Buffer) => Buffer): string {
  if (alternative.scheme === 'token') return change(Buffer.from(value, 'latin1')).toString('latin1')
  if (alternative.scheme === 'basic') return `Basic ${change(Buffer.from(value.slice(6), 'base64')).toString('base64')}`
  if (alternative.scheme === 'jwt') {
    const cut = value.lastIndexOf('.') + 1
    return value.slice(0, cut) + change(Buffer.from(value.slice(cut), 'base64url')).toString('base64url')
  }
  const encoding = alternative.signature?.encoding ?? 'hex'
  const start = alternative.signature?.format === undefined ? 0 : value.indexOf('v1=') + 3
  return value.slice(0, start) + encodeBytes(change(decodeBytes(value.slice(start), encoding)!), encoding)
}

/** Garbage in the form that the alternative looks for, so that it gets past the first glance. */
function dress(alternative: Alternative, value: string): string {
  if (alternative.scheme === 'basic') return `Basic ${Buffer.from(value).toString('base64')}`
  if (alternative.scheme === 'jwt') return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${value}.`
  return alternative.signature?.format === undefined ? encodeBytes(Buffer.from(value), 'hex') : `t=${NOW},v1=${value}`
}
