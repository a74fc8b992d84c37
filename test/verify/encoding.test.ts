import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ByteEncoding, decodeBytes, encodeBytes, headBytes } from '../../src/verify/encoding.ts'

const readings: { name: string; text: string; encoding: ByteEncoding; hex: string | undefined }[] = [
  { name: 'reads hex', text: '00ff7a', encoding: 'hex', hex: '00ff7a' },
  { name: 'reads hex in upper case', text: '00FF7A', encoding: 'hex', hex: '00ff7a' },
  { name: 'refuses hex of odd length', text: '00f', encoding: 'hex', hex: undefined },
  { name: 'refuses hex that stops being hex', text: '00zz', encoding: 'hex', hex: undefined },
  { name: 'refuses hex with a prefix', text: '0x00', encoding: 'hex', hex: undefined },
  { name: 'reads base64', text: '+/8=', encoding: 'base64', hex: 'fbff' },
  { name: 'reads base64 without its padding', text: '+/8', encoding: 'base64', hex: 'fbff' },
  { name: 'refuses base64 with half its padding', text: '+w=', encoding: 'base64', hex: undefined },
  { name: 'refuses base64 with too much padding', text: '+/8==', encoding: 'base64', hex: undefined },
  { name: 'refuses base64 whose last bits are not zero', text: '+/9=', encoding: 'base64', hex: undefined },
  { name: 'refuses the URL alphabet where the plain one is due', text: '-_8=', encoding: 'base64', hex: undefined },
  { name: 'refuses white space in base64', text: '+/ 8=', encoding: 'base64', hex: undefined },
  { name: 'refuses a newline after base64', text: '+/8=\n', encoding: 'base64', hex: undefined },
  { name: 'reads base64url', text: '-_8', encoding: 'base64url', hex: 'fbff' },
  { name: 'reads base64url with padding', text: '-_8=', encoding: 'base64url', hex: 'fbff' },
  { name: 'refuses the plain alphabet where the URL one is due', text: '+/8', encoding: 'base64url', hex: undefined },
  { name: 'refuses a single character of base64', text: 'A', encoding: 'base64', hex: undefined },
  { name: 'refuses nothing at all', text: '', encoding: 'hex', hex: undefined },
]
for (const { name, text, encoding, hex } of readings) {
  test(name, () => expect(decodeBytes(text, encoding)?.toString('hex')).toBe(hex))
}

test('reads back what it writes, and only one base64 text stands for it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.constantFrom<ByteEncoding>('hex', 'base64', 'base64url'),
      (bytes, encoding) => {
        const text = encodeBytes(bytes, encoding)
        expect(decodeBytes(text, encoding)).toEqual(Buffer.from(bytes))
      },
    ),
  )
})

test('arbitrary text never throws', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom<ByteEncoding>('hex', 'base64', 'base64url'),
      (text, encoding) => {
        const bytes = decodeBytes(text, encoding)
        if (bytes !== undefined && encoding === 'base64')
          expect(bytes.toString('base64').replace(/=*$/, '')).toBe(text.replace(/=*$/, ''))
      },
    ),
  )
})

test('text of the request head is hashed as the bytes it came in', () => {
  expect(headBytes('plain')).toBe('plain')
  expect(headBytes('sch\u00f6n')).toEqual(Buffer.from([0x73, 0x63, 0x68, 0xf6, 0x6e]))
  expect(headBytes('\u20ac')).toEqual(Buffer.from('€', 'utf8'))
})
