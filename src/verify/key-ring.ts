/**
 * Throwaway key pairs for trying out the public-key schemes of a spec: one pair per secret, pinned key and key-set URL, made when
 * first needed. Signing takes the private half; the verifier must be given the public half in place of the provider's, as a secret
 * (`publicSecret`), as the pinned key (`publicKeyOverride`), or as the published set (`keySets`). The keys live in memory only.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { GatewayError } from '../domain/errors.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { writePublicKey } from './public-key.ts'
import { tokenKeyKind } from './schemes/jwt-keys.ts'
import type { KeySets } from './verifier.ts'

export interface KeyRing {
  /** The private key with which this alternative's provider signs; undefined where the key is a shared secret. */
  privateKey(alternative: Alternative): KeyObject | undefined
  /** What to configure as the secret of this name; undefined where that is no public key. */
  publicSecret(name: string): string | undefined
  /** For `createVerifier`: the ring's key in place of the pinned one. */
  publicKeyOverride(alternative: Alternative): string | undefined
  /** Answers the key-set URLs of the spec with the ring's own keys; rejects for any other. */
  readonly keySets: KeySets
}

/** The key id under which the ring's key stands in a published set. */
export const RING_KEY_ID = 'key-ring'

/** Where rings take their pairs from. One pool may serve the rings of many specs: an RSA pair takes 100 ms to make. */
export interface KeyPool {
  /** The pair of this kind and number; the same one each time. */
  pair(kind: PairKind, number: number): KeyPair
}

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export type PairKind = 'ed25519' | 'rsa' | 'P-256' | 'P-384'

export function createKeyPool(): KeyPool {
  const pairs = new Map<string, KeyPair>()
  return {
    pair(kind, number) {
      const slot = `${kind} ${number}`
      const pair = pairs.get(slot) ?? generatePair(kind)
      pairs.set(slot, pair)
      return pair
    },
  }
}

/** Two rings over one pool have different keys when their numbers begin at different places. */
export function createKeyRing(
  alternatives: readonly Alternative[],
  source: { readonly pool: KeyPool; readonly firstNumber?: number } = { pool: createKeyPool() },
): KeyRing {
  const pairs = new Map<string, KeyPair>()
  const pairOf = (alternative: Alternative): KeyPair | undefined => {
    const kind = pairKindOf(alternative)
    if (kind === undefined) return undefined
    const slot = JSON.stringify([kind, alternative.secret, alternative.public_key, alternative.jwks])
    let pair = pairs.get(slot)
    if (pair === undefined) {
      pair = source.pool.pair(kind, (source.firstNumber ?? 0) + pairs.size)
      pairs.set(slot, pair)
    }
    return pair
  }
  const write = (alternative: Alternative | undefined): string | undefined => {
    const pair = alternative === undefined ? undefined : pairOf(alternative)
    return pair === undefined ? undefined : writePublicKey(pair.publicKey, alternative?.key ?? {})
  }
  return {
    privateKey: (alternative) => pairOf(alternative)?.privateKey,
    publicSecret: (name) =>
      write(alternatives.find((alternative) => alternative.secret === name && pairKindOf(alternative) !== undefined)),
    publicKeyOverride: (alternative) => (alternative.public_key === undefined ? undefined : write(alternative)),
    keySets: {
      async fetch(url) {
        const keys: Record<string, unknown>[] = []
        for (const alternative of alternatives.filter((one) => one.jwks === url)) {
          const pair = pairOf(alternative)!
          if (keys.length === 0)
            keys.push({ ...pair.publicKey.export({ format: 'jwk' }), kid: RING_KEY_ID, use: 'sig' })
        }
        if (keys.length > 0) return { keys }
        throw new GatewayError({ code: 'usage_invalid', message: `The spec names no key set at ${url}.` })
      },
    },
  }
}

function pairKindOf(alternative: Alternative): PairKind | undefined {
  const { scheme } = alternative
  if (scheme === 'ed25519') return 'ed25519'
  if (scheme.startsWith('rsa-')) return 'rsa'
  if (scheme.startsWith('ecdsa-')) return 'P-256'
  if (scheme !== 'jwt') return undefined
  const kind = tokenKeyKind(alternative)
  if (kind === 'ec') return alternative.algorithms?.[0] === 'ES384' ? 'P-384' : 'P-256'
  return kind === 'secret' ? undefined : kind
}

function generatePair(kind: PairKind): KeyPair {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519')
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2_048 })
  return generateKeyPairSync('ec', { namedCurve: kind })
}
