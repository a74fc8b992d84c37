/**
 * Keys that are fetched: from a URL that the request names, which must be of a pinned host and path, or from the provider's API by key
 * id, with our credentials. What comes back is a PEM, a certificate, a JWK, a set of them, or a secret, as the spec says and never as
 * the answer says. Everything that goes wrong on the way is `key_unavailable`, and the request is refused.
 *
 *     { url: { expression: body.cert_url }, hosts: ["keys.*.example.com"], path: "/signing-*.pem", as: certificate }
 *     { url: "https://api.example.com/keys/{key_id}", authorization: { bearer: "{secret:api_token}" }, member: key, as: pem }
 */
import type { KeyObject } from 'node:crypto'
import type { Alternative, FetchedKey } from '../domain/provider-spec.gen.ts'
import { judgeCertificates, readCertificates } from './certificate.ts'
import { isObject, readMember } from './data-path.ts'
import { authorize, compileAuthorization } from './fetch-authorization.ts'
import { compileUrlRule } from './hosts.ts'
import type { LiveKey } from './key.ts'
import { evaluateText, type PlaceContext } from './place.ts'
import { type KeyKind, readPublicKey } from './public-key.ts'
import { createKeySelector, liveKey } from './published-keys.ts'
import { invalidClause, isRefusal, type Refusal, refuse } from './scheme.ts'
import { compileTemplate, type Template, type TemplateValues } from './template.ts'
import type { DocumentRequest, ExpressionCompiler, KeyDocument, VerifyContext } from './verifier.ts'
import { strictView } from './view.ts'

export interface FetchedKeys {
  readonly secretNames: readonly string[]
  /** `refresh` asks again, within the limits of the cache. */
  find(
    context: VerifyContext,
    place: PlaceContext,
    keyId: string | undefined,
    refresh: boolean,
  ): Promise<readonly LiveKey<KeyObject>[] | Refusal>
}

export interface FetchedKeyParts {
  readonly compileExpression: ExpressionCompiler
  /** `secret` for the schemes whose key is one. */
  readonly kind: KeyKind | 'secret'
  /** Makes the key of a fetched secret, by the recipe of the clause. */
  readonly readSecret: (text: string) => KeyObject | undefined
}

/** What may stand in a URL as the id of a key; no dots that would lead upwards. */
const KEY_ID = /^(?!\.{1,2}$)[\w.~+/=@:-]{1,200}$/

export function compileFetchedKey(alternative: Alternative, clause: FetchedKey, parts: FetchedKeyParts): FetchedKeys {
  const { kind } = parts
  if ((clause.as === 'secret') !== (kind === 'secret')) {
    throw invalidClause(alternative, 'fetched_key', `${alternative.scheme} cannot use a key that is ${clause.as}`)
  }
  if (clause.subject !== undefined && clause.as !== 'certificate') {
    throw invalidClause(alternative, 'fetched_key', 'only a certificate has a subject')
  }
  const urlOf = compileUrl(alternative, clause, parts.compileExpression)
  const authorization = compileAuthorization(alternative, clause.authorization)
  const post = Object.entries(clause.post ?? {}).map(([name, source]) => [name, compile(alternative, source)] as const)
  const read = compileReading(clause, parts)
  const templates = [...authorization.templates, ...post.map(([, template]) => template)]

  /** Fills in what is configured and asks; a refusal where something is not. */
  const request = async (
    context: VerifyContext,
    place: PlaceContext,
    keyId: string | undefined,
    url: string,
  ): Promise<DocumentRequest | Refusal> => {
    const own: Record<string, string> = keyId === undefined ? {} : { key_id: keyId }
    const values: TemplateValues = { own, secrets: context.secrets, options: place.view.options }
    const filled = post.map(([name, template]) => [name, template.render(values)] as const)
    const authorized = await authorize(authorization, values, context)
    if (isRefusal(authorized)) return authorized
    if (filled.some(([, text]) => text === undefined)) {
      return refuse('key_unavailable', 'Something that the request for the key needs is not configured.')
    }
    const body = { contentType: 'application/json', text: JSON.stringify(Object.fromEntries(filled)) }
    const accept = clause.member !== undefined || clause.as.startsWith('jwk') ? 'application/json' : '*/*'
    return { url, accept, authorization: authorized, ...(post.length === 0 ? {} : { body }) }
  }

  return {
    secretNames: [...new Set(templates.flatMap((template) => template.secretNames))],
    async find(context, place, keyId, refresh) {
      if (keyId !== undefined && !KEY_ID.test(keyId)) return refuse('signature_malformed', 'The id of the key is none.')
      const url = await urlOf(place, keyId)
      if (isRefusal(url)) return url
      try {
        const { document } = context.keySets
        if (document === undefined) return refuse('key_unavailable', 'No documents can be fetched here.')
        const asked = await request(context, place, keyId, url)
        if (isRefusal(asked)) return asked
        const fetched = await document.call(context.keySets, asked, { refresh })
        const keys = read(fetched, keyId, context.now)
        return typeof keys === 'string'
          ? refuse('key_unavailable', `What ${placeOf(url)} answers is not used: ${keys}.`)
          : keys
      } catch (error) {
        const why = error instanceof Error ? error.message : 'unknown'
        return refuse('key_unavailable', `The key at ${placeOf(url)} cannot be had: ${why}.`)
      }
    },
  }
}

type UrlOf = (place: PlaceContext, keyId: string | undefined) => Promise<string | Refusal>

function compileUrl(alternative: Alternative, clause: FetchedKey, compileExpression: ExpressionCompiler): UrlOf {
  const { url, hosts, path } = clause
  const foreign = refuse('key_unavailable', 'The URL of the key is not one that the spec allows.')
  if (typeof url === 'object') {
    if (hosts === undefined) throw invalidClause(alternative, 'fetched_key', 'a URL out of the request needs hosts')
    const expression = compileExpression(url.expression)
    const rule = compileUrlRule({ hosts, path })
    return async ({ request, view }) => {
      const located = await evaluateText(expression, strictView(view, request))
      if (isRefusal(located)) return located
      if (located?.length !== 1) return refuse('key_unavailable', 'The request does not name the URL of its key.')
      return rule(located[0]!, view.options) ?? foreign
    }
  }
  if (/^[^/]*(?:\/\/)?[^/]*\{key_id\}/.test(url)) {
    throw invalidClause(alternative, 'fetched_key', '{key_id} cannot be part of the host')
  }
  const template = compile(alternative, url)
  return async ({ view }, keyId) => {
    const own: Record<string, string> = keyId === undefined ? {} : { key_id: encodeURIComponent(keyId) }
    const filled = template.render({ own, secrets: () => [], options: view.options })
    if (filled === undefined)
      return refuse('key_unavailable', 'The URL of the key lacks an option or the id of the key.')
    if (!URL.canParse(filled)) return foreign
    const rule = compileUrlRule({ hosts: hosts ?? [new URL(filled).hostname], path })
    return rule(filled, view.options) ?? foreign
  }
}

/** Makes keys of an answer, or tells why not. Read once per document, but for certificates, whose dates are judged each time. */
function compileReading(
  clause: FetchedKey,
  { kind, readSecret }: FetchedKeyParts,
): (document: KeyDocument, keyId: string | undefined, now: number) => readonly LiveKey<KeyObject>[] | string {
  const select = kind === 'secret' ? undefined : createKeySelector(kind)
  const valueOf = (text: string): unknown => {
    if (clause.member === undefined && !clause.as.startsWith('jwk')) return text.trim()
    const parsed: unknown = JSON.parse(text)
    return clause.member === undefined ? parsed : readMember(parsed, clause.member.split('.'))
  }
  const readText = (value: string): KeyObject | undefined => {
    if (kind === 'secret') return readSecret(value)
    return readPublicKey(value, value.includes('-----BEGIN ') ? {} : { encoding: 'base64' }, kind)
  }
  const known = new WeakMap<KeyDocument, unknown>()
  return (document, keyId, now) => {
    const value = known.get(document) ?? valueOf(document.text)
    known.set(document, value)
    if (clause.as === 'jwk') {
      const live = isObject(value) && kind !== 'secret' ? liveKey(value, kind) : undefined
      return live === undefined ? 'it is no key of the kind that the scheme needs' : [live]
    }
    if (clause.as === 'jwks') {
      const keys = isObject(value) && Array.isArray(value['keys']) ? value['keys'].filter(isObject) : []
      const found = select?.(keys, keyId)
      return found === undefined || isRefusal(found) ? 'it does not hold the key' : found
    }
    if (typeof value !== 'string' || value === '') return 'there is no text where the key should be'
    if (clause.as === 'certificate') {
      const key = judgeCertificates(readCertificates(value) ?? [], clause, now)
      if (typeof key === 'string') return key
      return key.asymmetricKeyType === kind ? [{ key, identity: undefined }] : 'its key is of another kind'
    }
    const key = readText(value)
    return key === undefined ? 'it is no key of the kind that the scheme needs' : [{ key, identity: undefined }]
  }
}

function compile(alternative: Alternative, source: string): Template {
  const template = compileTemplate(source, ['key_id'])
  if (typeof template === 'string') throw invalidClause(alternative, 'fetched_key', template)
  return template
}

/** Without the query, which may hold what is not for logs. */
function placeOf(url: string): string {
  return url.replace(/\?.*$/s, '')
}
