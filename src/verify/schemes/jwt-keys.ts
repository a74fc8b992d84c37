/**
 * The keys of a token: configured secrets or public keys, the spec's pinned key, or the set that the provider publishes. With a
 * set, the token's key id picks the key; one that is not in it makes the set be asked for again once, which key-sets.ts limits.
 */
import type { KeyObject } from 'node:crypto'
import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { createKeyReader, symmetricKey } from '../key.ts'
import { type KeyKind, readPublicKey } from '../public-key.ts'
import { invalidClause, isRefusal, type Refusal, refuse, type SchemeSetting, type SecretIdentity } from '../scheme.ts'
import type { KeySets, VerifyContext } from '../verifier.ts'
import type { TokenClaims } from './jwt-claims.ts'

type JwtAlgorithm = NonNullable<Alternative['algorithms']>[number]
type PublishedKeys = Awaited<ReturnType<KeySets['fetch']>>

/** What one attempt with one key (or key set) came to. */
export type TokenReading = { readonly claims: TokenClaims } | Refusal

/**
 * The one kind of key that all algorithms of the clause use. A mixture is refused: with HS and RS allowed side by side, a public key
 * would do as an HMAC secret.
 */
export function tokenKeyKind(alternative: Alternative): KeyKind | 'secret' {
  const kinds = new Set((alternative.algorithms ?? []).map(kindOf))
  const [kind] = kinds
  if (kind === undefined)
    throw invalidClause(alternative, 'algorithms', 'a token needs the algorithms that are accepted')
  if (kinds.size > 1 && (alternative.jwks === undefined || kinds.has('secret'))) {
    throw invalidClause(alternative, 'algorithms', 'the algorithms need keys of different kinds')
  }
  if (kind === 'secret' && alternative.secret === undefined) {
    throw invalidClause(alternative, 'algorithms', 'the HS algorithms need a secret, which a published key is not')
  }
  return kind
}

function kindOf(algorithm: JwtAlgorithm): KeyKind | 'secret' {
  if (algorithm.startsWith('HS')) return 'secret'
  if (algorithm.startsWith('ES')) return 'ec'
  return algorithm === 'EdDSA' ? 'ed25519' : 'rsa'
}

export type ReadToken = (key: KeyObject | JWTVerifyGetKey) => Promise<TokenReading>
export type ReadWithKeys = (
  context: VerifyContext,
  read: ReadToken,
) => Promise<{
  readonly reading: TokenReading
  readonly identity?: SecretIdentity | undefined
}>

/** How a token is read with every key that the clause allows, until one of them made it. */
export function compileTokenKeys(alternative: Alternative, setting: SchemeSetting): ReadWithKeys {
  const kind = tokenKeyKind(alternative)
  const { secret: name, jwks } = alternative
  if (jwks !== undefined) {
    const findKey = createKeyFinder()
    return async (context, read) => ({ reading: await readWithKeySet(context.keySets, jwks, findKey, read) })
  }
  const recipe = alternative.key ?? {}
  const readKey = (text: string): KeyObject | undefined =>
    kind === 'secret' ? symmetricKey(text, recipe) : readPublicKey(text, recipe, kind)
  if (name === undefined) {
    const key = readKey(setting.publicKey ?? '')
    if (key === undefined)
      throw invalidClause(alternative, 'public_key', 'the public key cannot be read as the algorithms need it')
    return async (_, read) => ({ reading: await read(key) })
  }
  const readLive = createKeyReader(name, readKey)
  const invalid = refuse('key_invalid', `No configured ${name} can be read as the key that the algorithms need.`)
  return async (context, read) => {
    let reading: TokenReading = invalid
    for (const { key, identity } of context.secrets(name).map(readLive)) {
      if (key === undefined) continue
      reading = await read(key)
      // Another live secret may still be the right one, unless this one was.
      const isForeign = isRefusal(reading) && (reading.code === 'signature_mismatch' || reading.code === 'key_invalid')
      if (!isForeign) return { reading, identity }
    }
    return { reading }
  }
}

async function readWithKeySet(
  keySets: KeySets,
  url: string,
  findKey: (set: PublishedKeys) => JWTVerifyGetKey,
  read: ReadToken,
): Promise<TokenReading> {
  try {
    const reading = await read(findKey(await keySets.fetch(url)))
    if (!isRefusal(reading) || reading.code !== 'key_unavailable') return reading
    return await read(findKey(await keySets.fetch(url, { refresh: true })))
  } catch (error) {
    return refuse(
      'key_unavailable',
      `The key set at ${url} cannot be had: ${error instanceof Error ? error.message : 'unknown'}.`,
    )
  }
}

/** jose imports a key once per finder, so the finder of a set is kept as long as the set. */
function createKeyFinder(): (set: PublishedKeys) => JWTVerifyGetKey {
  const known = new WeakMap<PublishedKeys, JWTVerifyGetKey>()
  return (set) => {
    let finder = known.get(set)
    if (finder === undefined) {
      finder = createLocalJWKSet({ keys: set.keys.filter(isJwk) })
      known.set(set, finder)
    }
    return finder
  }
}

function isJwk(key: Readonly<Record<string, unknown>>): key is Record<string, unknown> & JWK {
  return typeof key['kty'] === 'string'
}
