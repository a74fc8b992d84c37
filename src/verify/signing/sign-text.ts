/** Signs as the schemes do that sign a text of the request: the inverse of signature-scheme.ts. */
import type { KeyObject } from 'node:crypto'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import { compileBodyHash } from '../body-hash.ts'
import { encodeBytes } from '../encoding.ts'
import { isRefusal } from '../scheme.ts'
import { algorithmOf, type SigningSchemeName } from '../schemes/catalog.ts'
import { compileFormatOf } from '../signature-source.ts'
import { compileSignedText } from '../signed-text.ts'
import { compileSignedUrl } from '../signed-url.ts'
import { formatTime } from '../timestamp.ts'
import { compileTimestamp } from '../timestamp-source.ts'
import type { ExpressionCompiler } from '../verifier.ts'
import { unsignable, withValue } from './request-edit.ts'
import type { SignInput } from '../signer.ts'

/** Adds what the clause asks for and the request lacks: first the timestamp, then the body's digest, last the signature. */
export async function signText(
  alternative: Alternative,
  scheme: SigningSchemeName,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<InboundRequest> {
  const algorithm = algorithmOf(alternative, scheme)
  const { signature: source, secret: name } = alternative
  const privateKey = input.keyRing?.privateKey(alternative)
  const secret = name === undefined ? undefined : input.secrets(name)[0]
  const key: KeyObject | undefined =
    privateKey ?? (secret === undefined ? undefined : algorithm.readKey(secret.reveal()))
  if (source === undefined || key === undefined || key.type === 'public') {
    throw unsignable(`there is no key to sign with for ${name ?? 'the pinned public key'}`)
  }

  const format = compileFormatOf(alternative)
  const stamped = await addTimestamp(alternative, format?.placeholders ?? [], input, compileExpression)
  const request = addBodyHash(alternative, stamped.request)

  const text = compileSignedText(alternative, format?.placeholders ?? []).render({
    request,
    url: compileSignedUrl(alternative.url)(request.url)[0]!,
    timestamp: stamped.text,
    parts: stamped.parts,
    key,
  })
  if (isRefusal(text)) throw unsignable(text.detail)
  const signature = encodeBytes(algorithm.sign(text, key), source.encoding ?? 'hex')
  const value = format?.write({ ...Object.fromEntries(stamped.parts), signature }) ?? signature
  return withValue(request, source, (source.prefix ?? '') + value)
}

interface Stamped {
  readonly request: InboundRequest
  readonly text: string | undefined
  /** What stands in the other placeholders of the format; one that nothing is known of holds its own name. */
  readonly parts: ReadonlyMap<string, string>
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
  if (clause === undefined) return { request: input.request, text: undefined, parts }
  if (clause.part !== undefined) {
    parts.set(clause.part, now)
    return { request: input.request, text: now, parts }
  }
  const reader = compileTimestamp(alternative, placeholders, compileExpression)!
  const read = await reader.read({ request: input.request, view: input.viewOf(input.request) }, parts)
  if (!isRefusal(read)) return { request: input.request, text: read, parts }
  if (read.code !== 'timestamp_missing') throw unsignable(read.detail)
  const isNumber = clause.body !== undefined && (clause.unit === 's' || clause.unit === 'ms')
  return { request: withValue(input.request, clause, isNumber ? Number(now) : now), text: now, parts }
}

function addBodyHash(alternative: Alternative, request: InboundRequest): InboundRequest {
  const bodyHash = compileBodyHash(alternative)
  const { header, query } = alternative.body_hash ?? {}
  if (bodyHash === undefined) return request
  return withValue(request, header === undefined ? { query: query! } : { header }, bodyHash.write(request.rawBody))
}
