import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { GatewayError } from '../../src/domain/errors.ts'
import type { RefusalCode } from '../../src/domain/verification.ts'
import { createVerifier } from '../../src/verify/create-verifier.ts'
import {
  compileExpression,
  contextOf,
  inbound,
  NOW,
  type SecretTexts,
  sign,
  type Surroundings,
  verifierOf,
  verify,
  withHeaders,
} from './verifying.ts'

const strong: Alternative = {
  name: 'strong',
  scheme: 'hmac-sha256',
  secret: 'signing_secret',
  signature: { header: 'X-Strong' },
  signed: '{body}',
}
const weak: Alternative = { name: 'weak', scheme: 'token', secret: 'token', signature: { header: 'X-Token' } }
const open: Alternative = { name: 'open', scheme: 'unverified', reason: 'the provider signs nothing at all' }

const both = { signing_secret: 'a strong secret', token: 'a weak token' }

describe('the order of alternatives', () => {
  test('the first whose signature is present decides', async () => {
    const request = withHeaders(await sign(strong, inbound({ body: '{}' }), { secrets: both }), {
      'X-Token': 'a weak token',
    })
    expect(await verify([strong, weak], request, { secrets: both })).toMatchObject({
      kind: 'accepted',
      scheme: 'strong',
    })
  })

  test('a weaker one decides when the stronger signature is absent', async () => {
    const request = inbound({ headers: { 'x-token': 'a weak token' } })
    expect(await verify([strong, weak], request, { secrets: both })).toMatchObject({ kind: 'accepted', scheme: 'weak' })
  })

  const wrong = ['0'.repeat(64), 'ab', 'not hex', '']
  for (const value of wrong) {
    test(`a wrong strong signature ${JSON.stringify(value)} is not rescued by a right weak one, nor by an unverified one`, async () => {
      const request = inbound({ headers: { 'x-strong': value, 'x-token': 'a weak token' } })
      expect(await verify([strong, weak, open], request, { secrets: both })).toMatchObject({
        kind: 'refused',
        scheme: 'strong',
      })
    })
  }

  test('an expired strong signature is not rescued', async () => {
    const timed: Alternative = { ...strong, signed: '{timestamp}{body}', timestamp: { header: 'X-Time', unit: 's' } }
    const signed = await sign(timed, inbound({ body: '{}' }), { secrets: both })
    const request = withHeaders(signed, { 'x-token': 'a weak token' })
    expect(await verify([timed, weak], request, { secrets: both, now: NOW + 301_000 })).toMatchObject({
      kind: 'refused',
      code: 'signature_expired',
      scheme: 'strong',
      clockSkewMs: 301_000,
    })
  })

  test('an alternative whose secret is not configured does not apply', async () => {
    const request = inbound({ headers: { 'x-strong': 'ab', 'x-token': 'a weak token' } })
    expect(await verify([strong, weak], request, { secrets: { token: 'a weak token' } })).toMatchObject({
      scheme: 'weak',
    })
  })

  test('unverified accepts only when nothing before it is present', async () => {
    expect(await verify([strong, open], inbound({}), { secrets: both })).toEqual({ kind: 'accepted', scheme: 'open' })
  })

  test('a configured stronger secret takes a weaker alternative out', async () => {
    const guarded: Alternative = { ...open, unless_configured: ['signing_secret'] }
    expect(await verify([strong, guarded], inbound({}), { secrets: both })).toMatchObject({ code: 'signature_missing' })
    expect(await verify([strong, guarded], inbound({}))).toMatchObject({ kind: 'accepted', scheme: 'open' })
  })
})

describe('the cause when no alternative decides', () => {
  const cases: {
    name: string
    alternatives: Alternative[]
    secrets: SecretTexts
    code: RefusalCode
    scheme?: string
  }[] = [
    {
      name: 'a missing signature where a secret is configured',
      alternatives: [strong, weak],
      secrets: both,
      code: 'signature_missing',
      scheme: 'strong',
    },
    {
      name: 'a missing signature tells more than a missing secret',
      alternatives: [strong, weak],
      secrets: { token: 't' },
      code: 'signature_missing',
      scheme: 'weak',
    },
    {
      name: 'a missing secret where none is configured',
      alternatives: [strong, weak],
      secrets: {},
      code: 'secret_missing',
      scheme: 'strong',
    },
    {
      name: 'a secret name without any live secret',
      alternatives: [strong],
      secrets: { signing_secret: [] },
      code: 'secret_missing',
      scheme: 'strong',
    },
    {
      name: 'no alternative that applies',
      alternatives: [{ ...strong, when: 'headers.never' }],
      secrets: both,
      code: 'scheme_not_applicable',
    },
  ]
  for (const { name, alternatives, secrets, code, scheme } of cases) {
    test(name, async () => {
      const result = await verify(alternatives, inbound({}), { secrets })
      expect(result).toMatchObject({ kind: 'refused', code, ...(scheme === undefined ? {} : { scheme }) })
    })
  }
})

describe('conditions', () => {
  const conditional: Alternative = { ...weak, when: "headers.'x-version' = 'v1'" }
  const request = inbound({ headers: { 'x-token': 'a weak token', 'x-version': 'v1' } })

  test('an alternative whose condition holds decides', async () => {
    expect(await verify([conditional], request, { secrets: both })).toMatchObject({ kind: 'accepted' })
  })
  test('one whose condition does not hold is passed over', async () => {
    const other = withHeaders(request, { 'x-version': 'v2' })
    expect(await verify([conditional, open], other, { secrets: both })).toMatchObject({ scheme: 'open' })
  })
  test('a condition that cannot be evaluated refuses, whatever comes after it', async () => {
    const broken: Alternative = { ...weak, when: '$number(method)' }
    expect(await verify([broken, open], request, { secrets: both })).toMatchObject({
      kind: 'refused',
      code: 'expression_failed',
      scheme: 'weak',
    })
  })
})

describe('one header read in several forms', () => {
  const sha256: Alternative = { ...strong, name: 'sha256', signature: { header: 'X-Sig', prefix: 'sha256=' } }
  const sha1: Alternative = {
    ...strong,
    name: 'sha1',
    scheme: 'hmac-sha1',
    signature: { header: 'x-sig', prefix: 'sha1=' },
  }
  const given: Surroundings = { secrets: both }

  test('a value of the other form is the other alternative’s', async () => {
    const request = await sign(sha1, inbound({ body: '{}' }), given)
    expect(await verify([sha256, sha1], request, given)).toMatchObject({ kind: 'accepted', scheme: 'sha1' })
  })
  test('where nobody else reads the header, a value without the prefix is malformed', async () => {
    const request = inbound({ headers: { 'x-sig': 'abcd' } })
    expect(await verify([sha256, open], request, given)).toMatchObject({
      code: 'signature_malformed',
      scheme: 'sha256',
    })
  })
  test('a value of no form at all is refused as missing', async () => {
    const request = inbound({ headers: { 'x-sig': 'md5=abcd' } })
    expect(await verify([sha256, sha1], request, given)).toMatchObject({ code: 'signature_missing' })
  })
  test('versions of a composite header are told apart', async () => {
    const format = (version: string): Alternative['signature'] => ({
      header: 'X-Sig',
      format: `${version},{signature}`,
      separator: ' ',
    })
    const v1: Alternative = { ...strong, name: 'v1', signature: format('v1')! }
    const v2: Alternative = { ...strong, name: 'v2', scheme: 'hmac-sha512', signature: format('v2')! }
    const request = await sign(v2, inbound({ body: '{}' }), given)
    expect(await verify([v1, v2], request, given)).toMatchObject({ kind: 'accepted', scheme: 'v2' })
  })
})

describe('several live secrets', () => {
  const rotating: SecretTexts = { signing_secret: ['the new one', 'the old one'] }

  test('any of them is accepted, and the fingerprint tells which', async () => {
    const fingerprints: unknown[] = []
    for (const text of ['the new one', 'the old one']) {
      const request = await sign(strong, inbound({ body: '{}' }), { secrets: { signing_secret: text } })
      const result = await verify(strong, request, { secrets: rotating })
      expect(result).toMatchObject({ kind: 'accepted', secret: { name: 'signing_secret' } })
      fingerprints.push(result.kind === 'accepted' && result.secret?.fingerprint)
    }
    expect(new Set(fingerprints).size).toBe(2)
  })
  test('a secret that is no key does not stand in the way of one that is', async () => {
    const hex: Alternative = { ...strong, key: { encoding: 'hex' } }
    const request = await sign(hex, inbound({ body: '{}' }), { secrets: { signing_secret: 'c0ffee' } })
    expect(await verify(hex, request, { secrets: { signing_secret: ['not hex', 'c0ffee'] } })).toMatchObject({
      kind: 'accepted',
    })
    expect(await verify(hex, request, { secrets: { signing_secret: ['not hex'] } })).toMatchObject({
      code: 'key_invalid',
    })
  })
  test('an empty secret verifies nothing', async () => {
    const request = inbound({ headers: { 'x-token': '' } })
    expect(await verify(weak, request, { secrets: { token: '' } })).toMatchObject({
      kind: 'refused',
      code: 'key_invalid',
    })
  })
})

describe('what a verifier tells of itself', () => {
  test('where secrets stand in clear', () => {
    const verifier = verifierOf([
      strong,
      weak,
      { scheme: 'token', secret: 'token', signature: { query: 'token' } },
      { scheme: 'basic', username: 'user', password: 'password' },
    ])
    expect(verifier.secretHeaders).toEqual(['x-token', 'authorization'])
    expect(verifier.secretQuery).toEqual(['token'])
    expect(verifier.isUnverified).toBe(false)
  })
  test('that it has an unverified alternative', () => {
    expect(verifierOf([strong, open]).isUnverified).toBe(true)
  })
})

test('the common way is synchronous', async () => {
  const timed: Alternative = { ...strong, signed: '{timestamp}{body}', timestamp: { header: 'X-Time', unit: 's' } }
  const request = await sign(timed, inbound({ body: '{}' }), { secrets: both })
  expect(verifierOf([timed, weak]).verify(contextOf(request, { secrets: both }))).toMatchObject({ kind: 'accepted' })
})

test('no refusal holds the secret or the signature that was expected', async () => {
  const signed = await sign(strong, inbound({ body: '{}' }), { secrets: both })
  const expected = signed.headers.get('x-strong')!
  const result = JSON.stringify(
    await verify(strong, withHeaders(signed, { 'x-strong': '00'.repeat(32) }), { secrets: both }),
  )
  expect(result).not.toContain(expected)
  expect(result).not.toContain(both.signing_secret)
})

describe('clauses that cannot work are refused when the verifier is made', () => {
  const broken: { name: string; field: string; alternative: Alternative }[] = [
    {
      name: 'an HMAC without a secret',
      field: 'secret',
      alternative: { scheme: 'hmac-sha256', signature: { header: 'x' } },
    },
    {
      name: 'a signature at two places',
      field: 'signature',
      alternative: { ...strong, signature: { header: 'x', query: 'y' } },
    },
    { name: 'a signature at no place', field: 'signature', alternative: { ...strong, signature: { prefix: 'x' } } },
    { name: 'a placeholder that nothing fills', field: 'signed', alternative: { ...strong, signed: '{id}.{body}' } },
    {
      name: 'a timestamp in the text but nowhere in the request',
      field: 'signed',
      alternative: { ...strong, signed: '{timestamp}{body}' },
    },
    { name: 'a stray brace', field: 'signed', alternative: { ...strong, signed: '{body' } },
    { name: 'a tolerance without a timestamp', field: 'tolerance', alternative: { ...strong, tolerance: '5m' } },
    {
      name: 'a timestamp in a part that the format lacks',
      field: 'timestamp',
      alternative: { ...strong, timestamp: { part: 't', unit: 's' } },
    },
    { name: 'a timestamp at no place', field: 'timestamp', alternative: { ...strong, timestamp: { unit: 's' } } },
    {
      name: 'a format without a signature',
      field: 'signature',
      alternative: { ...strong, signature: { header: 'x', format: 't={t}' } },
    },
    { name: 'a digest that anybody can make', field: 'signed', alternative: { ...strong, scheme: 'digest-sha256' } },
    { name: 'a public key where a secret is due', field: 'public_key', alternative: { ...strong, public_key: 'x' } },
    { name: 'a PEM as an HMAC key', field: 'key', alternative: { ...strong, key: { encoding: 'pem' } } },
    {
      name: 'a public-key scheme without a key',
      field: 'secret',
      alternative: { scheme: 'ed25519', signature: { header: 'x' } },
    },
    {
      name: 'a public key that is none',
      field: 'public_key',
      alternative: { scheme: 'ed25519', public_key: 'x', signature: { header: 'x' } },
    },
    {
      name: 'a {secret} where the key is public',
      field: 'signed',
      alternative: { scheme: 'rsa-sha256', secret: 'k', signature: { header: 'x' }, signed: '{secret}' },
    },
    {
      name: 'a timestamp beside a token',
      field: 'timestamp',
      alternative: { ...weak, timestamp: { header: 'x', unit: 's' } },
    },
    { name: 'a token without a place', field: 'signature', alternative: { scheme: 'token', secret: 'token' } },
    { name: 'basic without a password', field: 'password', alternative: { scheme: 'basic', username: 'user' } },
    { name: 'unverified without a reason', field: 'reason', alternative: { scheme: 'unverified' } },
    { name: 'a JWT without algorithms', field: 'algorithms', alternative: { scheme: 'jwt', secret: 'k' } },
    {
      name: 'HS and RS side by side',
      field: 'algorithms',
      alternative: { scheme: 'jwt', secret: 'k', algorithms: ['HS256', 'RS256'] },
    },
    {
      name: 'HS with published keys',
      field: 'algorithms',
      alternative: { scheme: 'jwt', jwks: 'https://a.example', algorithms: ['HS256'] },
    },
    {
      name: 'two sources of the key',
      field: 'secret',
      alternative: { scheme: 'jwt', secret: 'k', jwks: 'https://a.example', algorithms: ['RS256'] },
    },
    {
      name: 'a body hash at two places',
      field: 'body_hash',
      alternative: { ...strong, body_hash: { header: 'x', query: 'y', digest: 'sha256', encoding: 'hex' } },
    },
    {
      name: 'a claim where there is no token',
      field: 'body_hash',
      alternative: { ...strong, body_hash: { claim: 'x', digest: 'sha256', encoding: 'hex' } },
    },
    {
      name: 'an HMAC with a published key',
      field: 'jwks',
      alternative: { ...strong, jwks: 'https://a.example' },
    },
    {
      name: 'a fetched public key as a secret',
      field: 'fetched_key',
      alternative: {
        scheme: 'hmac-sha256',
        signature: { header: 'x' },
        signed: '{body}',
        fetched_key: { url: 'https://a.example', as: 'pem' },
      },
    },
    {
      name: 'a URL out of the request without hosts',
      field: 'fetched_key',
      alternative: {
        scheme: 'rsa-sha256',
        signature: { header: 'x' },
        signed: '{body}',
        fetched_key: { url: { expression: 'body.url' }, as: 'pem' },
      },
    },
    {
      name: 'a key id in the host of a URL',
      field: 'fetched_key',
      alternative: {
        scheme: 'rsa-sha256',
        signature: { header: 'x' },
        signed: '{body}',
        fetched_key: { url: 'https://{key_id}.example.com/', as: 'pem' },
      },
    },
    {
      name: 'a key id for a key that has none',
      field: 'key_id',
      alternative: { ...strong, key_id: { header: 'x' } },
    },
    {
      name: 'a hint without a secret',
      field: 'connection',
      alternative: {
        scheme: 'ed25519',
        public_key: 'x',
        signature: { header: 'x' },
        signed: '{body}',
        connection: { field: 'connection_id', equals: 'body.id' },
      },
    },
    {
      name: 'a recipe for a published key',
      field: 'key',
      alternative: {
        scheme: 'ed25519',
        jwks: 'https://a.example',
        key: { encoding: 'hex' },
        signature: { header: 'x' },
        signed: '{body}',
      },
    },
    {
      name: 'a template of a key without the secret',
      field: 'key',
      alternative: { ...strong, key: { template: 'x' } },
    },
    { name: 'a text that nothing uses', field: 'texts', alternative: { ...strong, texts: { more: 'raw' } } },
    {
      name: 'a text with the name of something else',
      field: 'texts',
      alternative: { ...strong, texts: { body: 'raw' } },
    },
    { name: 'a filter that there is not', field: 'signed', alternative: { ...strong, signed: '{body|rot13}' } },
    { name: 'an item without a batch', field: 'signed', alternative: { ...strong, signed: '{item:id}' } },
    {
      name: 'groups without a format',
      field: 'signature',
      alternative: { ...strong, signature: { header: 'x', group_separator: ' ' } },
    },
    {
      name: 'JSON without the signature in it',
      field: 'signature',
      alternative: { ...strong, signature: { header: 'x', json: { kid: 'kid' } } },
    },
    {
      name: 'a format and JSON at once',
      field: 'signature',
      alternative: { ...strong, signature: { header: 'x', format: '{signature}', json: { signature: 's' } } },
    },
    {
      name: 'an age of what is no token',
      field: 'max_age',
      alternative: { ...strong, max_age: '5m' },
    },
    {
      name: 'a digest in a part that the format lacks',
      field: 'body_hash',
      alternative: { ...strong, body_hash: { part: 'x', digest: 'sha256', encoding: 'hex' } },
    },
  ]
  for (const { name, field, alternative } of broken) {
    test(name, () => {
      const failure = failureOf(() => createVerifier([alternative], { compileExpression }))
      expect(failure).toMatchObject({
        code: 'spec_invalid',
        details: { field, alternative: alternative.name ?? alternative.scheme },
      })
    })
  }
})

function failureOf(make: () => unknown): unknown {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    return error
  }
  return undefined
}
