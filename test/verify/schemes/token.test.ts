import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import { inbound, type RequestParts, verify } from '../verifying.ts'

const given = { secrets: { token: ['current', 'former'] } }

const places: {
  name: string
  signature: NonNullable<Alternative['signature']>
  request: (value: string) => RequestParts
}[] = [
  { name: 'header', signature: { header: 'X-Token' }, request: (value) => ({ headers: { 'x-token': value } }) },
  {
    name: 'header with a prefix',
    signature: { header: 'Authorization', prefix: 'Bearer ' },
    request: (value) => ({ headers: { authorization: `Bearer ${value}` } }),
  },
  {
    name: 'query parameter',
    signature: { query: 'token' },
    request: (value) => ({ url: `https://a.example/?token=${value}` }),
  },
  { name: 'form field', signature: { form: 'token' }, request: (value) => ({ body: `a=b&token=${value}` }) },
  {
    name: 'body member',
    signature: { body: 'body.token' },
    request: (value) => ({ body: JSON.stringify({ token: value }) }),
  },
  {
    name: 'computed body member',
    signature: { body: 'body.tokens[0]' },
    request: (value) => ({ body: JSON.stringify({ tokens: [value, 'x'] }) }),
  },
]
for (const { name, signature, request } of places) {
  describe(`a token in a ${name}`, () => {
    const alternative: Alternative = { scheme: 'token', secret: 'token', signature }
    const outcome = async (parts: RequestParts): Promise<string> => {
      const result = await verify(alternative, inbound(parts), given)
      return result.kind === 'refused' ? result.code : result.kind
    }
    test('is accepted when it is a live secret', async () => {
      expect(await outcome(request('current'))).toBe('accepted')
      expect(await outcome(request('former'))).toBe('accepted')
    })
    for (const wrong of ['curren', 'currentx', 'Current', 'current%00']) {
      test(`is refused as ${wrong}`, async () => {
        expect(await outcome(request(wrong))).toBe('token_mismatch')
      })
    }
    test('is refused when it is missing', async () => {
      expect(await outcome({})).toBe('signature_missing')
    })
  })
}

describe('a token in every item of a batch', () => {
  const alternative: Alternative = {
    scheme: 'token',
    secret: 'token',
    each: 'body.value',
    signature: { body: 'item.clientState' },
  }
  const cases: { name: string; body: unknown; code: string }[] = [
    {
      name: 'all carry it',
      body: { value: [{ clientState: 'current' }, { clientState: 'former' }] },
      code: 'accepted',
    },
    {
      name: 'the last one is wrong',
      body: { value: [{ clientState: 'current' }, { clientState: 'x' }] },
      code: 'token_mismatch',
    },
    { name: 'one lacks it', body: { value: [{ clientState: 'current' }, {}] }, code: 'signature_missing' },
    { name: 'one is null', body: { value: [{ clientState: 'current' }, null] }, code: 'signature_missing' },
    { name: 'none carries it', body: { value: [{}] }, code: 'signature_missing' },
    { name: 'there are no items', body: { value: [] }, code: 'signature_missing' },
    { name: 'there is no batch', body: {}, code: 'signature_missing' },
    { name: 'the batch is an object', body: { value: { 0: { clientState: 'current' } } }, code: 'signature_missing' },
    { name: 'the token is an object', body: { value: [{ clientState: {} }] }, code: 'signature_malformed' },
    {
      name: 'the token is a list',
      body: { value: [{ clientState: ['current', 'current'] }] },
      code: 'signature_ambiguous',
    },
  ]
  for (const { name, body, code } of cases) {
    test(`${name}: ${code}`, async () => {
      const result = await verify(alternative, inbound({ body: JSON.stringify(body) }), given)
      expect(result.kind === 'refused' ? result.code : result.kind).toBe(code)
    })
  }
  test('a batch that is there but empty is not left to a weaker alternative', async () => {
    const open: Alternative = { scheme: 'unverified', reason: 'nothing is signed here' }
    const result = await verify([alternative, open], inbound({ body: '{"value":[]}' }), given)
    expect(result).toMatchObject({ kind: 'refused', scheme: 'token' })
  })
})
