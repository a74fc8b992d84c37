/**
 * Encryption at rest of what must be read again (credentials, captured secrets): AES-256-GCM with a random 96-bit nonce (NIST SP
 * 800-38D). The key is derived from the configured text by HKDF; the place where a value is kept is authenticated with it, so that a
 * sealed value moved to another row does not open. The first key seals, every key opens: that is how keys are rotated.
 *
 * Sealed: version (1 byte) · key id (8) · nonce (12) · tag (16) · ciphertext.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import type { Secret } from '../domain/secret.ts'

export interface Vault {
  /** `place` names where the value is kept, such as `credentials:github-prod:acme`. */
  seal(text: string, place: string): Uint8Array
  /** The text, or null when no key opens it: another key, another place, or damaged. */
  open(sealed: Uint8Array, place: string): string | null
}

const VERSION = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES

/** `keys` are read anew for each call, so that a reload takes effect. At least one. */
export function createVault(keys: () => readonly Secret[]): Vault {
  return {
    seal(text, place) {
      const current = keys()[0]
      if (current === undefined) throw new Error('there is no encryption key')
      const { key, id } = derive(current)
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place))
      const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.from([VERSION]), id, nonce, cipher.getAuthTag(), ciphertext])
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return null
      const sealedBy = bytes.subarray(1, 1 + KEY_ID_BYTES)
      const nonce = bytes.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES)
      const tag = bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES)
      for (const secret of keys()) {
        const { key, id } = derive(secret)
        if (!id.equals(sealedBy)) continue
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place)).setAuthTag(tag)
          return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8')
        } catch {
          return null
        }
      }
      return null
    },
  }
}

function derive(secret: Secret): { key: Buffer; id: Buffer } {
  const key = Buffer.from(hkdfSync('sha256', secret.reveal(), '', 'postern vault v1', 32))
  return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) }
}
