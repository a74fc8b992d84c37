import { expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { createVault } from '../../src/engine/vault.ts'

const first = new Secret('the first key of the installation')
const second = new Secret('the key after rotation')

test('opens what it sealed, and only at its place', () => {
  const vault = createVault(() => [first])
  const sealed = vault.seal('token ✓', 'credentials:github:acme')
  expect(vault.open(sealed, 'credentials:github:acme')).toBe('token ✓')
  expect(vault.open(sealed, 'credentials:github:other')).toBeNull()
  expect(Buffer.from(sealed).toString('latin1')).not.toContain('token')
})

test('seals the same text differently each time', () => {
  const vault = createVault(() => [first])
  expect(Buffer.from(vault.seal('x', 'p')).equals(Buffer.from(vault.seal('x', 'p')))).toBe(false)
})

test('opens with an older key after rotation, and not when that key is gone', () => {
  const sealed = createVault(() => [first]).seal('x', 'p')
  expect(createVault(() => [second, first]).open(sealed, 'p')).toBe('x')
  expect(createVault(() => [second]).open(sealed, 'p')).toBeNull()
})

test('refuses every changed byte and every truncation', () => {
  const vault = createVault(() => [first])
  const sealed = vault.seal('secret', 'p')
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed)
    changed[at]! ^= 1
    expect(vault.open(changed, 'p')).toBeNull()
    expect(vault.open(sealed.subarray(0, at), 'p')).toBeNull()
  }
})
