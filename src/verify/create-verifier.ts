/**
 * Makes the verifier of one spec: every alternative is compiled here, so that a request costs nothing but its own check. The policy
 * that no weaker proof rescues a wrong stronger one stands in `verifyFrom` below, and nowhere else.
 *
 * | alternative                               | what follows                                                        |
 * |-------------------------------------------|---------------------------------------------------------------------|
 * | its `when` does not hold                  | the next one                                                        |
 * | its `when` cannot be evaluated            | refused: `expression_failed`                                        |
 * | a secret of `unless_configured` is set    | the next one                                                        |
 * | its own secrets are not configured        | the next one; remembered as `secret_missing`                        |
 * | its signature is not in the request       | the next one; remembered as `signature_missing`                     |
 * | it refuses, and another is `equal_to` it  | that one is tried; a refusal of both is the refusal of the first    |
 * | anything else                             | it decides, with its `require` and all of its `also`                |
 * | none is left                              | refused with the most telling of what was remembered                |
 */
import { andThen, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { Verification } from '../domain/verification.ts'
import {
  type CompiledAlternative,
  compileAlternative,
  consult,
  type Remembered,
  type VerifierParts,
} from './alternative.ts'
import { refuse } from './scheme.ts'
import { signatureSourceOf } from './signature-source.ts'
import type { Verifier, VerifyContext } from './verifier.ts'

export type { VerifierParts }

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
      if (verdict instanceof Promise) {
        return verdict.then((settled) =>
          settled === undefined ? verifyFrom(context, at + 1, remembered) : conclude(alternative, context, settled),
        )
      }
      if (verdict !== undefined) return conclude(alternative, context, verdict)
    }
    return remembered.signatureMissing ?? remembered.secretMissing ?? NOT_APPLICABLE
  }

  /** The verdict of the alternative that decides, unless one that proves as much accepts. */
  const conclude = (
    { equals }: CompiledAlternative,
    context: VerifyContext,
    verdict: Verification,
  ): MaybePromise<Verification> => {
    const tryFrom = (place: number): MaybePromise<Verification> => {
      const at = equals[place]
      if (at === undefined) return verdict
      return andThen(consult(compiled[at]!, context, nothing()), (other) =>
        other?.kind === 'accepted' ? other : tryFrom(place + 1),
      )
    }
    return verdict.kind === 'accepted' ? verdict : tryFrom(0)
  }

  return {
    verify: (context) => verifyFrom(context, 0, nothing()),
    isUnverified: alternatives.some((alternative) => alternative.scheme === 'unverified'),
    ...secretPlaces(alternatives.flatMap((alternative) => [alternative, ...(alternative.also ?? [])])),
  }
}

function nothing(): Remembered {
  return { secretMissing: undefined, signatureMissing: undefined }
}

/** Where the alternatives read what is secret in itself: tokens and passwords in clear, and JWTs, which can be sent again. */
function secretPlaces(
  alternatives: readonly Alternative[],
): Pick<Verifier, 'secretHeaders' | 'secretQuery' | 'secretHeaderOptions'> {
  const sources = alternatives
    .filter(({ scheme }) => scheme === 'token' || scheme === 'basic' || scheme === 'jwt')
    .flatMap((alternative) => signatureSourceOf(alternative) ?? [])
  const headers = sources.flatMap(({ header, aliases = [] }) =>
    header === undefined ? [] : [header, ...aliases].map((name) => name.toLowerCase()),
  )
  return {
    secretHeaders: [...new Set(headers)],
    secretQuery: [...new Set(sources.flatMap(({ query }) => query ?? []))],
    secretHeaderOptions: [...new Set(sources.flatMap(({ header_option: option }) => option ?? []))],
  }
}
