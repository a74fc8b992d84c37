/**
 * An attack is a variation of a genuine request as somebody could send it who has seen that request, and who knows the spec and no
 * secret. It dies when the gateway refuses it. It is harmless when the gateway takes it and understands exactly what it understood
 * before. Otherwise the accepting alternative must have admitted that its scheme does not cover what was changed, or it survives.
 */
import type { Alternative, Example, ProviderSpec } from '../../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../domain/request.ts'
import { isTruthy, type RequestView } from '../../../domain/expression.ts'
import { decodeBody } from '../../../spec/body.ts'
import { createRequestView } from '../../../spec/request-view.ts'
import { nameOf } from '../../../verify/scheme.ts'
import type { ExpressionCompiler } from '../../../verify/verifier.ts'
import type { ExampleSigner, SecretMap, Who } from '../example-signer.ts'
import type { PreparedCase, Variation } from '../case-runner.ts'
import type { Observation } from '../observation.ts'
import { proofSiteOf, type ValueSite } from './proof-site.ts'
import type { Seed } from './seed.ts'

/** What an alternative may admit that its scheme does not cover. */
export type Admission = NonNullable<Alternative['does_not_cover']>[number]

export interface Attack extends Variation {
  /** What was done, as a person would say it. */
  readonly name: string
  /** The admission that excuses a survivor; null where nothing does. */
  readonly against: Admission | null
  /** False where even the same meaning is no excuse: who changes the proof itself must be refused. */
  readonly mayBeHarmless: boolean
  /**
   * For a request that is genuine, and to be taken, although something about it is meant to deceive: what is wrong with what came of
   * it, or null. Decides alone.
   */
  readonly judge?: (seen: Observation) => string | null
}

/** A request that the gateway has taken, with all that is needed to make others of it. */
export interface Target {
  readonly spec: ProviderSpec
  readonly example: Example
  readonly request: InboundRequest
  readonly now: number
  readonly seen: Observation
  /** The alternative that accepted, and where it stands in `verify`. */
  readonly alternative: Alternative
  readonly position: number
  /** Our clock minus the timestamp, where the scheme has one. */
  readonly clockSkewMs: number | undefined
  readonly prepared: PreparedCase
  readonly signer: ExampleSigner
  readonly compileExpression: ExpressionCompiler
  /** Depends on the content of the example alone. */
  readonly seed: Seed
}

/** Where the alternative looks for its proof in requests of the example. */
export function proofSite({ prepared }: Target, alternative: Alternative): ValueSite | undefined {
  return proofSiteOf(alternative, prepared.ready.options)
}

/** The same for the proof itself and all that must be there beside it. */
export function proofSites(target: Target, alternative: Alternative): ValueSite[] {
  return [alternative, ...(alternative.also ?? [])].flatMap((one) => proofSite(target, one) ?? [])
}

/** The request without any proof: where a provider sends several at once, each of them would do. */
export function withoutProofs(target: Target, request: InboundRequest): InboundRequest {
  return target.spec.verify
    .flatMap((one) => proofSites(target, one))
    .reduce((seen, site) => site.write(seen, []), request)
}

/** Whether one may rescue the other, because the spec says that it proves as much. */
export function isEqual(spec: ProviderSpec, one: Alternative, other: Alternative): boolean {
  const rootOf = (alternative: Alternative, steps = 0): Alternative => {
    const named = spec.verify.find((earlier) => nameOf(earlier) === alternative.equal_to)
    return named === undefined || steps > spec.verify.length ? alternative : rootOf(named, steps + 1)
  }
  return rootOf(one) === rootOf(other)
}

export type AttackGenerator = (target: Target) => Promise<readonly Attack[]> | readonly Attack[]

/** The request of the target, or another, with the proof of an alternative made by whoever; null where it cannot be made. */
export function forge(
  { signer, prepared, now }: Target,
  input: { who: Who; alternative: Alternative; request: InboundRequest; secrets?: Variation['secrets']; now?: number },
): Promise<InboundRequest | null> {
  const { who, alternative, request, secrets } = input
  return signer.forge(prepared.ready, {
    who,
    alternative: nameOf(alternative),
    request,
    now: input.now ?? now,
    secrets,
  })
}

/** Made-up secrets in place of those that the example does not configure. */
export function missingSecrets({ signer, prepared }: Target): SecretMap {
  return new Map([...signer.madeUpSecrets].filter(([name]) => !prepared.ready.secrets.has(name)))
}

/** Whether the alternative is meant for this request at all. */
export async function applies(target: Target, alternative: Alternative, request: InboundRequest): Promise<boolean> {
  if (alternative.when === undefined) return true
  const result = await target.compileExpression(alternative.when).evaluate(viewOf(target, request))
  return result.ok && isTruthy(result.value)
}

function viewOf({ prepared, now }: Target, request: InboundRequest): RequestView {
  const { spec, options } = prepared.ready
  return createRequestView({ request, decode: () => decodeBody(spec.bodyKinds, request.rawBody), options, now })
}
