import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import { inbound, NOW, verify, withHeaders } from '../verifying.ts'
import { type AwkwardCase, digest, runCases, withText } from './case.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const shared = 'a secret of thirty-two bytes or more'
const seconds = NOW / 1_000
const hs = (claims: object, key = shared, alg = 'HS256'): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(Buffer.from(key))
const rs = (claims: object): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey)
const sha256 = (text: string, encoding: 'hex' | 'base64' = 'hex'): string => digest('sha256', text).toString(encoding)
const secrets = { secret: shared }
const jwt = (clause: Partial<Alternative>): Alternative => ({
  scheme: 'jwt',
  secret: 'secret',
  algorithms: ['HS256'],
  ...clause,
})
const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
})

const wixBody = await rs({
  iat: seconds,
  exp: seconds + 60,
  data: JSON.stringify({ instanceId: 'i-1', data: JSON.stringify({ id: 'e-1' }) }),
})
const dialpadBody = await hs({ call_id: 1, event: 'hangup' })
const livekit = jwt({
  signature: { header: 'authorization' },
  claims: { iss: { expression: 'options.api_key' } },
  required_claims: ['exp'],
  tolerance: '10s',
  body_hash: { claim: 'sha256', digest: 'sha256', encoding: 'base64' },
})
const livekitClaims = { iss: 'key-1', exp: seconds + 60, sha256: sha256('{}', 'base64') }
const livekitToken = await hs(livekitClaims)
const gong = jwt({
  secret: 'key',
  key: { encoding: 'der' },
  algorithms: ['RS256'],
  signature: { header: 'authorization', prefix: 'Bearer ', prefix_optional: true },
  claims: { webhook_url: { expression: 'url' } },
  required_claims: ['exp', 'iat'],
  body_hash: { claim: 'body_sha256', digest: 'sha256', encoding: 'hex' },
})
const gongToken = await rs({
  webhook_url: 'https://hooks.example.com/gong',
  iat: seconds,
  exp: seconds + 60,
  body_sha256: sha256('{}'),
})
const gongGiven = { secrets: { key: rsa.publicKey.export({ format: 'der', type: 'spki' }).toString('base64') } }
const messagebird = jwt({
  signature: { header: 'messagebird-signature-jwt' },
  claims: { iss: 'MessageBird', url_hash: { expression: '$sha256(url)' } },
  required_claims: ['jti', 'exp', 'nbf'],
  tolerance: '5s',
  body_hash: { claim: 'payload_hash', digest: 'sha256', encoding: 'hex', when: 'raw != ""' },
  require: ['$exists(claims.payload_hash) = (raw != "")'],
})
const messagebirdClaims = {
  iss: 'MessageBird',
  jti: 'j',
  nbf: seconds,
  exp: seconds + 60,
  url_hash: sha256('https://hooks.example.com/mb?a=1'),
}
const microsoft = jwt({
  secret: 'key',
  algorithms: ['RS256'],
  signature: { body: 'body.validationTokens', several: true },
  claims: {
    aud: { expression: 'options.app_id' },
    iss: { expression: '"https://sts.windows.net/" & body.value[0].tenantId & "/"' },
    appid: '0bf30f3b-4a52-48df-9a82-234910c4a086',
  },
})
const microsoftToken = (tenant: string): Promise<string> =>
  rs({ aud: 'app-1', iss: `https://sts.windows.net/${tenant}/`, appid: '0bf30f3b-4a52-48df-9a82-234910c4a086' })
const microsoftBody = (tokens: string[]): string =>
  JSON.stringify({ value: [{ tenantId: 't-1' }], validationTokens: tokens })

runCases([
  {
    name: 'wix: the body is the token',
    verify: jwt({
      secret: 'key',
      algorithms: ['RS256'],
      signature: { whole_body: true },
      required_claims: ['exp'],
      max_age: '5m',
    }),
    given: { secrets: { key: Buffer.from(pem).toString('base64') }, body: 'jwt' },
    request: { body: wixBody },
    refused: [
      { name: 'the claims in plain JSON', change: withText('{"data":"{}"}'), code: 'signature_malformed' },
      { name: 'a line break behind the token', change: withText(`${wixBody}\n`), code: 'signature_malformed' },
      { name: 'no body', change: withText(''), code: 'signature_missing' },
      { name: 'the token an hour later', given: { now: NOW + 3_600_000 }, code: 'signature_expired' },
    ],
  },
  {
    name: 'dialpad: the body is the token, and plain JSON counts for nothing where a secret is configured',
    verify: [
      jwt({ name: 'signed', signature: { whole_body: true } }),
      { scheme: 'unverified', reason: 'Signing is off in this account.', unless_configured: ['secret'] },
    ],
    given: { secrets, body: ['jwt', 'json'] },
    request: { body: dialpadBody },
    refused: [
      { name: 'plain JSON', change: withText('{"event":"hangup"}'), code: 'signature_malformed' },
      { name: 'an empty body', change: withText(''), code: 'signature_missing' },
    ],
  },
  {
    name: 'livekit: a bare token, base64 of the digest, an end that must be there',
    verify: livekit,
    given: { secrets, options: { api_key: 'key-1' } },
    request: { headers: { authorization: livekitToken }, body: '{}' },
    refused: [
      { name: 'a changed body', change: withText('[]'), code: 'body_hash_mismatch' },
      {
        name: 'a word before the token',
        change: (one) => withHeaders(one, { authorization: `Bearer ${livekitToken}` }),
        code: 'signature_malformed',
      },
      { name: 'another key', given: { options: { api_key: 'key-2' } }, code: 'claim_mismatch' },
      { name: 'no key configured', given: { options: {} }, code: 'claim_mismatch' },
      { name: 'one that has ended', given: { now: NOW + 80_000 }, code: 'signature_expired' },
    ],
  },
  ...(['Bearer ', ''] as const).map((word): AwkwardCase => ({
    name: `gong: with and without the word ("${word}"), bound to its URL`,
    verify: gong,
    given: gongGiven,
    request: { url: 'https://hooks.example.com/gong', headers: { authorization: word + gongToken }, body: '{}' },
    refused: [
      { name: 'another URL', change: (one) => ({ ...one, url: `${one.url}?x=1` }), code: 'claim_mismatch' },
      { name: 'a changed body', change: withText('[]'), code: 'body_hash_mismatch' },
    ],
  })),
  {
    name: 'messagebird: a digest of the URL, and of a body that is there',
    verify: messagebird,
    given: { secrets },
    request: {
      url: 'https://hooks.example.com/mb?a=1',
      headers: { 'messagebird-signature-jwt': await hs({ ...messagebirdClaims, payload_hash: sha256('{}') }) },
      body: '{}',
    },
    refused: [
      {
        name: 'another URL',
        change: (one) => ({ ...one, url: one.url.replace('a=1', 'a=2') }),
        code: 'claim_mismatch',
      },
      { name: 'the body taken out', change: withText(''), code: 'body_hash_mismatch' },
    ],
  },
  {
    name: 'messagebird: no digest of a body that is not there',
    verify: messagebird,
    given: { secrets },
    request: {
      method: 'GET',
      url: 'https://hooks.example.com/mb?a=1',
      headers: { 'messagebird-signature-jwt': await hs(messagebirdClaims) },
    },
    refused: [{ name: 'a body put in', change: withText('{}'), code: 'body_hash_mismatch' }],
  },
  {
    name: 'microsoft: a list of tokens of which all must hold, the issuer by tenant',
    verify: microsoft,
    given: { secrets: { key: pem }, options: { app_id: 'app-1' } },
    request: { body: microsoftBody([await microsoftToken('t-1'), await microsoftToken('t-1')]) },
    refused: [
      {
        name: 'one token of another tenant',
        change: withText(microsoftBody([await microsoftToken('t-1'), await microsoftToken('t-2')])),
        code: 'claim_mismatch',
      },
      {
        name: 'one that is none',
        change: withText(microsoftBody([await microsoftToken('t-1'), 'x'])),
        code: 'signature_malformed',
      },
      { name: 'no tokens', change: withText(microsoftBody([])), code: 'signature_missing' },
    ],
  },
  {
    name: 'monday: the audience is our URL',
    verify: jwt({
      signature: { header: 'authorization', prefix: 'Bearer ', prefix_optional: true },
      claims: { aud: { expression: 'url' } },
      does_not_cover: ['body'],
    }),
    given: { secrets },
    request: {
      url: 'https://hooks.example.com/m',
      ...bearer(await hs({ aud: 'https://hooks.example.com/m', exp: seconds + 60 })),
    },
    refused: [{ name: 'another URL', change: (one) => ({ ...one, url: `${one.url}2` }), code: 'claim_mismatch' }],
  },
])

for (const { name, claims, code } of [
  {
    name: 'without a required claim',
    claims: { iss: 'key-1', sha256: sha256('{}', 'base64') },
    code: 'claim_mismatch',
  },
  { name: 'without the digest', claims: { iss: 'key-1', exp: seconds + 60 }, code: 'body_hash_mismatch' },
  { name: 'with a digest that is no text', claims: { ...livekitClaims, sha256: 7 }, code: 'body_hash_mismatch' },
]) {
  test(`refuses a token ${name}`, async () => {
    const request = inbound({ headers: { authorization: await hs(claims) }, body: '{}' })
    expect(await verify(livekit, request, { secrets, options: { api_key: 'key-1' } })).toMatchObject({ code })
  })
}

test('refuses a token without iat where an age is asked for, and one that is too old', async () => {
  const alternative = jwt({ max_age: '5m' })
  const outcome = async (claims: object): Promise<string> => {
    const result = await verify(alternative, inbound(bearer(await hs(claims))), { secrets })
    return result.kind === 'refused' ? result.code : result.kind
  }
  expect(await outcome({ iat: seconds - 200 })).toBe('accepted')
  expect(await outcome({ iat: seconds - 400 })).toBe('signature_expired')
  expect(await outcome({})).toBe('claim_mismatch')
})

test('tells what the token says to whoever handles the event', async () => {
  const result = await verify(jwt({}), inbound(bearer(await hs({ sub: 'acct-1' }))), { secrets })
  expect(result).toMatchObject({ kind: 'accepted', claims: { sub: 'acct-1' } })
})
