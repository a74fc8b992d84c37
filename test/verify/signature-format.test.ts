import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileSignatureFormat, type SignatureFormat } from '../../src/verify/signature-format.ts'

function compiled(format: string, separator = ','): SignatureFormat {
  const result = compileSignatureFormat(format, separator)
  if (typeof result === 'string') throw new Error(result)
  return result
}

const readings = [
  {
    name: 'reads parts in any order',
    format: 't={timestamp},v1={signature}',
    value: 'v1=ab,t=5',
    signatures: ['ab'],
    parts: { timestamp: '5' },
  },
  {
    name: 'reads several signatures',
    format: 't={timestamp},v1={signature}',
    value: 't=5,v1=ab,v1=cd',
    signatures: ['ab', 'cd'],
    parts: { timestamp: '5' },
  },
  {
    name: 'ignores unknown elements',
    format: 't={timestamp},v1={signature}',
    value: 't=5,v0=zz,v1=ab,,x',
    signatures: ['ab'],
    parts: { timestamp: '5' },
  },
  {
    name: 'forgives blanks around elements',
    format: 't={timestamp},v1={signature}',
    value: 't=5, v1=ab',
    signatures: ['ab'],
    parts: { timestamp: '5' },
  },
  {
    name: 'reads another separator',
    format: 'ts={timestamp};h1={signature}',
    separator: ';',
    value: 'ts=5;h1=ab;h1=cd',
    signatures: ['ab', 'cd'],
    parts: { timestamp: '5' },
  },
  {
    name: 'reads blank-separated versions',
    format: 'v1,{signature}',
    separator: ' ',
    value: 'v1,ab v1a,zz v1,cd',
    signatures: ['ab', 'cd'],
    parts: {},
  },
  {
    name: 'reads by position',
    format: '{timestamp},{signature}',
    value: '5,ab,cd',
    signatures: ['ab', 'cd'],
    parts: { timestamp: '5' },
  },
  { name: 'reads a bare list', format: '{signature}', value: 'ab, cd', signatures: ['ab', 'cd'], parts: {} },
  {
    name: 'reads two placeholders in one element',
    format: 'v1={kid}:{signature}',
    value: 'v1=k7:ab',
    signatures: ['ab'],
    parts: { kid: 'k7' },
  },
  { name: 'reads text after a placeholder', format: '<{signature}>', value: '<ab>', signatures: ['ab'], parts: {} },
  {
    name: 'takes the element with the longer beginning',
    format: 'v1={version},v1=s:{signature}',
    value: 'v1=s:ab,v1=2',
    signatures: ['ab'],
    parts: { version: '2' },
  },
  {
    name: 'leaves out a part that is not there',
    format: 't={timestamp},v1={signature}',
    value: 'v1=ab',
    signatures: ['ab'],
    parts: {},
  },
  {
    name: 'needs an element without placeholder to stand there',
    format: 'app,{signature}',
    value: 'app,ab',
    signatures: ['ab'],
    parts: {},
  },
]
for (const { name, format, separator, value, signatures, parts } of readings) {
  test(name, () => {
    const reading = compiled(format, separator).read(value)
    expect(reading).toMatchObject({ kind: 'read', signatures })
    if (reading.kind === 'read') expect(Object.fromEntries(reading.parts)).toEqual(parts)
  })
}

const foreign = [
  { name: 'a value without a signature is foreign', format: 't={timestamp},v1={signature}', value: 't=5,v0=ab' },
  { name: 'an empty value is foreign', format: '{signature}', value: '' },
  { name: 'another version is foreign', format: 'v1,{signature}', separator: ' ', value: 'v1a,ab' },
  { name: 'a missing fixed element makes it foreign', format: 'app,{signature}', value: 'ab' },
  { name: 'a missing end makes it foreign', format: '<{signature}>', value: '<ab' },
]
for (const { name, format, separator, value } of foreign) {
  test(name, () => expect(compiled(format, separator).read(value)).toEqual({ kind: 'foreign' }))
}

test('a timestamp that stands twice is ambiguous', () => {
  expect(compiled('t={timestamp},v1={signature}').read('t=5,t=6,v1=ab')).toEqual({
    kind: 'ambiguous',
    placeholder: 'timestamp',
  })
})

const broken = [
  't={timestamp}',
  '{signature},v1={signature}',
  'v={a},v={signature}',
  '{a}{signature}',
  'v1={signature',
  'v1={Signature}',
]
for (const format of broken) {
  test(`the format ${format} is refused`, () => expect(compileSignatureFormat(format, ',')).toEqual(expect.any(String)))
}

test('reads back what it writes', () => {
  const format = compiled('t={timestamp},v1={signature}')
  expect(format.write({ timestamp: '5', signature: 'ab' })).toBe('t=5,v1=ab')
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]+$/), fc.stringMatching(/^[0-9a-f]+$/), (timestamp, signature) => {
      expect(format.read(format.write({ timestamp, signature }))).toMatchObject({
        kind: 'read',
        signatures: [signature],
      })
    }),
  )
})

test('arbitrary values never throw', () => {
  const format = compiled('t={timestamp},v1={kid}:{signature}')
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(['read', 'foreign', 'ambiguous']).toContain(format.read(value).kind)
      expect(['read', 'foreign', 'ambiguous']).toContain(format.read(`t=${value},v1=${value}`).kind)
    }),
  )
})
