import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { readForm } from '../../src/verify/form.ts'
import { isRefusal, type Refusal } from '../../src/verify/scheme.ts'
import { compileSignedText, sortedForm } from '../../src/verify/signed-text.ts'
import { compileExpression, inbound, type RequestParts, viewOf } from './verifying.ts'

function render(
  signed: string | undefined,
  request: RequestParts,
  parts: Record<string, string> = {},
): Buffer | Refusal {
  const alternative: Alternative = {
    scheme: 'hmac-sha256',
    timestamp: { header: 'x-time', unit: 's' },
    ...(signed === undefined ? {} : { signed }),
  }
  const text = compileSignedText(alternative, ['signature', 'kid', 'id'], compileExpression)
  const chunks = text.render({
    request: inbound(request),
    url: inbound(request).url,
    view: viewOf(inbound(request)),
    timestamp: '0123',
    values: new Map(),
    parts: new Map(Object.entries(parts)),
    key: createSecretKey(Buffer.from([0xff, 0x00])),
  })
  return isRefusal(chunks) ? chunks : Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
}

const texts: { name: string; signed?: string; request: RequestParts; parts?: Record<string, string>; text: string }[] =
  [
    { name: 'the body by default', request: { body: 'x' }, text: 'x' },
    {
      name: 'literal text and the timestamp as it was sent',
      signed: 'v0:{timestamp}:{body}',
      request: { body: 'x' },
      text: 'v0:0123:x',
    },
    {
      name: 'method and URL',
      signed: '{method} {url}',
      request: { method: 'PUT', url: 'https://a.example/?b=c' },
      text: 'PUT https://a.example/?b=c',
    },
    {
      name: 'a header, whatever its case',
      signed: '{header:X-Id}.{body}',
      request: { headers: { 'x-ID': 'i7' }, body: 'x' },
      text: 'i7.x',
    },
    {
      name: 'a query parameter, decoded',
      signed: 'id:{query:data.id};',
      request: { url: 'https://a.example/?data.id=a%20b' },
      text: 'id:a b;',
    },
    {
      name: 'a part of the signature’s value',
      signed: '{kid}{body}',
      request: { body: 'x' },
      parts: { kid: 'k' },
      text: 'kx',
    },
    { name: 'a sorted form', signed: '{sorted_form}', request: { body: 'b=2&a=1%2B' }, text: 'a1+b2' },
    { name: 'an empty body', signed: '{body}', request: {}, text: '' },
  ]
for (const { name, signed, request, parts, text } of texts) {
  test(`renders ${name}`, () => expect(render(signed, request, parts)).toEqual(Buffer.from(text)))
}

test('bytes stay bytes: of the body, of the secret, and of a header beyond ASCII', () => {
  const body = Uint8Array.from([0, 0xff, 0x0a, 0x80])
  expect(render('{body}', { body })).toEqual(Buffer.from(body))
  expect(render('{secret}', {})).toEqual(Buffer.from([0xff, 0x00]))
  expect(render('{header:x}', { headers: { x: '\u00e4' } })).toEqual(Buffer.from([0xe4]))
})

const refusals = [
  { name: 'a missing header', signed: '{header:x-id}', request: {}, code: 'signed_text_unavailable' },
  {
    name: 'a header sent twice',
    signed: '{header:x-id}',
    request: { headers: { 'x-id': ['1', '2'] } },
    code: 'signature_ambiguous',
  },
  { name: 'a missing parameter', signed: '{query:id}', request: {}, code: 'signed_text_unavailable' },
  {
    name: 'a parameter sent twice',
    signed: '{query:id}',
    request: { url: 'https://a.example/?id=1&id=2' },
    code: 'signature_ambiguous',
  },
  { name: 'a missing part', signed: '{kid}', request: {}, code: 'signed_text_unavailable' },
]
for (const { name, signed, request, code } of refusals) {
  test(`refuses ${name}`, () => expect(render(signed, request)).toMatchObject({ kind: 'refused', code }))
}

describe('the sorted form', () => {
  const forms = [
    { name: 'sorts by name, upper case before lower', body: 'b=1&B=2&a=3', text: 'B2a3b1' },
    { name: 'puts the distinct values of a repeated name in order', body: 'a=3&b=0&a=1&a=3', text: 'a1a3b0' },
    { name: 'keeps blank values', body: 'b=&a', text: 'ab' },
    { name: 'sorts by byte and not by the order of UTF-16', body: '%F0%9F%98%80=1&%EF%BF%BD=2', text: '\ufffd2😀1' },
    { name: 'does not take one name and value for another', body: 'ab=c&a=bc', text: 'abcabc' },
  ]
  for (const { name, body, text } of forms) {
    test(name, () => expect(Buffer.from(sortedForm(readForm(Buffer.from(body)))).toString()).toBe(text))
  }
})
