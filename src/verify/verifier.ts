/**
 * The verifier of one spec: its alternatives in order, strongest first. The first alternative that applies and whose signature is
 * present decides, so a wrong strong signature is never rescued by a weaker one; an alternative whose secrets are not configured
 * does not apply; when none applies the request is refused.
 */
import type { CompiledExpression, MaybePromise, RequestView } from '../domain/expression.ts'
import type { ConnectionId } from '../domain/ids.ts'
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
  /** Secrets of connections, for the alternatives that say where a request names its connection. Without it there are none. */
  readonly connectionSecrets?: ConnectionSecrets | undefined
}

/**
 * Finds the secrets of single connections by what an unverified request says of itself. The values are nobody's word: what is found
 * is believed only after one of the secrets has made the signature.
 */
export interface ConnectionSecrets {
  /** The connections of the integration that have this identifier with one of the values, with their live secrets of this name. */
  find(query: ConnectionSecretQuery): MaybePromise<readonly ConnectionSecret[]>
}

export interface ConnectionSecretQuery {
  /** `connection_id`, `connection_config.<path>`, `metadata.<path>` or `tags.<name>` */
  readonly field: string
  /** At least one, at most 100. */
  readonly values: readonly string[]
  /** Name of the secret. */
  readonly name: string
}

export interface ConnectionSecret {
  readonly connectionId: ConnectionId
  /** The current one first; a connection without any need not be given. */
  readonly secrets: readonly Secret[]
}

export interface KeySets {
  /** The JWK set at this URL; throws when it cannot be had. `refresh` asks again (rate-limited) when a key id is not in it. */
  fetch(url: string, options?: { refresh: boolean }): Promise<{ keys: readonly Record<string, unknown>[] }>
  /**
   * A document that holds or names a key, kept like the sets; throws when it cannot be had. The URL has passed the rule of the spec.
   * Without this function keys of that kind are not to be had.
   */
  document?(request: DocumentRequest, options?: { refresh: boolean }): Promise<KeyDocument>
}

/** One request for a document, the whole of it. */
export interface DocumentRequest {
  /** https; never redirected. */
  readonly url: string
  readonly accept: string
  /** The value of the header, a secret. */
  readonly authorization?: string | undefined
  /** Sent by POST where it is given, by GET otherwise. */
  readonly body?: { readonly contentType: string; readonly text: string } | undefined
}

export interface KeyDocument {
  readonly text: string
  /** ms since the epoch */
  readonly fetchedAt: number
}

/** The network behind `KeySets.document`: the text of a 200, at most 1 MB; rejects on anything else. */
export type FetchDocument = (request: DocumentRequest) => Promise<string>

export interface Verifier {
  verify(context: VerifyContext): MaybePromise<Verification>
  /** Lower-case names of headers that carry a secret in clear (tokens, JWTs, passwords): never stored or shown. */
  readonly secretHeaders: readonly string[]
  readonly secretQuery: readonly string[]
  /** Options that name such a header. */
  readonly secretHeaderOptions: readonly string[]
  /** Whether any alternative is `unverified`: then the ingress token must be the protection. */
  readonly isUnverified: boolean
}

/** Compiles expressions; given by the caller because `verify/` does not know the expression language. */
export type ExpressionCompiler = (source: string) => CompiledExpression
