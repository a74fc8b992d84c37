/**
 * Makes the verifier of one spec: every alternative is compiled here, so that a request costs nothing but its own check. The policy
 * that no weaker proof rescues a wrong stronger one stands in `verify` below, and nowhere else.
 *
 * | alternative                               | what follows                                                        |
 * |-------------------------------------------|---------------------------------------------------------------------|
 * | its `when` does not hold                  | the next one                                                        |
 * | its `when` cannot be evaluated            | refused: `expression_failed`                                        |
 * | a secret of `unless_configured` is set    | the next one                                                        |
 * | its own secrets are not configured        | the next one; remembered as `secret_missing`                        |
 * | its signature is not in the request       | the next one; remembered as `signature_missing`                     |
 * | anything else                             | it decides                                                          |
 * | none is left                              | refused with the most telling of what was remembered                |
 */
import { andThen, type CompiledExpression, isTruthy, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { Verification } from '../domain/verification.ts'
import { findInvalidClause } from './clauses.ts'
import { type Finding, invalidClause, nameOf, type Refusal, refuse, type Scheme, type SchemeSetting } from './scheme.ts'
import { createScheme } from './schemes/catalog.ts'
import { sharesPlace, signatureSourceOf } from './signature-source.ts'
import { describePlace } from './place.ts'
import type { ExpressionCompiler, Verifier, VerifyContext } from './verifier.ts'

export interface VerifierParts {
  readonly compileExpression: ExpressionCompiler
  /** Stands in for an alternative's pinned `public_key`: the key of a test's key ring, whose private half is known. */
  readonly publicKeyOverride?: ((alternative: Alternative) => string | undefined) | undefined
}

interface CompiledAlternative {
  readonly name: string
  readonly when: CompiledExpression | undefined
  readonly unlessConfigured: readonly string[]
  readonly scheme: Scheme
  readonly secretMissing: Verification
  readonly signatureMissing: Verification
}

/** What the alternatives so far have left to tell, should none decide. */
interface Remembered {
  secretMissing: Verification | undefined
  signatureMissing: Verification | undefined
}

const NOT_APPLICABLE: Verification = refuse(
  'scheme_not_applicable',
  'No alternative of the spec applies to this request.',
)

/** Throws `spec_invalid` for an alternative that cannot work; `details` name the alternative and the member. */
export function createVerifier(alternatives: readonly Alternative[], parts: VerifierParts): Verifier {
  const compiled = alternatives.map((alternative) => compileAlternative(alternative, alternatives, parts))

  /** Goes through the alternatives from `start`; a promise appears only where one of them needs it. */
  const verifyFrom = (context: VerifyContext, start: number, remembered: Remembered): MaybePromise<Verification> => {
    for (let at = start; at < compiled.length; at += 1) {
      const alternative = compiled[at]!
      const verdict = consult(alternative, context, remembered)
      if (verdict instanceof Promise)
        return verdict.then((settled) => settled ?? verifyFrom(context, at + 1, remembered))
      if (verdict !== undefined) return verdict
    }
    return remembered.signatureMissing ?? remembered.secretMissing ?? NOT_APPLICABLE
  }

  return {
    verify: (context) => verifyFrom(context, 0, { secretMissing: undefined, signatureMissing: undefined }),
    isUnverified: alternatives.some((alternative) => alternative.scheme === 'unverified'),
    ...secretPlaces(alternatives),
  }
}

/** The verdict of one alternative; undefined leaves it to the next. */
function consult(
  alternative: CompiledAlternative,
  context: VerifyContext,
  remembered: Remembered,
): MaybePromise<Verification | undefined> {
  const { when } = alternative
  if (when === undefined) return consultApplicable(alternative, context, remembered)
  return andThen(when.evaluate(context.view), (result) => {
    if (!result.ok) {
      return verdictOf(alternative, refuse('expression_failed', `when ${when.source}: ${result.detail}`))
    }
    return isTruthy(result.value) ? consultApplicable(alternative, context, remembered) : undefined
  })
}

function consultApplicable(
  alternative: CompiledAlternative,
  context: VerifyContext,
  remembered: Remembered,
): MaybePromise<Verification | undefined> {
  for (const name of alternative.unlessConfigured) if (context.secrets(name).length > 0) return undefined
  for (const name of alternative.scheme.secretNames) {
    if (context.secrets(name).length > 0) continue
    remembered.secretMissing ??= alternative.secretMissing
    return undefined
  }
  const finding = alternative.scheme.check(context)
  if (finding instanceof Promise) return finding.then((settled) => settle(alternative, settled, remembered))
  return settle(alternative, finding, remembered)
}

function settle(alternative: CompiledAlternative, finding: Finding, remembered: Remembered): Verification | undefined {
  if (finding !== 'absent') return verdictOf(alternative, finding)
  remembered.signatureMissing ??= alternative.signatureMissing
  return undefined
}

function verdictOf(alternative: { readonly name: string }, finding: Exclude<Finding, 'absent'>): Verification {
  return finding.kind === 'accepted' ? finding : { ...finding, scheme: alternative.name }
}

function compileAlternative(
  alternative: Alternative,
  alternatives: readonly Alternative[],
  parts: VerifierParts,
): CompiledAlternative {
  const invalid = findInvalidClause(alternative)
  if (invalid !== undefined) throw invalidClause(alternative, invalid.field, invalid.problem)
  const name = nameOf(alternative)
  const setting: SchemeSetting = {
    compileExpression: parts.compileExpression,
    sharesPlace: sharesPlace(alternative, alternatives),
    publicKey: parts.publicKeyOverride?.(alternative) ?? alternative.public_key,
  }
  const scheme = createScheme(alternative, setting)
  const source = signatureSourceOf(alternative)
  const missing = (refusal: Refusal): Verification => verdictOf({ name }, refusal)
  return {
    name,
    scheme,
    when: alternative.when === undefined ? undefined : parts.compileExpression(alternative.when),
    unlessConfigured: alternative.unless_configured ?? [],
    secretMissing: missing(refuse('secret_missing', `No secret is configured as ${scheme.secretNames.join(' and ')}.`)),
    signatureMissing: missing(
      refuse(
        'signature_missing',
        source === undefined ? 'There is no signature.' : `The ${describePlace(source)} is missing.`,
      ),
    ),
  }
}

/** Where the alternatives read what is secret in itself: tokens and passwords in clear, and JWTs, which can be sent again. */
function secretPlaces(alternatives: readonly Alternative[]): Pick<Verifier, 'secretHeaders' | 'secretQuery'> {
  const sources = alternatives
    .filter(({ scheme }) => scheme === 'token' || scheme === 'basic' || scheme === 'jwt')
    .map((alternative) => signatureSourceOf(alternative))
  const headers = sources.flatMap((source) => (source?.header === undefined ? [] : [source.header.toLowerCase()]))
  const query = sources.flatMap((source) => (source?.query === undefined ? [] : [source.query]))
  return { secretHeaders: [...new Set(headers)], secretQuery: [...new Set(query)] }
}
