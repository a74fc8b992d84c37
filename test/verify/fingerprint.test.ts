import { expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { fingerprintOf } from '../../src/verify/fingerprint.ts'

test('is the first eight hex digits of the SHA-256 of the text', () => {
  // sha256("abc") of FIPS 180-4 begins with ba7816bf.
  expect(fingerprintOf(new Secret('abc'))).toBe('ba7816bf')
})
