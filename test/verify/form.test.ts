import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formBytes, formText, readForm, readQuery, valuesOf } from '../../src/verify/form.ts'

const bodies = [
  {
    name: 'keeps the order and repetitions of pairs',
    body: 'b=1&a=2&b=3',
    pairs: [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ],
  },
  { name: 'reads plus as a blank and decodes escapes', body: 'a+b=%2B1%20', pairs: [['a b', '+1 ']] },
  {
    name: 'keeps blank values and names without a value',
    body: 'a=&b&=c',
    pairs: [
      ['a', ''],
      ['b', ''],
      ['', 'c'],
    ],
  },
  { name: 'skips empty parts', body: '&&a=1&', pairs: [['a', '1']] },
  { name: 'keeps an equals sign inside a value', body: 'a=b=c', pairs: [['a', 'b=c']] },
  { name: 'leaves an escape that is none as it is', body: 'a=%zz%4', pairs: [['a', '%zz%4']] },
  { name: 'decodes UTF-8', body: 'a=%E2%82%AC', pairs: [['a', '€']] },
  { name: 'an empty body has no pairs', body: '', pairs: [] },
]
for (const { name, body, pairs } of bodies) {
  test(name, () => {
    expect(readForm(Buffer.from(body)).map((pair) => [formText(pair.name), formText(pair.value)])).toEqual(pairs)
  })
}

test('keeps bytes that are not UTF-8', () => {
  expect(readForm(Buffer.from('a=%ff'))[0]?.value).toBe('\u00ff')
})

test('the query ends where the fragment begins', () => {
  expect(valuesOf(readQuery('https://a.example/x?t=1&u=2#t=3'), 't')).toEqual(['1'])
  expect(readQuery('https://a.example/x')).toEqual([])
})

test('a name written as bytes is read as the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(formText(formBytes(text))).toBe(text)
    }),
  )
})

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (body) => {
      expect(Array.isArray(readForm(body))).toBe(true)
    }),
  )
})
