import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSameBytes, isSameText } from '../../src/verify/compare.ts'

test('the same bytes are the same, whatever holds them', () => {
  expect(isSameBytes(Buffer.from('abc'), new Uint8Array([97, 98, 99]))).toBe(true)
})

test('bytes of another length are not the same, and comparing them does not throw', () => {
  expect(isSameBytes(Buffer.from('abc'), Buffer.from('abcd'))).toBe(false)
  expect(isSameBytes(Buffer.from('abc'), Buffer.alloc(0))).toBe(false)
})

test('text is compared as UTF-8, without normalising', () => {
  expect(isSameText('schön', 'schön')).toBe(true)
  expect(isSameText('schön'.normalize('NFC'), 'schön'.normalize('NFD'))).toBe(false)
})

test('agrees with plain equality on any two byte strings', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
      expect(isSameBytes(a, b)).toBe(Buffer.from(a).equals(b))
      expect(isSameBytes(a, Uint8Array.from(a))).toBe(true)
    }),
  )
})
