/** Signs as the schemes do that sign a text of the request: the inverse of signature-scheme.ts. */
import type { KeyObject } from 'node:crypto'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import { compileBodyHash } from '../body-hash.ts'
import { encodeBytes } from '../encoding.ts'
import { compileKeyId } from '../key-source.ts'
import { RING_KEY_ID } from '../key-ring.ts'
import type { PlaceContext } from '../place.ts'
import { isRefusal } from '../scheme.ts'
import { algorithmOf, type SigningSchemeName } from '../schemes/catalog.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import { compileFormatOf } from '../signature-source.ts'
import { compileSignedText } from '../signed-text.ts'
import { compileSignedUrl } from '../signed-url.ts'
import { formatTime } from '../timestamp.ts'
import { compileTimestamp } from '../timestamp-source.ts'
import type { ExpressionCompiler } from '../verifier.ts'
import { extendView } from '../view.ts'
import { itemsOf, resolvePlace, unsignable, withItemValues, withValue } from './request-edit.ts'
import { fillerFor, signingSecret } from './signing-secret.ts'
import type { SignInput } from '../signer.ts'

/** Adds what the clause asks for and the request lacks: the key's id, the timestamp, the body's digest, last the signature. */
export async function signText(
  alternative: Alternative,
  scheme: SigningSchemeName,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<InboundRequest> {
  const algorithm = algorithmOf(alternative, scheme)
  const { signature: source, each } = alternative
  const key = await signingKey(alternative, algorithm, input, compileExpression)
  if (source === undefined || key === undefined || key.type === 'public') {
    throw unsignable(`there is no key to sign with for ${alternative.secret ?? 'the public key'}`)
  }
  const placeholders = compileFormatOf(alternative)?.placeholders ?? []
  const named = await addKeyId(alternative, placeholders, input, compileExpression)
  const stamped = await addTimestamp(alternative, placeholders, { ...input, request: named }, compileExpression)
  const signing: Signing = { alternative, algorithm, key, stamped, compileExpression }
  const request = await addBodyHash(signing, stamped.request, input)
  const view = input.viewOf(request)
  if (each === undefined) {
    return withValue(request, resolvePlace(source, view), await signatureOf(signing, { request, view }))
  }
  const signatures: string[] = []
  for (const item of itemsOf(view.body, each)) {
    signatures.push(await signatureOf(signing, { request, view: extendView(view, { item }) }))
  }
  if (source.body === undefined) throw unsignable('every item has its own signature, which must stand in it')
  return withItemValues(request, each, source.body, signatures)
}

interface Signing {
  readonly alternative: Alternative
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
  readonly stamped: Stamped
  readonly compileExpression: ExpressionCompiler
}

/** The value as it is sent, prefix and format included. */
async function signatureOf(signing: Signing, place: PlaceContext): Promise<string> {
  const { alternative, algorithm, key, stamped, compileExpression } = signing
  const { signature: source = {} } = alternative
  const format = compileFormatOf(alternative)
  const text = compileSignedText(alternative, format?.placeholders ?? [], compileExpression)
  const values = await text.evaluate(place, stamped.parts)
  if (isRefusal(values)) throw unsignable(values.detail)
  const signed = text.render({
    request: place.request,
    view: place.view,
    url: compileSignedUrl(alternative.url)(place.request.url)[0]!,
    timestamp: stamped.text,
    parts: stamped.parts,
    values,
    key,
  })
  if (isRefusal(signed)) throw unsignable(signed.detail)
  const signature = encodeBytes(algorithm.sign(signed, key), source.encoding ?? 'hex')
  const value = format?.write({ ...Object.fromEntries(stamped.parts), signature }) ?? signature
  return (source.prefix ?? '') + value
}

async function signingKey(
  alternative: Alternative,
  algorithm: SignatureAlgorithm,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<KeyObject | undefined> {
  const pair = input.keyRing?.privateKey(alternative)
  if (pair !== undefined) return pair
  const fetched = input.keyRing?.fetchedSecret(alternative)
  if (fetched !== undefined) return algorithm.readKey(fetched)
  const secret = await signingSecret(alternative, input, compileExpression)
  return secret === undefined ? undefined : algorithm.readKey(secret, fillerFor(alternative, input))
}

/** The ring's keys are published under one id. One that the request names already is kept. */
async function addKeyId(
  alternative: Alternative,
  placeholders: readonly string[],
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<InboundRequest> {
  const { key_id: clause } = alternative
  const { request } = input
  if (clause === undefined || clause.part !== undefined) return request
  const read = compileKeyId(alternative, { compileExpression }, placeholders)
  const keyId = await read({ request, view: input.viewOf(request) }, new Map())
  if (!isRefusal(keyId)) return request
  return withValue(request, clause, RING_KEY_ID)
}

interface Stamped {
  readonly request: InboundRequest
  readonly text: string | undefined
  /** What stands in the other placeholders of the format; one that nothing is known of holds its own name. */
  readonly parts: Map<string, string>
}

/** A timestamp that stands in the request already is kept. */
async function addTimestamp(
  alternative: Alternative,
  placeholders: readonly string[],
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<Stamped> {
  const { timestamp: clause } = alternative
  const parts = new Map(placeholders.filter((name) => name !== 'signature').map((name) => [name, name]))
  const now = formatTime(input.now, clause?.unit ?? 's')
  if (parts.has('timestamp')) parts.set('timestamp', now)
  const keyIdPart = alternative.key_id?.part ?? 'key_id'
  if (parts.has(keyIdPart)) parts.set(keyIdPart, RING_KEY_ID)
  if (clause === undefined) return { request: input.request, text: undefined, parts }
  if (clause.part !== undefined) {
    parts.set(clause.part, now)
    return { request: input.request, text: now, parts }
  }
  const view = input.viewOf(input.request)
  const reader = compileTimestamp(alternative, placeholders, compileExpression)!
  const read = await reader.read({ request: input.request, view }, parts)
  if (!isRefusal(read)) return { request: input.request, text: read, parts }
  if (read.code !== 'timestamp_missing') throw unsignable(read.detail)
  const isNumber = clause.body !== undefined && (clause.unit === 's' || clause.unit === 'ms')
  const request = withValue(input.request, resolvePlace(clause, view), isNumber ? Number(now) : now)
  return { request, text: now, parts }
}

async function addBodyHash(
  { alternative, stamped, compileExpression }: Signing,
  request: InboundRequest,
  input: SignInput,
): Promise<InboundRequest> {
  const placeholders = compileFormatOf(alternative)?.placeholders ?? []
  const bodyHash = compileBodyHash(alternative, placeholders, compileExpression)
  const written = await bodyHash?.write({ request, view: input.viewOf(request) })
  if (bodyHash === undefined || written === undefined) return request
  const { part } = alternative.body_hash ?? {}
  if (part === undefined) return withValue(request, alternative.body_hash ?? {}, written)
  stamped.parts.set(part, written)
  return request
}
