/**
 * The verifier of one spec: its alternatives in order, strongest first. The first alternative that applies and whose signature is
 * present decides, so a wrong strong signature is never rescued by a weaker one; an alternative whose secrets are not configured
 * does not apply; when none applies the request is refused.
 */
import type { CompiledExpression, MaybePromise, RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'
import type { Secret } from '../domain/secret.ts'
import type { Verification } from '../domain/verification.ts'

/** What a verifier needs besides the request itself. */
export interface VerifyContext {
  readonly request: InboundRequest
  /** For `when`, and for the schemes that look into the unverified body; decodes it only when read. */
  readonly view: RequestView
  /** Live secrets of this name, the first being the current one; empty when not configured. */
  readonly secrets: (name: string) => readonly Secret[]
  /** ms since the epoch, the time of receipt */
  readonly now: number
  /** Fetches the provider's published keys; cached, guarded, from pinned URLs only. */
  readonly keySets: KeySets
}

export interface KeySets {
  /** The JWK set at this URL; throws when it cannot be had. `refresh` asks again (rate-limited) when a key id is not in it. */
  fetch(url: string, options?: { refresh: boolean }): Promise<{ keys: readonly Record<string, unknown>[] }>
}

export interface Verifier {
  verify(context: VerifyContext): MaybePromise<Verification>
  /** Lower-case names of headers that carry a secret in clear (tokens, JWTs, passwords): never stored or shown. */
  readonly secretHeaders: readonly string[]
  readonly secretQuery: readonly string[]
  /** Whether any alternative is `unverified`: then the ingress token must be the protection. */
  readonly isUnverified: boolean
}

/** Compiles expressions; given by the caller because `verify/` does not know the expression language. */
export type ExpressionCompiler = (source: string) => CompiledExpression
