/** A provider spec made ready for the engine: every expression compiled, every default filled in, nothing left to look up. */
import type { CompiledExpression } from '../domain/expression.ts'
import type { ProviderSpec } from '../domain/provider-spec.gen.ts'
import type { TimeUnit } from '../verify/timestamp.ts'
import type { Verifier } from '../verify/verifier.ts'
import type { BodyKind } from './body.ts'

export interface CompiledSpec {
  readonly provider: string
  readonly name: string
  /** File it was read from. */
  readonly file: string
  /** The validated document, for reports and for the examples. */
  readonly document: ProviderSpec
  readonly bodyKinds: readonly BodyKind[]
  readonly verifier: Verifier
  readonly handshakes: readonly CompiledHandshake[]
  readonly event: CompiledEventRules
  readonly match: readonly CompiledMatchRule[]
  /** Paths of secret members below the body; `[]` is every item of an array. */
  readonly strip: readonly (readonly string[])[]
  /** Lower case; names that may never pass are already out. */
  readonly forwardHeaders: readonly string[]
  readonly forwardQuery: readonly string[]
  readonly answers: readonly { readonly when: CompiledExpression | null; readonly answer: CompiledAnswer }[]
  readonly refusedAnswer: CompiledAnswer
}

export interface CompiledHandshake {
  readonly name: string
  readonly when: CompiledExpression
  /** Answered only after verification. */
  readonly isVerified: boolean
  readonly answer: CompiledAnswer
}

export interface CompiledAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body:
    | { readonly kind: 'fixed'; readonly contentType: string | null; readonly text: string }
    | { readonly kind: 'computed'; readonly value: CompiledExpression }
}

export interface CompiledEventRules {
  /** Member names from the body to the batch array; null when the request is one event. */
  readonly batchPath: readonly string[] | null
  readonly type: CompiledExpression
  readonly dedupe: CompiledExpression | null
  /** null leaves it to the gateway's setting */
  readonly dedupeWindowMs: number | null
  readonly time: { readonly value: CompiledExpression; readonly unit: TimeUnit } | null
  readonly skip: CompiledExpression | null
}

export interface CompiledMatchRule {
  readonly field: string
  readonly equals: CompiledExpression
  readonly when: CompiledExpression | null
}
