/**
 * A digest of the body that stands in something signed: a signed URL's parameter, a signed header, a token's claim. It is checked
 * beside the signature, which covers the digest and not the body.
 *
 *     { query: bodySHA256, digest: sha256, encoding: hex }   body '{}' → bodySHA256=44136fa355b3678a…
 */
import { createHash } from 'node:crypto'
import { andThen, isTruthy, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { isSameBytes } from './compare.ts'
import { decodeBytes, encodeBytes } from './encoding.ts'
import { compilePlace, describePlace, type Located, type PlaceContext } from './place.ts'
import { invalidClause, isRefusal, type Refusal, refuse } from './scheme.ts'
import type { ExpressionCompiler } from './verifier.ts'

export interface BodyHash {
  /** The claim that holds it; undefined when it stands in the request itself. */
  readonly claim: string | undefined
  /** Undefined when the digest that stands in the request, or in the signature's value, is that of its body. */
  checkRequest(context: PlaceContext, parts: ReadonlyMap<string, string>): MaybePromise<Refusal | undefined>
  /** The same for the value of a claim. */
  checkClaim(value: unknown, context: PlaceContext): MaybePromise<Refusal | undefined>
  /** The digest as the provider would write it; undefined where it would write none. */
  write(context: PlaceContext): MaybePromise<string | undefined>
}

/** `placeholders` are those of the signature's format. */
export function compileBodyHash(
  alternative: Alternative,
  placeholders: readonly string[],
  compileExpression: ExpressionCompiler,
): BodyHash | undefined {
  const clause = alternative.body_hash
  if (clause === undefined) return undefined
  const { header, query, form, part, claim, digest, encoding } = clause
  if ([header, query, form, part, claim].filter((place) => place !== undefined).length !== 1) {
    throw invalidClause(alternative, 'body_hash', 'the body hash needs exactly one of header, query, form, part, claim')
  }
  if ((claim !== undefined) !== (alternative.scheme === 'jwt')) {
    throw invalidClause(alternative, 'body_hash', 'a claim holds the body hash of a token, and only of a token')
  }
  if (part !== undefined && !placeholders.includes(part)) {
    throw invalidClause(alternative, 'body_hash', `the signature's format has no placeholder {${part}}`)
  }
  const locate = compilePlace(clause, compileExpression)
  const when = clause.when === undefined ? undefined : compileExpression(clause.when)
  const where = claim !== undefined ? `claim ${claim}` : part !== undefined ? `part {${part}}` : describePlace(clause)
  const missing = refuse('body_hash_mismatch', `The ${where} with the body's digest is missing.`)
  const ambiguous = refuse('signature_ambiguous', `The ${where} with the body's digest was sent more than once.`)
  const wrong = refuse('body_hash_mismatch', `The ${where} is not the ${digest} of the body in ${encoding}.`)

  const hash = (body: Uint8Array): Buffer => createHash(digest).update(body).digest()
  const check = (value: string, body: Uint8Array): Refusal | undefined => {
    const given = decodeBytes(value, encoding)
    return given !== undefined && isSameBytes(given, hash(body)) ? undefined : wrong
  }
  /** A digest that is there is checked always; `when` only says whether one may be missing. */
  const isNeeded = ({ view }: PlaceContext): MaybePromise<boolean | Refusal> => {
    if (when === undefined) return true
    return andThen(when.evaluate(view), (result) =>
      result.ok ? isTruthy(result.value) : refuse('expression_failed', `body_hash.when: ${result.detail}`),
    )
  }
  const judgeMissing = (context: PlaceContext): MaybePromise<Refusal | undefined> =>
    andThen(isNeeded(context), (needed) => (isRefusal(needed) ? needed : needed ? missing : undefined))

  return {
    claim,
    checkRequest(context, parts) {
      const located: MaybePromise<Located> = part === undefined ? locate?.(context) : present(parts.get(part))
      return andThen(located, (values) => {
        if (values === undefined) return judgeMissing(context)
        if (isRefusal(values)) return values
        return values.length === 1 ? check(values[0]!, context.request.rawBody) : ambiguous
      })
    },
    checkClaim(value, context) {
      if (value === undefined) return judgeMissing(context)
      return typeof value === 'string' ? check(value, context.request.rawBody) : wrong
    },
    write: (context) =>
      andThen(isNeeded(context), (needed) =>
        needed === true ? encodeBytes(hash(context.request.rawBody), encoding) : undefined,
      ),
  }
}

function present(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value]
}
