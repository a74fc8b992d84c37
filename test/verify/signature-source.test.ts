import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { HeaderList } from '../../src/domain/request.ts'
import { isRefusal } from '../../src/verify/scheme.ts'
import { compileSignatureSource } from '../../src/verify/signature-source.ts'
import { compileExpression, contextOf, inbound, type RequestParts } from './verifying.ts'

type Source = NonNullable<Alternative['signature']>

/** The texts of the signature, a code, or `absent`. */
async function read(signature: Source, parts: RequestParts, sharesPlace = false): Promise<readonly string[] | string> {
  const alternative: Alternative = { scheme: 'hmac-sha256', secret: 'secret', signature }
  const reader = compileSignatureSource(alternative, { compileExpression, sharesPlace, publicKey: undefined })
  const found = await reader.read(contextOf(inbound(parts)))
  if (found === undefined) return 'absent'
  return isRefusal(found) ? found.code : found.texts
}

const cases: {
  name: string
  signature: Source
  request: RequestParts
  sharesPlace?: boolean
  finds: readonly string[] | string
}[] = [
  {
    name: 'a header, whatever its case',
    signature: { header: 'X-Sig' },
    request: { headers: { 'x-SIG': 'ab' } },
    finds: ['ab'],
  },
  { name: 'nothing', signature: { header: 'X-Sig' }, request: {}, finds: 'absent' },
  {
    name: 'an empty header, which is there',
    signature: { header: 'X-Sig' },
    request: { headers: { 'x-sig': '' } },
    finds: [''],
  },
  {
    name: 'a header sent twice',
    signature: { header: 'X-Sig' },
    request: { headers: { 'x-sig': ['ab', 'ab'] } },
    finds: 'signature_ambiguous',
  },
  {
    name: 'several headers where several may come',
    signature: { header: 'X-Sig', several: true },
    request: { headers: { 'x-sig': ['ab', 'cd'] } },
    finds: ['ab', 'cd'],
  },
  {
    name: 'several composite headers',
    signature: { header: 'X-Sig', several: true, format: 'v1={signature}' },
    request: { headers: { 'x-sig': ['v1=ab', 'v1=cd,v1=ef'] } },
    finds: ['ab', 'cd', 'ef'],
  },
  {
    name: 'parts in two of several headers',
    signature: { header: 'X-Sig', several: true, format: 't={t},v1={signature}' },
    request: { headers: { 'x-sig': ['t=1,v1=ab', 't=2,v1=cd'] } },
    finds: 'signature_ambiguous',
  },
  {
    name: 'a prefix',
    signature: { header: 'X-Sig', prefix: 'v0=' },
    request: { headers: { 'x-sig': 'v0=ab' } },
    finds: ['ab'],
  },
  {
    name: 'a prefix of another case',
    signature: { header: 'X-Sig', prefix: 'v0=' },
    request: { headers: { 'x-sig': 'V0=ab' } },
    finds: 'signature_malformed',
  },
  {
    name: 'another prefix, which is somebody else’s',
    signature: { header: 'X-Sig', prefix: 'v0=' },
    request: { headers: { 'x-sig': 'v1=ab' } },
    sharesPlace: true,
    finds: 'absent',
  },
  {
    name: 'a prefix before a format',
    signature: { header: 'X-Sig', prefix: 'sig ', format: 't={t};s={signature}', separator: ';' },
    request: { headers: { 'x-sig': 'sig t=1;s=ab' } },
    finds: ['ab'],
  },
  {
    name: 'a form that the format does not know',
    signature: { header: 'X-Sig', format: 'v1={signature}' },
    request: { headers: { 'x-sig': 'v2=ab' } },
    finds: 'signature_malformed',
  },
  {
    name: 'a query parameter',
    signature: { query: 'sig' },
    request: { url: 'https://a.example/?sig=a%2Bb' },
    finds: ['a+b'],
  },
  {
    name: 'a query parameter sent twice',
    signature: { query: 'sig' },
    request: { url: 'https://a.example/?sig=a&sig=a' },
    finds: 'signature_ambiguous',
  },
  { name: 'a form field', signature: { form: 'sig' }, request: { body: 'a=b&sig=c+d' }, finds: ['c d'] },
  { name: 'a body member', signature: { body: 'body.sig' }, request: { body: '{"sig":"ab"}' }, finds: ['ab'] },
  {
    name: 'a number in the body, in its digits',
    signature: { body: 'body.sig' },
    request: { body: '{"sig":12}' },
    finds: ['12'],
  },
  { name: 'null in the body', signature: { body: 'body.sig' }, request: { body: '{"sig":null}' }, finds: 'absent' },
  {
    name: 'an object in the body',
    signature: { body: 'body.sig' },
    request: { body: '{"sig":{}}' },
    finds: 'signature_malformed',
  },
  {
    name: 'a list in the body',
    signature: { body: 'body.sig' },
    request: { body: '{"sig":["a","b"]}' },
    finds: 'signature_ambiguous',
  },
  { name: 'a body that cannot be read', signature: { body: 'body.sig' }, request: { body: '{' }, finds: 'absent' },
  {
    name: 'an expression that fails',
    signature: { body: '$number(body.sig)' },
    request: { body: '{"sig":"x"}' },
    finds: 'expression_failed',
  },
  {
    name: 'more signatures than anybody needs',
    signature: { header: 'X-Sig', format: '{signature}' },
    request: { headers: { 'x-sig': 'ab,'.repeat(33) } },
    finds: 'signature_ambiguous',
  },
]

describe('reads', () => {
  for (const { name, signature, request, sharesPlace, finds } of cases) {
    test(name, async () => {
      expect(await read(signature, request, sharesPlace)).toEqual(finds)
    })
  }
})

test('a header list that names nothing has no signature', async () => {
  const alternative: Alternative = { scheme: 'hmac-sha256', secret: 'secret', signature: { header: 'X-Sig' } }
  const reader = compileSignatureSource(alternative, { compileExpression, sharesPlace: false, publicKey: undefined })
  expect(await reader.read(contextOf({ ...inbound({}), headers: new HeaderList([]) }))).toBeUndefined()
})
