import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import type { RefusalCode } from '../../../src/domain/verification.ts'
import type { KeySets } from '../../../src/verify/verifier.ts'
import { inbound, NOW, type Surroundings, verify } from '../verifying.ts'

const SECRET = 'a shared secret of at least thirty-two bytes'
const seconds = NOW / 1_000
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const hs: Alternative = { scheme: 'jwt', secret: 'signing_secret', algorithms: ['HS256'] }
const published: Alternative = { scheme: 'jwt', jwks: 'https://keys.example.com/jwks', algorithms: ['RS256'] }
const given: Surroundings = { secrets: { signing_secret: SECRET } }

async function token(
  claims: JWTPayload,
  key: KeyObject = createSecretKey(Buffer.from(SECRET)),
  header: { alg: string; kid?: string } = { alg: 'HS256' },
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

async function outcome(alternative: Alternative, text: string, by: Surroundings = given, body = ''): Promise<string> {
  const result = await verify(alternative, inbound({ headers: { authorization: `Bearer ${text}` }, body }), by)
  return result.kind === 'refused' ? result.code : result.kind
}

describe('the time of a token', () => {
  const cases: { name: string; claims: JWTPayload; code: RefusalCode | 'accepted' }[] = [
    { name: 'is judged with a minute of leeway', claims: { exp: seconds - 59, nbf: seconds + 60 }, code: 'accepted' },
    { name: 'runs out', claims: { exp: seconds - 60 }, code: 'signature_expired' },
    { name: 'has to come', claims: { nbf: seconds + 61 }, code: 'signature_premature' },
    { name: 'must be a number', claims: { exp: JSON.parse('"later"') }, code: 'claim_mismatch' },
    { name: 'may be left open by the provider', claims: { sub: 'x' }, code: 'accepted' },
  ]
  for (const { name, claims, code } of cases) {
    test(name, async () => {
      expect(await outcome(hs, await token(claims))).toBe(code)
    })
  }
  test('is judged by the tolerance of the clause', async () => {
    expect(await outcome({ ...hs, tolerance: '5m' }, await token({ exp: seconds - 299 }))).toBe('accepted')
  })
  test('tells how far the clocks are apart', async () => {
    const request = inbound({ headers: { authorization: `Bearer ${await token({ iat: seconds - 7 })}` } })
    expect(await verify(hs, request, given)).toMatchObject({
      kind: 'accepted',
      clockSkewMs: 7_000,
      secret: { name: 'signing_secret' },
    })
  })
})

describe('claims', () => {
  const claims = { iss: 'acme', aud: ['a', 'b'], verified: true, level: 3, email: 'robot@acme.test' }
  const options = { audience: 'b', email: 'robot@acme.test' }
  const cases: { name: string; wanted: NonNullable<Alternative['claims']>; code: RefusalCode | 'accepted' }[] = [
    { name: 'a literal', wanted: { iss: 'acme', level: 3, verified: true }, code: 'accepted' },
    { name: 'another literal', wanted: { iss: 'evil' }, code: 'claim_mismatch' },
    { name: 'a number is not its text', wanted: { level: '3' }, code: 'claim_mismatch' },
    { name: 'one of a list', wanted: { iss: ['other', 'acme'] }, code: 'accepted' },
    { name: 'none of a list', wanted: { iss: ['other'] }, code: 'claim_mismatch' },
    { name: 'one of several audiences', wanted: { aud: 'b' }, code: 'accepted' },
    { name: 'an audience that is not among them', wanted: { aud: 'c' }, code: 'claim_mismatch' },
    { name: 'a claim that the token lacks', wanted: { azp: 'x' }, code: 'claim_mismatch' },
    { name: 'a name that every object inherits', wanted: { constructor: 'x' }, code: 'claim_mismatch' },
    { name: 'what an expression gives', wanted: { aud: { expression: 'options.audience' } }, code: 'accepted' },
    { name: 'an option that is not set', wanted: { aud: { expression: 'options.nothing' } }, code: 'claim_mismatch' },
    {
      name: 'an option that is not set, for a claim that the token lacks',
      wanted: { azp: { expression: 'options.nothing' } },
      code: 'claim_mismatch',
    },
    { name: 'a list that an expression gives', wanted: { iss: { expression: '["x", "acme"]' } }, code: 'accepted' },
    {
      name: 'a condition that holds',
      wanted: { email: { expression: 'claims.email = options.email' } },
      code: 'accepted',
    },
    {
      name: 'a condition that does not hold',
      wanted: { email: { expression: 'claims.email = "x"' } },
      code: 'claim_mismatch',
    },
    {
      name: 'a condition over a claim that is not there',
      wanted: { exp: { expression: '$not($exists(claims.exp))' } },
      code: 'accepted',
    },
    { name: 'an expression that fails', wanted: { iss: { expression: '$number(method)' } }, code: 'expression_failed' },
  ]
  for (const { name, wanted, code } of cases) {
    test(`${name}: ${code}`, async () => {
      expect(await outcome({ ...hs, claims: wanted }, await token(claims), { ...given, options })).toBe(code)
    })
  }
  test('a boolean claim that is false is not saved by an expression that is true', async () => {
    const wanted = { verified: { expression: '1 = 1' } }
    expect(await outcome({ ...hs, claims: wanted }, await token({ verified: false }))).toBe('claim_mismatch')
  })
})

describe('forgeries', () => {
  test('a token of algorithm none is refused', async () => {
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`
    expect(await outcome(hs, none)).toBe('signature_malformed')
  })
  test('a public key is not taken for an HMAC secret', async () => {
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const forged = await token({}, createSecretKey(Buffer.from(pem)))
    const alternative: Alternative = { scheme: 'jwt', secret: 'public_key', algorithms: ['RS256'] }
    expect(await outcome(alternative, forged, { secrets: { public_key: pem } })).toBe('signature_malformed')
    expect(
      await outcome(alternative, await token({}, rsa.privateKey, { alg: 'RS256' }), { secrets: { public_key: pem } }),
    ).toBe('accepted')
  })
  test('an algorithm that the spec does not list is refused, even with the right key', async () => {
    expect(await outcome(hs, await token({}, createSecretKey(Buffer.from(SECRET.repeat(2))), { alg: 'HS512' }))).toBe(
      'signature_malformed',
    )
  })
  test('a token with another secret is refused, and each live secret is tried', async () => {
    const text = await token({})
    expect(await outcome(hs, text, { secrets: { signing_secret: 'another secret of at least thirty-two' } })).toBe(
      'signature_mismatch',
    )
    expect(
      await outcome(hs, text, { secrets: { signing_secret: ['another secret of at least thirty-two', SECRET] } }),
    ).toBe('accepted')
  })
  test('a key that a token brings along is not looked at', async () => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const forged = await new SignJWT({})
      .setProtectedHeader({
        alg: 'RS256',
        jwk: own.publicKey.export({ format: 'jwk' }),
        jku: 'https://evil.example',
      })
      .sign(own.privateKey)
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    expect(await outcome({ scheme: 'jwt', public_key: pem, algorithms: ['RS256'] }, forged)).toBe('signature_mismatch')
  })
  for (const text of ['', 'x', 'a.b', 'a.b.c', '....', '\u00ff.\u00ff.\u00ff', 'e30.e30.e30']) {
    test(`${JSON.stringify(text)} is no token`, async () => {
      expect(await outcome(hs, text)).toBe('signature_malformed')
    })
  }
})

describe('published keys', () => {
  interface Publisher extends KeySets {
    readonly asked: boolean[]
  }
  function publisher(...answers: { kid: string; key: KeyObject; alg: string }[][]): Publisher {
    const asked: boolean[] = []
    return {
      asked,
      async fetch(url, options) {
        expect(url).toBe(published.jwks)
        const answer = answers[Math.min(asked.length, answers.length - 1)]
        asked.push(options?.refresh === true)
        if (answer === undefined) throw new Error('unreachable')
        return { keys: answer.map(({ kid, key, alg }) => Object.assign(key.export({ format: 'jwk' }), { kid, alg })) }
      },
    }
  }
  const current = { kid: 'k2', key: rsa.publicKey, alg: 'RS256' }
  const former = { kid: 'k1', key: generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey, alg: 'RS256' }
  const signed = token({ iss: 'acme' }, rsa.privateKey, { alg: 'RS256', kid: 'k2' })

  test('the key is found by its id', async () => {
    const keySets = publisher([former, current])
    expect(await outcome(published, await signed, { keySets })).toBe('accepted')
    expect(keySets.asked).toEqual([false])
  })
  test('an unknown key id makes the set be asked for again, once', async () => {
    const rotated = publisher([former], [former, current])
    expect(await outcome(published, await signed, { keySets: rotated })).toBe('accepted')
    expect(rotated.asked).toEqual([false, true])
    const never = publisher([former])
    expect(await outcome(published, await signed, { keySets: never })).toBe('key_unavailable')
    expect(never.asked).toEqual([false, true])
  })
  test('a wrong signature does not make the set be asked for again', async () => {
    const keySets = publisher([{ ...former, kid: 'k2' }])
    expect(await outcome(published, await signed, { keySets })).toBe('signature_mismatch')
    expect(keySets.asked).toEqual([false])
  })
  test('a set that cannot be had refuses the request', async () => {
    expect(await outcome(published, await signed, { keySets: publisher() })).toBe('key_unavailable')
  })
  test('a key of another kind under the same id is not used', async () => {
    const keySets = publisher([{ kid: 'k2', key: ec.publicKey, alg: 'ES256' }])
    expect(await outcome(published, await signed, { keySets })).toBe('key_unavailable')
  })
})

describe('places of a token', () => {
  test('the whole body', async () => {
    const alternative: Alternative = { ...hs, signature: { body: 'raw' } }
    const result = await verify(alternative, inbound({ body: await token({}) }), given)
    expect(result).toMatchObject({ kind: 'accepted' })
  })
  test('another header, without a prefix', async () => {
    const alternative: Alternative = { ...hs, signature: { header: 'X-Token' } }
    expect(await verify(alternative, inbound({ headers: { 'x-token': await token({}) } }), given)).toMatchObject({
      kind: 'accepted',
    })
  })
  test('a list in the body, of which every token must be genuine', async () => {
    const alternative: Alternative = { ...hs, signature: { body: 'body.tokens', several: true } }
    const good = await token({})
    const body = (tokens: string[]): string => JSON.stringify({ tokens })
    expect(await verify(alternative, inbound({ body: body([good, good]) }), given)).toMatchObject({ kind: 'accepted' })
    expect(await verify(alternative, inbound({ body: body([good, `${good.slice(0, -4)}AAAA`]) }), given)).toMatchObject(
      { code: 'signature_mismatch' },
    )
    expect(await verify(alternative, inbound({ body: body([]) }), given)).toMatchObject({ code: 'signature_missing' })
    expect(await verify(hs, inbound({}), given)).toMatchObject({ code: 'signature_missing' })
  })
})

describe('the digest of the body in a claim', () => {
  const alternative: Alternative = { ...hs, body_hash: { claim: 'sha256', digest: 'sha256', encoding: 'hex' } }
  const sha256OfBraces = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
  const cases: { name: string; claims: JWTPayload; code: string }[] = [
    { name: 'is that of the body', claims: { sha256: sha256OfBraces }, code: 'accepted' },
    { name: 'may be in upper case', claims: { sha256: sha256OfBraces.toUpperCase() }, code: 'accepted' },
    { name: 'is that of another body', claims: { sha256: '00'.repeat(32) }, code: 'body_hash_mismatch' },
    { name: 'is no digest', claims: { sha256: 7 }, code: 'body_hash_mismatch' },
    { name: 'is missing', claims: {}, code: 'body_hash_mismatch' },
  ]
  for (const { name, claims, code } of cases) {
    test(`${name}: ${code}`, async () => {
      expect(await outcome(alternative, await token(claims), given, '{}')).toBe(code)
    })
  }
})
