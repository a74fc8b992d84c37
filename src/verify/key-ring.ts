/**
 * Throwaway key pairs for trying out the public-key schemes of a spec: one pair per secret, pinned key and key-set URL, made when
 * first needed. Signing takes the private half; the verifier must be given the public half in place of the provider's, as a secret
 * (`publicSecret`), as the pinned key (`publicKeyOverride`), or as the published set (`keySets`). The keys live in memory only.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { GatewayError } from '../domain/errors.ts'
import type { Alternative, FetchedKey } from '../domain/provider-spec.gen.ts'
import { compileUrlRule } from './hosts.ts'
import { writePublicKey } from './public-key.ts'
import { tokenKeyKind } from './schemes/jwt-keys.ts'
import { writeCertificate } from './signing/write-certificate.ts'
import type { KeySets } from './verifier.ts'

export interface KeyRing {
  /** The private key with which this alternative's provider signs; undefined where the key is a shared secret. */
  privateKey(alternative: Alternative): KeyObject | undefined
  /** What to configure as the secret of this name; undefined where that is no public key. */
  publicSecret(name: string): string | undefined
  /** For `createVerifier`: the ring's key in place of the pinned one. */
  publicKeyOverride(alternative: Alternative): string | undefined
  /** The secret that this alternative's provider hands out when it is asked; undefined where its key is no such secret. */
  fetchedSecret(alternative: Alternative): string | undefined
  /** Answers the key URLs of the spec with the ring's own keys; rejects for any other. */
  readonly keySets: KeySets
  /** The same with documents that an example has recorded, and with members that the published key has beside the usual. */
  keySetsFor(given: GivenKeys): KeySets
}

export interface GivenKeys {
  /** Text by URL. */
  readonly documents?: Readonly<Record<string, string>> | undefined
  readonly jwk?: Readonly<Record<string, unknown>> | undefined
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
  listed: readonly Alternative[],
  source: { readonly pool: KeyPool; readonly firstNumber?: number } = { pool: createKeyPool() },
): KeyRing {
  const alternatives = listed.flatMap((alternative) => [alternative, ...(alternative.also ?? [])])
  const pairs = new Map<string, KeyPair>()
  const pairOf = (alternative: Alternative): KeyPair | undefined => {
    const kind = pairKindOf(alternative)
    if (kind === undefined) return undefined
    const { secret, public_key: pinned, jwks, openid, fetched_key: fetched } = alternative
    const slot = JSON.stringify([kind, secret, pinned, jwks, openid, fetched?.url])
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
  const jwkOf = (alternative: Alternative, added: GivenKeys['jwk']): Record<string, unknown> => ({
    ...pairOf(alternative)!.publicKey.export({ format: 'jwk' }),
    kid: RING_KEY_ID,
    use: 'sig',
    ...added,
  })
  const keySetsFor = ({ documents = {}, jwk }: GivenKeys): KeySets => ({
    async fetch(url) {
      if (Object.hasOwn(documents, url)) return JSON.parse(documents[url]!) as Awaited<ReturnType<KeySets['fetch']>>
      const owner = alternatives.find((one) => one.jwks === url || keySetUrl(one.openid) === url)
      if (owner !== undefined) return { keys: [jwkOf(owner, jwk)] }
      throw unknownUrl(url)
    },
    async document({ url }) {
      const text = Object.hasOwn(documents, url) ? documents[url]! : writeDocument(url, jwk)
      if (text === undefined) throw unknownUrl(url)
      return { text, fetchedAt: 0 }
    },
  })
  const writeDocument = (url: string, jwk: GivenKeys['jwk']): string | undefined => {
    const metadata = alternatives.find((one) => one.openid === url)
    if (metadata !== undefined) return JSON.stringify({ jwks_uri: keySetUrl(url) })
    const isToken = alternatives.some((one) => one.fetched_key?.authorization?.client_credentials?.token_url === url)
    if (isToken) return JSON.stringify({ access_token: RING_KEY_ID, token_type: 'Bearer' })
    const owner = alternatives.find((one) => one.fetched_key !== undefined && mayAnswer(one.fetched_key, url))
    return owner === undefined ? undefined : writeKey(owner, owner.fetched_key!, jwk)
  }
  const writeKey = (owner: Alternative, { as, member, subject }: FetchedKey, jwk: GivenKeys['jwk']): string => {
    const key = ((): unknown => {
      switch (as) {
        case 'secret':
          return fetchedSecret(owner)
        case 'pem':
          return pairOf(owner)!.publicKey.export({ format: 'pem', type: 'spki' })
        case 'certificate':
          return writeCertificate(pairOf(owner)!, (subject ?? 'keys.example.com').replace('*', 'keys'))
        case 'jwk':
          return jwkOf(owner, jwk)
        case 'jwks':
          return { keys: [jwkOf(owner, jwk)] }
      }
    })()
    if (member === undefined) return typeof key === 'string' ? key : JSON.stringify(key)
    return JSON.stringify(member.split('.').reduceRight<unknown>((value, name) => ({ [name]: value }), key))
  }
  const fetchedSecret = (alternative: Alternative): string | undefined =>
    alternative.fetched_key?.as === 'secret' ? `${RING_KEY_ID} ${source.firstNumber ?? 0}` : undefined

  return {
    privateKey: (alternative) => pairOf(alternative)?.privateKey,
    publicSecret: (name) =>
      write(alternatives.find((alternative) => alternative.secret === name && pairKindOf(alternative) !== undefined)),
    publicKeyOverride: (alternative) => (alternative.public_key === undefined ? undefined : write(alternative)),
    fetchedSecret,
    keySets: keySetsFor({}),
    keySetsFor,
  }
}

/** Where the ring's OpenID metadata says that its keys are. */
function keySetUrl(openid: string | undefined): string | undefined {
  return openid === undefined ? undefined : new URL('/keys', openid).href
}

/** Whether a key of this clause may be asked for at the URL; what an option or a key id stands for is not known here. */
function mayAnswer({ url, hosts, path }: FetchedKey, asked: string): boolean {
  if (typeof url === 'object') return compileUrlRule({ hosts: hosts ?? [], path })(asked, {}) !== undefined
  return asked.startsWith(url.split('{', 1)[0]!)
}

function unknownUrl(url: string): GatewayError {
  return new GatewayError({ code: 'usage_invalid', message: `The spec names no key at ${url}.` })
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
