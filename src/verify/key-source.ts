/**
 * Where the keys come from that a signature is tried with: configured secrets, the public key pinned in the spec, a published set, a
 * fetched key. For the first two at once, for the others when they have been fetched; asking again is limited by whoever fetches.
 */
import type { KeyObject } from 'node:crypto'
import { andThen, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { compileFetchedKey } from './fetched-key.ts'
import type { FillTemplate, LiveKey } from './key.ts'
import { compilePlace, describePlace, type PlaceContext } from './place.ts'
import type { KeyKind } from './public-key.ts'
import { createKeySelector, resolveKeySetUrl } from './published-keys.ts'
import { invalidClause, isRefusal, type Refusal, refuse, type SchemeSetting } from './scheme.ts'
import { compileSecretKeys } from './secret-keys.ts'
import type { VerifyContext } from './verifier.ts'

export interface KeySource {
  readonly secretNames: readonly string[]
  /** Whether asking again may bring other keys. */
  readonly canRefresh: boolean
  /** Every key to try; empty where a hint finds no secret. */
  find(
    context: VerifyContext,
    place: PlaceContext,
    parts: ReadonlyMap<string, string>,
    refresh: boolean,
  ): MaybePromise<readonly LiveKey<KeyObject>[] | Refusal>
}

export interface KeySourceParts {
  readonly kind: KeyKind | 'secret'
  readonly readKey: (text: string, fill?: FillTemplate) => KeyObject | undefined
  /** Of the signature's format. */
  readonly placeholders: readonly string[]
}

export function compileKeySource(alternative: Alternative, setting: SchemeSetting, parts: KeySourceParts): KeySource {
  const { secret: name, jwks, openid, fetched_key: fetched } = alternative
  const { kind, readKey } = parts
  if (name !== undefined) {
    const keys = compileSecretKeys(alternative, name, readKey, setting.compileExpression)
    return { secretNames: keys.secretNames, canRefresh: false, find: (context, place) => keys.find(context, place) }
  }
  if (jwks !== undefined || openid !== undefined) return publishedKeys(alternative, setting, parts)
  if (fetched !== undefined) {
    const readSecret = (text: string): KeyObject | undefined => readKey(text)
    const keys = compileFetchedKey(alternative, fetched, { ...setting, kind, readSecret })
    const keyIdOf = compileKeyId(alternative, setting, parts.placeholders)
    return {
      secretNames: keys.secretNames,
      // What a URL of the request names does not change; what is asked by its id, or without one, may.
      canRefresh: typeof fetched.url === 'string',
      find: (context, place, found, refresh) =>
        andThen(keyIdOf(place, found), (keyId) =>
          isRefusal(keyId) ? keyId : keys.find(context, place, keyId, refresh),
        ),
    }
  }
  const key = readKey(setting.publicKey ?? '')
  if (key === undefined) {
    throw invalidClause(alternative, 'public_key', 'the public key cannot be read as the key that the scheme needs')
  }
  const pinned = [{ key, identity: undefined }]
  return { secretNames: [], canRefresh: false, find: () => pinned }
}

function publishedKeys(alternative: Alternative, setting: SchemeSetting, parts: KeySourceParts): KeySource {
  const { jwks, openid } = alternative
  if (parts.kind === 'secret') {
    throw invalidClause(alternative, jwks === undefined ? 'openid' : 'jwks', 'a published key is no secret')
  }
  const select = createKeySelector(parts.kind)
  const keyIdOf = compileKeyId(alternative, setting, parts.placeholders)
  const find = async (context: VerifyContext, keyId: string | undefined, refresh: boolean) => {
    try {
      const url = jwks ?? (await resolveKeySetUrl(context.keySets, openid!))
      const { keys } = await context.keySets.fetch(url, { refresh })
      return select(keys, keyId)
    } catch (error) {
      return unavailable(jwks ?? openid!, error)
    }
  }
  return {
    secretNames: [],
    canRefresh: true,
    find: (context, place, found, refresh) =>
      andThen(keyIdOf(place, found), (keyId) => (isRefusal(keyId) ? keyId : find(context, keyId, refresh))),
  }
}

export function unavailable(url: string, error: unknown): Refusal {
  return refuse(
    'key_unavailable',
    `The key set at ${url} cannot be had: ${error instanceof Error ? error.message : 'unknown'}.`,
  )
}

/** The id of the key that the request names: by `key_id`, or in the signature's value. */
export function compileKeyId(
  alternative: Alternative,
  setting: Pick<SchemeSetting, 'compileExpression'>,
  placeholders: readonly string[],
): (place: PlaceContext, parts: ReadonlyMap<string, string>) => MaybePromise<string | undefined | Refusal> {
  const { key_id: clause } = alternative
  const part = clause === undefined && placeholders.includes('key_id') ? 'key_id' : clause?.part
  if (part !== undefined) {
    if (!placeholders.includes(part)) {
      throw invalidClause(alternative, 'key_id', `the signature's format has no placeholder {${part}}`)
    }
    return (_, parts) => parts.get(part)
  }
  if (clause === undefined) return () => undefined
  const locate = compilePlace(clause, setting.compileExpression)
  if (locate === undefined) {
    throw invalidClause(alternative, 'key_id', 'the key id needs exactly one of header, query, form, body, part')
  }
  const place = describePlace(clause)
  const missing = refuse('signature_missing', `The ${place} with the id of the key is missing.`)
  const ambiguous = refuse('signature_ambiguous', `The ${place} with the id of the key was sent more than once.`)
  return (context) =>
    andThen(locate(context), (located) => {
      if (located === undefined) return missing
      if (isRefusal(located)) return located
      return located.length === 1 ? located[0]! : ambiguous
    })
}
