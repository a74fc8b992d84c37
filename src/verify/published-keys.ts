/**
 * The keys of a JWK set for signatures that are no token: the one that the request names, or without a name every one of the kind that
 * the scheme needs. Imported once per set.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { isObject } from './data-path.ts'
import type { LiveKey } from './key.ts'
import type { KeyKind } from './public-key.ts'
import { type Refusal, refuse } from './scheme.ts'
import type { KeySets } from './verifier.ts'

export type JsonWebKeyRecord = Readonly<Record<string, unknown>>

/** Keys that are tried for one request; providers publish two or three. */
const MAX_TRIED = 16

const UNKNOWN = refuse('key_unavailable', 'The published key set does not hold the key that the request names.')

export type SelectKeys = (
  keys: readonly JsonWebKeyRecord[],
  keyId: string | undefined,
) => readonly LiveKey<KeyObject>[] | Refusal

/** Reads each set of keys once, by its identity. */
export function createKeySelector(kind: KeyKind): SelectKeys {
  const known = new WeakMap<readonly JsonWebKeyRecord[], readonly LiveKey<KeyObject>[]>()
  return (keys, keyId) => {
    let live = known.get(keys)
    if (live === undefined) {
      live = keys.flatMap((jwk) => liveKey(jwk, kind) ?? [])
      known.set(keys, live)
    }
    const named = keyId === undefined ? live : live.filter(({ jwk }) => jwk?.['kid'] === keyId)
    return named.length === 0 ? UNKNOWN : named.slice(0, MAX_TRIED)
  }
}

/** Undefined for a key of another kind, for one that is not for signatures, and for what is no public key. */
export function liveKey(jwk: JsonWebKeyRecord, kind: KeyKind): LiveKey<KeyObject> | undefined {
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return undefined
  if (jwk['kty'] === 'oct' || jwk['d'] !== undefined) return undefined
  try {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return key.asymmetricKeyType === kind ? { key, identity: undefined, jwk } : undefined
  } catch {
    return undefined
  }
}

/**
 * The URL of the key set that OpenID metadata names (OpenID Connect Discovery §3). It must be https and of the same host: the spec pins
 * that one, and nobody else.
 */
export async function resolveKeySetUrl(keySets: KeySets, openid: string): Promise<string> {
  if (keySets.document === undefined) throw new Error('no documents can be fetched here')
  const { text } = await keySets.document({ url: openid, accept: 'application/json' })
  const metadata: unknown = JSON.parse(text)
  const named = isObject(metadata) ? metadata['jwks_uri'] : undefined
  const url = typeof named === 'string' && URL.canParse(named) ? new URL(named) : undefined
  if (url?.protocol !== 'https:' || url.host !== new URL(openid).host || url.username !== '') {
    throw new Error(`${openid} names no key set of its own host`)
  }
  return url.href
}
