import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMultipart } from '../../src/domain/multipart.ts'

const body = (...parts: string[]): string => `${parts.map((part) => `--b0\r\n${part}\r\n`).join('')}--b0--\r\n`
const field = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
const read = (text: string): unknown =>
  readMultipart(Buffer.from(text, 'latin1'))?.map(({ name, filename, bytes }) => [
    name,
    filename ?? null,
    Buffer.from(bytes).toString('latin1'),
  ])

describe('reads', () => {
  test('fields in their order, repeated ones too', () => {
    expect(read(body(field('a', '1'), field('b', 'x\r\ny'), field('a', '')))).toEqual([
      ['a', null, '1'],
      ['b', null, 'x\r\ny'],
      ['a', null, ''],
    ])
  })

  test('files with their names and bytes', () => {
    const file =
      'content-disposition: form-data; filename="a.pdf"; name=f\r\nContent-Type: application/pdf\r\n\r\n\xff\x00'
    expect(read(body(file))).toEqual([['f', 'a.pdf', '\xff\x00']])
  })

  test('a quote in a name', () => expect(read(body(field('a%22b', '1')))).toEqual([['a"b', null, '1']]))
  test('a body that ends with its last delimiter', () =>
    expect(read(body(field('a', '1')).slice(0, -2))).toEqual([['a', null, '1']]))
})

describe('is none', () => {
  for (const { name, text } of [
    { name: 'an empty body', text: '' },
    { name: 'a url-encoded form', text: 'a=1' },
    { name: 'text before the first delimiter', text: `x\r\n${body(field('a', '1'))}` },
    { name: 'text after the last', text: `${body(field('a', '1'))}x` },
    { name: 'an end that is missing', text: body(field('a', '1')).slice(0, -8) },
    { name: 'a part without head', text: body('\r\n\r\n1') },
    { name: 'a part without name', text: body('Content-Disposition: form-data\r\n\r\n1') },
    { name: 'a part of another disposition', text: body('Content-Disposition: attachment; name="a"\r\n\r\n1') },
    {
      name: 'a part with two dispositions',
      text: body(`Content-Disposition: form-data; name="b"\r\n${field('a', '1')}`),
    },
    { name: 'line feeds without carriage returns', text: body(field('a', '1')).replaceAll('\r', '') },
    { name: 'more fields than any form has', text: body(...Array.from({ length: 1_001 }, () => field('a', '1'))) },
  ]) {
    test(name, () => expect(read(text)).toBeUndefined())
  }
})

test('never throws', () => {
  const unit = fc.constantFrom('--b0', '\r\n', '--', 'Content-Disposition: form-data; name="a"', ':', 'x', '"')
  fc.assert(fc.property(fc.array(unit), (parts) => void readMultipart(Buffer.from(`--b0\r\n${parts.join('')}`))))
})
