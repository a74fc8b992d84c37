import { expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import { basicCredentials } from '../../../src/verify/schemes/basic.ts'
import { inbound, verify } from '../verifying.ts'

const basic: Alternative = { scheme: 'basic', username: 'user', password: 'password' }
const secrets = { user: 'Aladdin', password: ['open sesame', 'open:sesame'] }

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const cases: { name: string; authorization: string; code: string }[] = [
  { name: 'the example of RFC 7617', authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', code: 'accepted' },
  { name: 'a password with a colon', authorization: `Basic ${base64('Aladdin:open:sesame')}`, code: 'accepted' },
  { name: 'a wrong password', authorization: `Basic ${base64('Aladdin:open')}`, code: 'token_mismatch' },
  { name: 'a wrong user name', authorization: `Basic ${base64('Ali:open sesame')}`, code: 'token_mismatch' },
  { name: 'no password', authorization: `Basic ${base64('Aladdin')}`, code: 'signature_malformed' },
  { name: 'an empty user name and password', authorization: `Basic ${base64(':')}`, code: 'token_mismatch' },
  { name: 'no base64', authorization: 'Basic Aladdin:open sesame', code: 'signature_malformed' },
  { name: 'another authentication', authorization: 'Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==', code: 'signature_malformed' },
]
for (const { name, authorization, code } of cases) {
  test(`${name}: ${code}`, async () => {
    const result = await verify(basic, inbound({ headers: { authorization } }), { secrets })
    expect(result.kind === 'refused' ? result.code : result.kind).toBe(code)
  })
}

test('tells the password, not the user name, by its fingerprint', async () => {
  const request = inbound({ headers: { authorization: basicCredentials('Aladdin', 'open sesame') } })
  expect(await verify(basic, request, { secrets })).toMatchObject({ kind: 'accepted', secret: { name: 'password' } })
})

test('without a header there is nothing to check, and without a password nothing to check with', async () => {
  expect(await verify(basic, inbound({}), { secrets })).toMatchObject({ code: 'signature_missing' })
  expect(await verify(basic, inbound({}), { secrets: { user: 'Aladdin' } })).toMatchObject({ code: 'secret_missing' })
})

test('leaves the header to a token that reads it with another prefix', async () => {
  const bearer: Alternative = {
    scheme: 'token',
    secret: 'token',
    signature: { header: 'Authorization', prefix: 'Bearer ' },
  }
  const request = inbound({ headers: { authorization: 'Bearer s3cret' } })
  expect(await verify([basic, bearer], request, { secrets: { ...secrets, token: 's3cret' } })).toMatchObject({
    kind: 'accepted',
    scheme: 'token',
  })
})
