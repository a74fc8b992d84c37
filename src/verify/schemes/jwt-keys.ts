/**
 * The keys of a token: configured secrets or public keys, the spec's pinned key, the set that the provider publishes, or a key that is
 * fetched by the id that the token names. With a set, the token's key id picks the key; one that is not in it makes the set be asked
 * for again once, which key-sets.ts limits.
 */
import type { KeyObject } from 'node:crypto'
import type { JWK, JWTVerifyGetKey } from 'jose'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { type FillTemplate, type LiveKey, symmetricKey } from '../key.ts'
import { type KeyKind, readPublicKey } from '../public-key.ts'
import { invalidClause, isRefusal, type Refusal, refuse, type SchemeSetting } from '../scheme.ts'
import { compileFetchedKey } from '../fetched-key.ts'
import { unavailable } from '../key-source.ts'
import type { PlaceContext } from '../place.ts'
import { resolveKeySetUrl } from '../published-keys.ts'
import { compileSecretKeys } from '../secret-keys.ts'
import type { KeySets, VerifyContext } from '../verifier.ts'
import { extendView } from '../view.ts'
import type { TokenClaims } from './jwt-claims.ts'
import { decodeToken } from './unverified-token.ts'

type JwtAlgorithm = NonNullable<Alternative['algorithms']>[number]
type PublishedKeys = Awaited<ReturnType<KeySets['fetch']>>

/** What one attempt with one key (or key set) came to. */
export type TokenReading = { readonly claims: TokenClaims; readonly keyId?: string | undefined } | Refusal

/**
 * The one kind of key that all algorithms of the clause use. A mixture is refused: with HS and RS allowed side by side, a public key
 * would do as an HMAC secret.
 */
export function tokenKeyKind(alternative: Alternative): KeyKind | 'secret' {
  const kinds = new Set((alternative.algorithms ?? []).map(kindOf))
  const [kind] = kinds
  if (kind === undefined)
    throw invalidClause(alternative, 'algorithms', 'a token needs the algorithms that are accepted')
  const isPublished = alternative.jwks !== undefined || alternative.openid !== undefined
  if (kinds.size > 1 && (!isPublished || kinds.has('secret'))) {
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

/** How one token is read, with the key that made it. */
export interface ReadOutcome {
  readonly reading: TokenReading
  readonly live?: Omit<LiveKey<KeyObject>, 'key'> | undefined
}

export interface TokenKeys {
  readonly secretNames: readonly string[]
  /** Tries every key that the clause allows, until one of them made the token. */
  read(context: VerifyContext, place: PlaceContext, token: string, read: ReadToken): Promise<ReadOutcome>
}

export function compileTokenKeys(alternative: Alternative, setting: SchemeSetting): TokenKeys {
  const kind = tokenKeyKind(alternative)
  const { secret: name, jwks, openid } = alternative
  if (alternative.key_id !== undefined) {
    throw invalidClause(alternative, 'key_id', 'a token names its key itself')
  }
  if (jwks !== undefined || openid !== undefined) {
    const readWith = createSetReader()
    return {
      secretNames: [],
      read: (context, _place, _token, read) => readWith(context.keySets, { jwks, openid }, read),
    }
  }
  const recipe = alternative.key ?? {}
  const readKey = (text: string, fill?: FillTemplate): KeyObject | undefined =>
    kind === 'secret' ? symmetricKey(text, recipe, fill) : readPublicKey(text, recipe, kind)
  if (alternative.fetched_key !== undefined) return fetchedKeys(alternative, setting, kind, readKey)
  if (name === undefined) {
    const key = readKey(setting.publicKey ?? '')
    if (key === undefined)
      throw invalidClause(alternative, 'public_key', 'the public key cannot be read as the algorithms need it')
    return { secretNames: [], read: async (_context, _place, _token, read) => ({ reading: await read(key) }) }
  }
  const keys = compileSecretKeys(alternative, name, readKey, setting.compileExpression)
  const invalid = refuse('key_invalid', `No configured ${name} can be read as the key that the algorithms need.`)
  const unknown = refuse(
    'signature_mismatch',
    'No connection that the request may belong to, nor the integration, has a secret for it.',
  )
  return {
    secretNames: keys.secretNames,
    async read(context, place, token, read) {
      const hinted = { request: place.request, view: extendView(place.view, { claims: decodeToken(token)?.claims }) }
      const live = await keys.find(context, hinted)
      if (isRefusal(live)) return { reading: live }
      return tryKeys(live, read, live.length === 0 ? unknown : invalid)
    },
  }
}

/** Another live secret may still be the right one, unless this one was. */
async function tryKeys(live: readonly LiveKey<KeyObject>[], read: ReadToken, otherwise: Refusal): Promise<ReadOutcome> {
  let reading: TokenReading = otherwise
  for (const one of live) {
    if (one.key === undefined) continue
    reading = await read(one.key)
    const isForeign = isRefusal(reading) && (reading.code === 'signature_mismatch' || reading.code === 'key_invalid')
    if (!isForeign) return { reading, live: one }
  }
  return { reading }
}

function fetchedKeys(
  alternative: Alternative,
  setting: SchemeSetting,
  kind: KeyKind | 'secret',
  readKey: (text: string) => KeyObject | undefined,
): TokenKeys {
  const keys = compileFetchedKey(alternative, alternative.fetched_key!, {
    compileExpression: setting.compileExpression,
    kind,
    readSecret: readKey,
  })
  const unreadable = refuse('signature_malformed', 'This is not a signed token.')
  return {
    secretNames: keys.secretNames,
    async read(context, place, token, read) {
      const decoded = decodeToken(token)
      if (decoded === undefined) return { reading: unreadable }
      const view = extendView(place.view, { claims: decoded.claims })
      const attempt = async (refresh: boolean): Promise<ReadOutcome> => {
        const live = await keys.find(context, { request: place.request, view }, decoded.keyId, refresh)
        return isRefusal(live) ? { reading: live } : tryKeys(live, read, unreadable)
      }
      const first = await attempt(false)
      const isStale = isRefusal(first.reading) && first.reading.code === 'signature_mismatch'
      return isStale ? attempt(true) : first
    },
  }
}

type ReadWithSet = (
  keySets: KeySets,
  source: { readonly jwks: string | undefined; readonly openid: string | undefined },
  read: ReadToken,
) => Promise<ReadOutcome>

function createSetReader(): ReadWithSet {
  const findKey = createKeyFinder()
  return async (keySets, { jwks, openid }, read) => {
    const attempt = async (refresh: boolean): Promise<ReadOutcome> => {
      const url = jwks ?? (await resolveKeySetUrl(keySets, openid!))
      const set = await keySets.fetch(url, ...(refresh ? [{ refresh }] : []))
      const reading = await read(await findKey(set))
      if (isRefusal(reading)) return { reading }
      const jwk =
        set.keys.find((key) => key['kid'] === reading.keyId) ?? (set.keys.length === 1 ? set.keys[0] : undefined)
      return { reading, live: { identity: undefined, jwk } }
    }
    try {
      const first = await attempt(false)
      return isRefusal(first.reading) && first.reading.code === 'key_unavailable' ? await attempt(true) : first
    } catch (error) {
      return { reading: unavailable(jwks ?? openid!, error) }
    }
  }
}

/** jose imports a key once per finder, so the finder of a set is kept as long as the set. */
function createKeyFinder(): (set: PublishedKeys) => Promise<JWTVerifyGetKey> {
  const known = new WeakMap<PublishedKeys, JWTVerifyGetKey>()
  return async (set) => {
    const { createLocalJWKSet } = await import('jose')
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
