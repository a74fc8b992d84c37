/**
 * How the text of a configured secret becomes the bytes of a key: prefix stripped, normalised, suffix added, decoded, digested, in
 * this order and nothing else. White space is part of a secret: trimming it silently would make two different secrets one, and hide
 * a slip that the operator can mend. A text that the recipe cannot read, or that holds nothing, is no key.
 *
 *     { strip_prefix: "whsec_", encoding: base64 }   "whsec_MfKQ9r8G…" → 24 bytes
 *     { suffix: "&" }                                "s3cret" → the bytes of "s3cret&"
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRecipe } from '../domain/provider-spec.gen.ts'
import type { Secret } from '../domain/secret.ts'
import { decodeBytes } from './encoding.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { SecretIdentity } from './scheme.ts'

/** The text that is decoded; undefined when there is no secret in it. */
export function keyText(secret: string, recipe: KeyRecipe): string | undefined {
  const prefix = recipe.strip_prefix ?? ''
  const stripped = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret
  if (stripped === '') return undefined
  return (recipe.normalize === undefined ? stripped : stripped.normalize(recipe.normalize)) + (recipe.suffix ?? '')
}

/** The bytes of a symmetric key; undefined when the secret cannot be read as the recipe says. */
export function keyBytes(secret: string, recipe: KeyRecipe): Buffer | undefined {
  const text = keyText(secret, recipe)
  if (text === undefined) return undefined
  const { encoding = 'utf8' } = recipe
  const bytes = encoding === 'hex' || encoding === 'base64' ? decodeBytes(text, encoding) : Buffer.from(text, 'utf8')
  if (bytes === undefined || recipe.digest === undefined) return bytes
  return createHash(recipe.digest).update(bytes).digest()
}

export function symmetricKey(secret: string, recipe: KeyRecipe): KeyObject | undefined {
  const bytes = keyBytes(secret, recipe)
  return bytes === undefined ? undefined : createSecretKey(bytes)
}

/** A live secret made ready: its key, and how it is called in a log. */
export interface LiveKey<Key> {
  /** Undefined when the secret is not what the recipe needs. */
  readonly key: Key | undefined
  /** Undefined for a key that is no secret of ours. */
  readonly identity: SecretIdentity | undefined
}

/** Reads each secret once; the result lives as long as the secret itself does. */
export function createKeyReader<Key>(
  name: string,
  read: (secretText: string) => Key | undefined,
): (secret: Secret) => LiveKey<Key> {
  const known = new WeakMap<Secret, LiveKey<Key>>()
  return (secret) => {
    let live = known.get(secret)
    if (live === undefined) {
      live = { key: read(secret.reveal()), identity: { name, fingerprint: fingerprintOf(secret) } }
      known.set(secret, live)
    }
    return live
  }
}
