/**
 * How the text of a configured secret becomes the bytes of a key: split, cut, normalised, put into a template, suffix added, decoded,
 * digested, in this order and nothing else. White space is part of a secret: trimming it silently would make two different secrets
 * one, and hide a slip that the operator can mend. A text that the recipe cannot read, or that holds nothing, is no key.
 *
 *     { strip_prefix: "whsec_", encoding: base64 }        "whsec_MfKQ9r8G…" → 24 bytes
 *     { template: "{option:client_id}&{secret}" }          "s3cret" → the bytes of "my-app&s3cret"
 *     { split: "|", strip_prefix: "v1,whsec_", encoding: base64 }   "v1,whsec_MfKQ…|v1,whsec_RdvaY…" → two keys
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRecipe } from '../domain/provider-spec.gen.ts'
import type { Secret } from '../domain/secret.ts'
import { decodeBytes } from './encoding.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { SecretIdentity, SecretOwners } from './scheme.ts'

/** Puts the text of a secret into the template of its recipe; undefined when another part of it is not configured. */
export type FillTemplate = (secretText: string) => string | undefined

/** The texts of the single keys that a secret holds. */
export function splitSecret(secret: string, recipe: KeyRecipe): readonly string[] {
  return recipe.split === undefined ? [secret] : secret.split(recipe.split).filter((part) => part !== '')
}

/** The text that is decoded, and how; undefined when there is no secret in it. */
export function keyText(
  secret: string,
  recipe: KeyRecipe,
  fill?: FillTemplate,
): { readonly text: string; readonly encoding: NonNullable<KeyRecipe['encoding']> } | undefined {
  if (recipe.refuse?.includes(secret) === true) return undefined
  const { after, strip_prefix: prefix = '', encoding = 'utf8' } = recipe
  const cut = after === undefined ? -1 : secret.indexOf(after)
  const kept = cut === -1 ? secret : secret.slice(cut + after!.length)
  const hasPrefix = kept.startsWith(prefix)
  const stripped = hasPrefix ? kept.slice(prefix.length) : kept
  if (stripped === '') return undefined
  const normalized = recipe.normalize === undefined ? stripped : stripped.normalize(recipe.normalize)
  const filled = recipe.template === undefined ? normalized : fill?.(normalized)
  if (filled === undefined) return undefined
  return { text: filled + (recipe.suffix ?? ''), encoding: hasPrefix ? encoding : (recipe.without_prefix ?? encoding) }
}

/** The bytes of a symmetric key; undefined when the secret cannot be read as the recipe says. */
export function keyBytes(secret: string, recipe: KeyRecipe, fill?: FillTemplate): Buffer | undefined {
  const written = keyText(secret, recipe, fill)
  if (written === undefined) return undefined
  const { text, encoding } = written
  const bytes = encoding === 'hex' || encoding === 'base64' ? decodeBytes(text, encoding) : Buffer.from(text, 'utf8')
  if (bytes === undefined || recipe.digest === undefined) return bytes
  const digest = createHash(recipe.digest).update(bytes).digest()
  const { digest_encoding: as = 'raw' } = recipe
  return as === 'raw' ? digest : Buffer.from(digest.toString(as), 'utf8')
}

export function symmetricKey(secret: string, recipe: KeyRecipe, fill?: FillTemplate): KeyObject | undefined {
  const bytes = keyBytes(secret, recipe, fill)
  return bytes === undefined ? undefined : createSecretKey(bytes)
}

/** A live secret made ready: its key, and how it is called in a log. */
export interface LiveKey<Key> {
  /** Undefined when the secret is not what the recipe needs. */
  readonly key: Key | undefined
  /** Undefined for a key that is no secret of ours. */
  readonly identity: SecretIdentity | undefined
  /** The connections whose secret it is; undefined for a secret of the integration. */
  readonly owners?: SecretOwners | undefined
  /** The published key as it was published. */
  readonly jwk?: Readonly<Record<string, unknown>> | undefined
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
