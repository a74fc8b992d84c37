/** A provider spec made ready for the engine: every expression compiled, every default filled in, nothing left to look up. */
import type { CompiledExpression } from '../domain/expression.ts'
import type { ProviderSpec } from '../domain/provider-spec.gen.ts'
import type { TokenCheck } from '../verify/handshake-token.ts'
import type { UrlRule } from '../verify/hosts.ts'
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
  /** Answers for certain causes of a refusal, before `refusedAnswer`. */
  readonly refusals: readonly { readonly codes: ReadonlySet<string>; readonly answer: CompiledAnswer }[]
}

export interface CompiledHandshake {
  readonly name: string
  readonly when: CompiledExpression
  /** Answered only after verification. */
  readonly isVerified: boolean
  /** Null where no token is asked for. */
  readonly token: {
    readonly secret: string
    readonly check: TokenCheck
    readonly otherwise: CompiledAnswer | null
  } | null
  readonly capture: CompiledCapture | null
  readonly confirm: { readonly url: CompiledExpression; readonly rule: UrlRule } | null
  readonly answer: CompiledAnswer
}

export interface CompiledCapture {
  readonly secret: string
  readonly from: CompiledExpression
  readonly scope: 'integration' | 'connection'
  readonly connection: { readonly field: string; readonly equals: CompiledExpression } | null
  readonly replace: 'never' | 'when_unset'
}

export interface CompiledAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Headers whose value is computed; empty for most. */
  readonly computedHeaders: readonly { readonly name: string; readonly value: CompiledExpression }[]
  readonly body:
    | { readonly kind: 'fixed'; readonly contentType: string | null; readonly text: string }
    | { readonly kind: 'computed'; readonly value: CompiledExpression }
}

export interface CompiledEventRules {
  /** Member names from the body to the batch array, `[]` and `*` between them; null when the request is one event. */
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
