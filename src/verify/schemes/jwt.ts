/**
 * A JSON Web Token (RFC 7519) as the proof: in the authorization header by default, in any other place by clause. Algorithms are
 * those of the spec, never the token's choice; `exp` and `nbf` are judged wherever they stand; claims and a digest of the body as
 * the clause says. The key is a secret (HS), a public key, or one of the set that the provider publishes under a pinned URL: an
 * unknown key id makes the set be asked for again once. Keys that a token brings or points to itself are never looked at.
 *
 *     { scheme: jwt, jwks: "https://www.example.com/certs", algorithms: [RS256], tolerance: 1m,
 *       claims: { iss: "https://accounts.example.com", aud: { expression: options.audience } } }
 *     → authorization: Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Ij…
 */
import type * as Jose from 'jose'
import { andThen, type MaybePromise } from '../../domain/expression.ts'
import { parseDuration } from '../../domain/duration.ts'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { compileBodyHash } from '../body-hash.ts'
import { accept, type Finding, isRefusal, type Refusal, refuse, type Scheme, type SchemeSetting } from '../scheme.ts'
import type { PlaceContext } from '../place.ts'
import { compileSignatureSource, type SignatureTexts } from '../signature-source.ts'
import type { VerifyContext } from '../verifier.ts'
import { compileClaims } from './jwt-claims.ts'
import { compileTokenKeys } from './jwt-keys.ts'

/** Clocks differ by a little; RFC 7519 §4.1.4 allows "some small leeway". */
const DEFAULT_LEEWAY_MS = 60_000

/** RFC 7515 §3.1. jose passes over white space in a signature, so that one token could be written in many ways. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/
const NOT_COMPACT = refuse('signature_malformed', 'This is not a signed token.')

export function createJwtScheme(alternative: Alternative, setting: SchemeSetting): Scheme {
  const algorithms = alternative.algorithms ?? []
  const source = compileSignatureSource(alternative, setting)
  const claimRules = compileClaims(alternative.claims, setting.compileExpression)
  const bodyHash = compileBodyHash(alternative, source.placeholders, setting.compileExpression)
  const { max_age: maxAge, required_claims: required = [] } = alternative
  const toleranceMs = alternative.tolerance === undefined ? DEFAULT_LEEWAY_MS : parseDuration(alternative.tolerance)
  const keys = compileTokenKeys(alternative, setting)

  const checkToken = async (
    context: VerifyContext,
    place: PlaceContext,
    token: string,
    parts: ReadonlyMap<string, string>,
  ): Promise<Finding> => {
    if (!COMPACT.test(token)) return NOT_COMPACT
    const jose = await import('jose') // 70 ms and 8 MB, which a gateway without token schemes need not have
    const options = {
      algorithms: [...algorithms],
      clockTolerance: toleranceMs / 1_000,
      currentDate: new Date(context.now),
      requiredClaims: [...required],
      ...(maxAge === undefined ? {} : { maxTokenAge: parseDuration(maxAge) / 1_000 }),
    }
    const { reading, live } = await keys.read(context, place, token, async (key) => {
      try {
        // Two overloads of one function: a key, or a function that finds one.
        const verified =
          typeof key === 'function'
            ? await jose.jwtVerify(token, key, options)
            : await jose.jwtVerify(token, key, options)
        return { claims: verified.payload, keyId: verified.protectedHeader.kid }
      } catch (error) {
        return refusalOf(error, jose)
      }
    })
    if (isRefusal(reading)) return reading
    const { claims } = reading
    const refusal =
      (await claimRules.check(claims, place.view)) ??
      (bodyHash?.claim === undefined ? undefined : await bodyHash.checkClaim(claims[bodyHash.claim], place))
    if (refusal !== undefined) return refusal
    const skew = typeof claims['iat'] === 'number' ? context.now - claims['iat'] * 1_000 : undefined
    const accepted = { ...accept(alternative, live?.identity, skew, live?.owners), claims }
    return alternative.require === undefined ? accepted : { ...accepted, evidence: { parts, jwk: live?.jwk } }
  }

  /** Where several tokens stand, each of them must be genuine. */
  const checkTokens = async (context: VerifyContext, place: PlaceContext, found: SignatureTexts): Promise<Finding> => {
    let finding: Finding = 'absent'
    for (const token of found.texts) {
      finding = await checkToken(context, place, token, found.parts)
      if (isRefusal(finding)) return finding
    }
    return finding
  }

  return {
    secretNames: keys.secretNames,
    check: (context): MaybePromise<Finding> =>
      andThen<Awaited<ReturnType<typeof source.read>>, Finding>(source.read(context), (found) => {
        if (found === undefined) return 'absent'
        return isRefusal(found) ? found : checkTokens(context, context, found)
      }),
  }
}

/** jose's errors carry a code that is part of its interface; anything else thrown is a key that cannot do the algorithm. */
function refusalOf(error: unknown, { errors }: typeof Jose): Refusal {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' && error.reason === 'check_failed'
      ? refuse('signature_premature', 'The token is not valid yet.')
      : refuse('claim_mismatch', `The claim ${error.claim} is not what it must be.`)
  }
  switch (error instanceof errors.JOSEError ? error.code : undefined) {
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return refuse('signature_mismatch', 'No live key made this token.')
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return refuse('signature_malformed', 'The token is of an algorithm that the spec does not accept.')
    case 'ERR_JWT_EXPIRED':
      return refuse('signature_expired', 'The token has expired.')
    case 'ERR_JWKS_NO_MATCHING_KEY':
    case 'ERR_JWKS_MULTIPLE_MATCHING_KEYS':
      return refuse('key_unavailable', 'The published key set does not hold the one key that the token names.')
    case 'ERR_JWKS_INVALID':
      return refuse('key_unavailable', 'What the provider publishes is not a key set.')
    case 'ERR_JWS_INVALID':
    case 'ERR_JWT_INVALID':
    case 'ERR_JOSE_NOT_SUPPORTED':
      return refuse('signature_malformed', 'This is not a signed token.')
    default:
      return refuse('key_invalid', 'The key cannot be used with the algorithm of the token.')
  }
}
