/**
 * A digest of the body that stands in something signed: a signed URL's parameter, a signed header, a token's claim. It is checked
 * beside the signature, which covers the digest and not the body.
 *
 *     { query: bodySHA256, digest: sha256, encoding: hex }   body '{}' → bodySHA256=44136fa355b3678a…
 */
import { createHash } from 'node:crypto'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { isSameBytes } from './compare.ts'
import { decodeBytes, encodeBytes } from './encoding.ts'
import { readQuery, valuesOf } from './form.ts'
import type { InboundRequest } from '../domain/request.ts'
import { invalidClause, type Refusal, refuse } from './scheme.ts'

export interface BodyHash {
  /** The claim that holds it; undefined when it stands in the request itself. */
  readonly claim: string | undefined
  /** Undefined when the digest that stands in the request is that of its body. */
  checkRequest(request: InboundRequest): Refusal | undefined
  /** The same for the value of a claim. */
  checkClaim(value: unknown, request: InboundRequest): Refusal | undefined
  /** The digest as the provider would write it. */
  write(body: Uint8Array): string
}

export function compileBodyHash(alternative: Alternative): BodyHash | undefined {
  const clause = alternative.body_hash
  if (clause === undefined) return undefined
  const { header, query, claim, digest, encoding } = clause
  if ([header, query, claim].filter((place) => place !== undefined).length !== 1) {
    throw invalidClause(alternative, 'body_hash', 'the body hash needs exactly one of header, query, claim')
  }
  if ((claim !== undefined) !== (alternative.scheme === 'jwt')) {
    throw invalidClause(alternative, 'body_hash', 'a claim holds the body hash of a token, and only of a token')
  }
  const where =
    header !== undefined
      ? `header ${header.toLowerCase()}`
      : query !== undefined
        ? `query parameter ${query}`
        : `claim ${claim}`
  const missing = refuse('body_hash_mismatch', `The ${where} with the body's digest is missing.`)
  const ambiguous = refuse('signature_ambiguous', `The ${where} with the body's digest was sent more than once.`)
  const wrong = refuse('body_hash_mismatch', `The ${where} is not the ${digest} of the body in ${encoding}.`)

  const hash = (body: Uint8Array): Buffer => createHash(digest).update(body).digest()
  const check = (value: string, body: Uint8Array): Refusal | undefined => {
    const given = decodeBytes(value, encoding)
    return given !== undefined && isSameBytes(given, hash(body)) ? undefined : wrong
  }
  return {
    claim,
    checkRequest(request) {
      const values = header !== undefined ? request.headers.all(header) : valuesOf(readQuery(request.url), query ?? '')
      if (values.length === 0) return missing
      return values.length === 1 ? check(values[0]!, request.rawBody) : ambiguous
    },
    checkClaim: (value, request) => (typeof value === 'string' ? check(value, request.rawBody) : missing),
    write: (body) => encodeBytes(hash(body), encoding),
  }
}
