/** The order in which a signed request is judged, and the codes that come of it. */
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { inbound, NOW, sign, type Surroundings, verify, withBody, withHeaders } from './verifying.ts'

const secrets = { secret: 'a signing secret' }
const given: Surroundings = { secrets }
const base: Alternative = {
  scheme: 'hmac-sha256',
  secret: 'secret',
  signature: { header: 'X-Sig' },
  signed: '{timestamp}.{body}',
}
const timed: Alternative = { ...base, timestamp: { header: 'X-Time', unit: 's' }, tolerance: '3m' }
const late: Surroundings = { secrets, now: NOW + 181_000 }

describe('the timestamp', () => {
  const cases: { name: string; time: string | string[] | undefined; code: string }[] = [
    { name: 'is missing', time: undefined, code: 'timestamp_missing' },
    { name: 'was sent twice', time: ['1', '1'], code: 'signature_ambiguous' },
    { name: 'is another than the signed one', time: String(NOW / 1_000 + 1), code: 'signature_mismatch' },
    { name: 'is no time, and not what was signed', time: 'soon', code: 'signature_mismatch' },
  ]
  for (const { name, time, code } of cases) {
    test(`${name}: ${code}`, async () => {
      const signed = await sign(timed, inbound({ body: '{}' }), given)
      expect(await verify(timed, withHeaders(signed, { 'X-Time': time }), given)).toMatchObject({ code })
    })
  }

  test('is no time although it was signed', async () => {
    const signed = await sign(timed, inbound({ body: '{}', headers: { 'x-time': 'soon' } }), given)
    expect(await verify(timed, signed, given)).toMatchObject({ code: 'timestamp_malformed' })
  })
  test('is signed as the text that was sent, leading zeros and all', async () => {
    const signed = await sign(timed, inbound({ body: '{}', headers: { 'x-time': `0${NOW / 1_000}` } }), given)
    expect(await verify(timed, signed, given)).toMatchObject({ kind: 'accepted' })
    const other = withHeaders(signed, { 'x-time': String(NOW / 1_000) })
    expect(await verify(timed, other, given)).toMatchObject({ code: 'signature_mismatch' })
  })
  test('is judged after the signature, so that a forgery is not called old', async () => {
    const signed = await sign(timed, inbound({ body: '{}' }), given)
    expect(await verify(timed, signed, late)).toMatchObject({ code: 'signature_expired', clockSkewMs: 181_000 })
    expect(await verify(timed, withBody(signed, '[]'), late)).toMatchObject({ code: 'signature_mismatch' })
  })
  test('may stand in the query, in a form field or in the body', async () => {
    const places = [
      { timestamp: { query: 'time', unit: 's' }, body: '{}' },
      { timestamp: { form: 'time', unit: 'ms' }, body: 'a=b' },
      { timestamp: { body: 'body.time', unit: 'iso8601' }, body: '{}' },
    ] as const
    for (const { timestamp, body } of places) {
      const alternative: Alternative = { ...base, timestamp }
      const signed = await sign(alternative, inbound({ body }), given)
      expect(await verify(alternative, signed, given)).toMatchObject({ kind: 'accepted', clockSkewMs: 0 })
      expect(await verify(alternative, signed, { ...given, now: NOW + 300_001 })).toMatchObject({
        code: 'signature_expired',
      })
      expect(await verify(alternative, inbound({ headers: { 'x-sig': 'ab' } }), given)).toMatchObject({
        code: 'timestamp_missing',
      })
    }
  })
})

describe('the digest of the body', () => {
  const hashed: Alternative = {
    ...base,
    signed: '{header:Digest}',
    body_hash: { header: 'Digest', digest: 'sha512', encoding: 'base64' },
  }
  test('must be that of the body', async () => {
    const signed = await sign(hashed, inbound({ body: '{}' }), given)
    expect(await verify(hashed, signed, given)).toMatchObject({ kind: 'accepted' })
    expect(await verify(hashed, withBody(signed, '[]'), given)).toMatchObject({ code: 'body_hash_mismatch' })
  })
  test('must be the one that was signed', async () => {
    const signed = await sign(hashed, inbound({ body: '{}' }), given)
    const other = await sign(hashed, inbound({ body: '[]' }), given)
    const forged = withHeaders(withBody(signed, '[]'), { digest: other.headers.get('digest') })
    expect(await verify(hashed, forged, given)).toMatchObject({ code: 'signature_mismatch' })
  })
  test('must stand there once', async () => {
    const alternative: Alternative = { ...hashed, signed: '{method}' }
    const signed = await sign(alternative, inbound({ body: '{}' }), given)
    expect(await verify(alternative, withHeaders(signed, { digest: undefined }), given)).toMatchObject({
      code: 'body_hash_mismatch',
    })
    const value = signed.headers.get('digest')!
    expect(await verify(alternative, withHeaders(signed, { digest: [value, value] }), given)).toMatchObject({
      code: 'signature_ambiguous',
    })
  })
})

test('one right signature among several is enough, one malformed among them is too many', async () => {
  const alternative: Alternative = {
    ...base,
    signed: '{body}',
    signature: { header: 'X-Sig', format: 'v1={signature}' },
  }
  const signed = await sign(alternative, inbound({ body: '{}' }), given)
  const good = signed.headers.get('x-sig')!
  const wrong = `v1=${'ab'.repeat(32)}`
  expect(await verify(alternative, withHeaders(signed, { 'x-sig': `${wrong},${good}` }), given)).toMatchObject({
    kind: 'accepted',
  })
  expect(await verify(alternative, withHeaders(signed, { 'x-sig': `${wrong},${wrong}` }), given)).toMatchObject({
    code: 'signature_mismatch',
  })
  expect(await verify(alternative, withHeaders(signed, { 'x-sig': `v1=xyz,${good}` }), given)).toMatchObject({
    code: 'signature_malformed',
  })
})

test('a header that is signed must be there, and once', async () => {
  const alternative: Alternative = { ...base, signed: '{header:X-Id}.{body}' }
  const signed = await sign(alternative, inbound({ body: '{}', headers: { 'x-id': '1' } }), given)
  expect(await verify(alternative, withHeaders(signed, { 'x-id': undefined }), given)).toMatchObject({
    code: 'signed_text_unavailable',
  })
  expect(await verify(alternative, withHeaders(signed, { 'x-id': ['1', '1'] }), given)).toMatchObject({
    code: 'signature_ambiguous',
  })
})

test('the method and the URL are covered where the text holds them', async () => {
  const alternative: Alternative = { ...base, signed: '{method}{url}{body}' }
  const signed = await sign(alternative, inbound({ body: '{}' }), given)
  expect(await verify(alternative, { ...signed, method: 'PUT' }, given)).toMatchObject({ code: 'signature_mismatch' })
  expect(await verify(alternative, { ...signed, url: `${signed.url}?x` }, given)).toMatchObject({
    code: 'signature_mismatch',
  })
})
