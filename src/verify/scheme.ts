/**
 * What every signature scheme is to the verifier: the secrets it needs, and one check that accepts, refuses, or says that the
 * request does not carry this scheme's signature at all. Only the last lets a later alternative of the spec decide.
 */
import { GatewayError } from '../domain/errors.ts'
import type { MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { RefusalCode, Verification } from '../domain/verification.ts'
import type { ExpressionCompiler, VerifyContext } from './verifier.ts'

export interface Scheme {
  /** Secrets that must be configured for the alternative to apply. */
  readonly secretNames: readonly string[]
  /** `absent`: nothing of this scheme stands in the request. Never throws, whatever the request holds. */
  check(context: VerifyContext): MaybePromise<Finding>
}

export type Finding = Acceptance | Refusal | 'absent'

/** Already what the verifier answers, so that the way of most requests copies nothing. */
export type Acceptance = Extract<Verification, { kind: 'accepted' }> & {
  /** For the `require` of an alternative that has one; taken off before anybody else sees it. */
  readonly evidence?: Evidence
}

/** What a proof was found with, beside the claims. */
export interface Evidence {
  readonly parts: ReadonlyMap<string, string>
  /** The published key, where it is one. */
  readonly jwk?: Readonly<Record<string, unknown>> | undefined
}

export type SecretOwners = NonNullable<Extract<Verification, { kind: 'accepted' }>['connections']>

export interface SecretIdentity {
  readonly name: string
  readonly fingerprint: string
}

export interface Refusal {
  readonly kind: 'refused'
  readonly code: RefusalCode
  readonly detail: string
  readonly clockSkewMs?: number
}

/** What a scheme is made with, besides its clause. */
export interface SchemeSetting {
  readonly compileExpression: ExpressionCompiler
  /**
   * Whether another alternative of the spec reads the same place in another form. A value without this alternative's prefix may
   * then be the other's, and counts as absent; where nobody else reads the place it is malformed and refused.
   */
  readonly sharesPlace: boolean
  /** The pinned public key in force: the spec's, or the one that stands in for it in a test. */
  readonly publicKey: string | undefined
}

export function refuse(code: RefusalCode, detail: string): Refusal {
  return { kind: 'refused', code, detail }
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'refused'
}

/** `owners`: the connections whose own secret it was. */
export function accept(
  alternative: Alternative,
  secret: SecretIdentity | undefined,
  clockSkewMs: number | undefined,
  owners?: SecretOwners,
): Acceptance {
  const scheme = nameOf(alternative)
  if (owners !== undefined) {
    const plain = accept(alternative, secret, clockSkewMs)
    return { ...plain, connections: owners }
  }
  if (secret === undefined) {
    return clockSkewMs === undefined ? { kind: 'accepted', scheme } : { kind: 'accepted', scheme, clockSkewMs }
  }
  return clockSkewMs === undefined
    ? { kind: 'accepted', scheme, secret }
    : { kind: 'accepted', scheme, secret, clockSkewMs }
}

/** How an alternative is called in logs and reports. */
export function nameOf(alternative: Alternative): string {
  return alternative.name ?? alternative.scheme
}

/** A clause that cannot work, found when the verifier is made. `field` is the member of the alternative it is about. */
export function invalidClause(alternative: Alternative, field: string, problem: string): GatewayError {
  return new GatewayError({
    code: 'spec_invalid',
    message: `verify alternative "${nameOf(alternative)}": ${problem}`,
    hint: 'Correct the clause, then run `postern lint` on the spec.',
    details: { alternative: nameOf(alternative), field },
  })
}
