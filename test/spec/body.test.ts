import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProviderSpec } from '../../src/domain/provider-spec.gen.ts'
import { bodyKindsOf, decodeBody } from '../../src/spec/body.ts'

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const multipart = (name: string, value: string): string =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--x\r\nContent-Disposition: form-data; name="f"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\nabc\r\n--x--\r\n`

interface Decoding {
  readonly name: string
  readonly body: ProviderSpec['body']
  readonly raw: string | Uint8Array
  readonly kind: string
  readonly value: unknown
  /** The payload's text. */
  readonly payload?: string
}

const decodings: readonly Decoding[] = [
  {
    name: 'JSON, verbatim',
    body: undefined,
    raw: '{ "id": 12345678901234567890 }',
    kind: 'json',
    value: { id: '12345678901234567890' },
    payload: '{ "id": 12345678901234567890 }',
  },
  {
    name: 'a form',
    body: 'form',
    raw: 'a=1&b=x+y&b=z',
    kind: 'form',
    value: { a: '1', b: ['x y', 'z'] },
    payload: '{"a":"1","b":["x y","z"]}',
  },
  {
    name: 'JSON in a field of a form',
    body: { form_json: 'payload' },
    raw: 'payload=%7B%22a%22%3A1%7D',
    kind: 'form_json',
    value: { a: 1 },
    payload: '{"a":1}',
  },
  {
    name: 'XML',
    body: 'xml',
    raw: '<a><b>1</b></a>',
    kind: 'xml',
    value: { a: { b: '1' } },
    payload: '{"a":{"b":"1"}}',
  },
  {
    name: 'XML with lists',
    body: { xml_lists: ['b'] },
    raw: '<a><b>1</b></a>',
    kind: 'xml',
    value: { a: { b: ['1'] } },
  },
  {
    name: 'lines of JSON, verbatim',
    body: 'json_lines',
    raw: '{"a":1.0}\r\n\n[2]\n',
    kind: 'json_lines',
    value: [{ a: 1 }, [2]],
    payload: '[{"a":1.0},[2]]',
  },
  {
    name: 'a multipart form, of files what they are called',
    body: 'multipart',
    raw: multipart('a', '1'),
    kind: 'multipart',
    value: { a: '1', f: { filename: 'a.pdf', content_type: 'application/pdf', size: 3 } },
  },
  {
    name: 'JSON in a multipart field',
    body: { multipart_json: 'json' },
    raw: multipart('json', '{"a":1}'),
    kind: 'multipart_json',
    value: { a: 1 },
    payload: '{"a":1}',
  },
  {
    name: 'the claims of a compact token',
    body: 'jwt',
    raw: `${encode({ alg: 'HS256' })}.${encode({ a: 1 })}.AAAA`,
    kind: 'jwt',
    value: { a: 1 },
    payload: '{"a":1}',
  },
  {
    name: 'compressed JSON',
    body: { gzip: 'json' },
    raw: gzipSync('{"a":1}'),
    kind: 'json',
    value: { a: 1 },
    payload: '{"a":1}',
  },
  {
    name: 'the first kind that fits',
    body: ['json', 'json_lines', 'form', 'empty'],
    raw: '',
    kind: 'empty',
    value: {},
  },
  { name: 'text', body: ['json', 'text'], raw: 'Ping test', kind: 'text', value: 'Ping test', payload: 'Ping test' },
]

for (const { name, body, raw, kind, value, payload } of decodings) {
  test(`decodes ${name}`, () => {
    const decoded = decodeBody(bodyKindsOf(body), Buffer.from(raw))
    if (decoded.kind === 'unreadable') throw new Error(decoded.detail)
    expect(decoded.kind).toBe(kind)
    expect(JSON.parse(JSON.stringify(decoded.value))).toEqual(value)
    if (payload !== undefined) expect(Buffer.from(decoded.payload.bytes).toString()).toBe(payload)
  })
}

describe('cannot read, and keeps as text', () => {
  const refused: readonly { name: string; body: ProviderSpec['body']; raw: string | Uint8Array }[] = [
    { name: 'XML as JSON', body: 'json', raw: '<a/>' },
    { name: 'JSON as XML', body: 'xml', raw: '{"a":1}' },
    { name: 'XML with a document type', body: 'xml', raw: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
    { name: 'a line that is no JSON', body: 'json_lines', raw: '{"a":1}\n1,2' },
    { name: 'no line', body: 'json_lines', raw: '\n' },
    { name: 'a url-encoded form as multipart', body: 'multipart', raw: 'a=1' },
    { name: 'a multipart form without the field', body: { multipart_json: 'json' }, raw: multipart('other', '{}') },
    { name: 'a file in place of the field', body: { multipart_json: 'f' }, raw: multipart('other', '{}') },
    { name: 'two fields where one is expected', body: { form_json: 'p' }, raw: 'p=1&p=2' },
    { name: 'a token of two parts', body: 'jwt', raw: 'e30.e30' },
    { name: 'a token with a line break', body: 'jwt', raw: `${encode({})}.${encode({})}.AAAA\n` },
    { name: 'plain JSON as compressed', body: { gzip: 'json' }, raw: '{"a":1}' },
    {
      name: 'compressed bytes that grow beyond all bounds',
      body: { gzip: 'text' },
      raw: gzipSync(Buffer.alloc(17 * 1_048_576)),
    },
    { name: 'half of a compressed body', body: { gzip: 'json' }, raw: gzipSync('{"a":1}').subarray(0, 20) },
    { name: 'bytes that are no UTF-8', body: ['json', 'form', 'text', 'xml'], raw: Uint8Array.of(0x7b, 0xff, 0x7d) },
  ]
  for (const { name, body, raw } of refused) {
    test(name, () => {
      const decoded = decodeBody(bodyKindsOf(body), Buffer.from(raw))
      expect(decoded.kind).toBe('unreadable')
      expect(Buffer.from(decoded.payload.bytes)).toEqual(Buffer.from(raw))
    })
  }
})

test('never throws, whatever the bytes', () => {
  const kinds = bodyKindsOf([
    'json',
    'form',
    'xml',
    'json_lines',
    'jwt',
    'multipart',
    { gzip: 'json' },
    { form_json: 'a' },
    'empty',
    'text',
  ])
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => Buffer.from(text)),
      ),
      (bytes) => void decodeBody(kinds, bytes),
    ),
  )
})
