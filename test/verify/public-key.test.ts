import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type KeyKind, readPublicKey, writePublicKey } from '../../src/verify/public-key.ts'

const pairs: Record<KeyKind, { publicKey: KeyObject; privateKey: KeyObject }> = {
  ed25519: generateKeyPairSync('ed25519'),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}
const kinds = ['ed25519', 'rsa', 'ec'] as const
const encodings = ['pem', 'der', 'hex', 'base64', 'utf8'] as const

for (const kind of kinds) {
  describe(kind, () => {
    const { publicKey, privateKey } = pairs[kind]
    for (const encoding of encodings) {
      test(`reads the key written as ${encoding}, and no other kind`, () => {
        const recipe = { encoding, strip_prefix: 'whpk_' } as const
        const text = writePublicKey(publicKey, recipe)
        expect(readPublicKey(text, recipe, kind)?.equals(publicKey)).toBe(true)
        for (const other of kinds) if (other !== kind) expect(readPublicKey(text, recipe, other)).toBeUndefined()
      })
    }
    test('a private key is not taken for a public one', () => {
      expect(readPublicKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), {}, kind)).toBeUndefined()
    })
  })
}

test('a compressed point is an elliptic key', () => {
  const { x, y } = pairs.ec.publicKey.export({ format: 'jwk' })
  const even = (Buffer.from(y!, 'base64url').at(-1)! & 1) === 0
  const point = Buffer.concat([Buffer.from([even ? 2 : 3]), Buffer.from(x!, 'base64url')]).toString('hex')
  expect(readPublicKey(point, { encoding: 'hex' }, 'ec')?.equals(pairs.ec.publicKey)).toBe(true)
})

test('the raw bytes of an Ed25519 key are 32', () => {
  expect(writePublicKey(pairs.ed25519.publicKey, { encoding: 'hex' })).toMatch(/^[0-9a-f]{64}$/)
})

test('arbitrary text is no key and never throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...encodings), fc.constantFrom(...kinds), (text, encoding, kind) => {
      expect(readPublicKey(text, { encoding }, kind)).toBeUndefined()
    }),
  )
})
