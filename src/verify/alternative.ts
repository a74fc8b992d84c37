/**
 * One alternative of a spec, made ready: when it applies, what its scheme finds, and what else the clause asks for. Whether another
 * alternative may decide instead is for create-verifier.ts.
 */
import { andThen, type CompiledExpression, isTruthy, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { Verification } from '../domain/verification.ts'
import { findInvalidClause } from './clauses.ts'
import { describePlace } from './place.ts'
import {
  type Acceptance,
  type Finding,
  invalidClause,
  isRefusal,
  nameOf,
  type Refusal,
  refuse,
  type Scheme,
  type SchemeSetting,
} from './scheme.ts'
import { createScheme } from './schemes/catalog.ts'
import { compileConnectionHint, type ConnectionHint } from './secret-keys.ts'
import { sharesPlace, signatureSourceOf } from './signature-source.ts'
import type { ExpressionCompiler, VerifyContext } from './verifier.ts'
import { extendView, strictView } from './view.ts'

export interface VerifierParts {
  readonly compileExpression: ExpressionCompiler
  /** Stands in for an alternative's pinned `public_key`: the key of a test's key ring, whose private half is known. */
  readonly publicKeyOverride?: ((alternative: Alternative) => string | undefined) | undefined
}

export interface CompiledAlternative {
  readonly name: string
  /** Places of the alternatives that are tried when this one refuses. */
  readonly equals: readonly number[]
  readonly when: CompiledExpression | undefined
  readonly unlessConfigured: readonly { readonly name: string; readonly hint: ConnectionHint | undefined }[]
  /** Whether connections may have secrets of their own for it. */
  readonly isHinted: boolean
  readonly scheme: Scheme
  readonly require: readonly CompiledExpression[]
  readonly also: readonly CompiledAlternative[]
  readonly secretMissing: Verification
  readonly signatureMissing: Verification
}

/** What the alternatives so far have left to tell, should none decide. */
export interface Remembered {
  secretMissing: Verification | undefined
  signatureMissing: Verification | undefined
}

/** The verdict of one alternative; undefined leaves it to the next. */
export function consult(
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
  return andThen(isTakenOut(alternative, context), (isOut) =>
    isOut ? undefined : consultConfigured(alternative, context, remembered),
  )
}

/** Whether one of the secrets is set that take this alternative out: the integration's, or that of a connection hinted at. */
function isTakenOut({ unlessConfigured }: CompiledAlternative, context: VerifyContext): MaybePromise<boolean> {
  const hints: ConnectionHint[] = []
  for (const { name, hint } of unlessConfigured) {
    if (context.secrets(name).length > 0) return true
    if (hint !== undefined && context.connectionSecrets !== undefined) hints.push(hint)
  }
  return hints.length === 0 ? false : isSetForConnection(hints, context)
}

async function isSetForConnection(hints: readonly ConnectionHint[], context: VerifyContext): Promise<boolean> {
  for (const hint of hints) {
    const hinted = await hint(context, context)
    // What cannot be said of the stronger one must not open the way to the weaker.
    if (isRefusal(hinted) || hinted.found.some(({ secrets }) => secrets.length > 0)) return true
  }
  return false
}

function consultConfigured(
  alternative: CompiledAlternative,
  context: VerifyContext,
  remembered: Remembered,
): MaybePromise<Verification | undefined> {
  const mayBeConnections = alternative.isHinted && context.connectionSecrets !== undefined
  for (const name of mayBeConnections ? [] : alternative.scheme.secretNames) {
    if (context.secrets(name).length > 0) continue
    remembered.secretMissing ??= alternative.secretMissing
    return undefined
  }
  const finding = alternative.scheme.check(context)
  if (finding instanceof Promise) return finding.then((settled) => settle(alternative, context, settled, remembered))
  return settle(alternative, context, finding, remembered)
}

function settle(
  alternative: CompiledAlternative,
  context: VerifyContext,
  finding: Finding,
  remembered: Remembered,
): MaybePromise<Verification | undefined> {
  if (finding === 'absent') {
    remembered.signatureMissing ??= alternative.signatureMissing
    return undefined
  }
  if (finding.kind === 'refused') return verdictOf(alternative, finding)
  return alternative.require.length === 0 && alternative.also.length === 0
    ? finding
    : checkMore(alternative, context, finding)
}

/** What must hold beside the proof. */
async function checkMore(
  alternative: CompiledAlternative,
  context: VerifyContext,
  { evidence, ...accepted }: Acceptance,
): Promise<Verification> {
  const parts = Object.fromEntries(evidence?.parts ?? [])
  const added = { parts, claims: accepted.claims, jwk: evidence?.jwk }
  const scope = extendView(strictView(context.view, context.request), added)
  for (const condition of alternative.require) {
    const result = await condition.evaluate(scope)
    if (!result.ok) {
      return verdictOf(alternative, refuse('expression_failed', `require ${condition.source}: ${result.detail}`))
    }
    if (!isTruthy(result.value)) {
      return verdictOf(alternative, refuse('requirement_unmet', `This does not hold: ${condition.source}`))
    }
  }
  for (const other of alternative.also) {
    const remembered: Remembered = { secretMissing: undefined, signatureMissing: undefined }
    const verdict = (await consult(other, context, remembered)) ?? remembered.signatureMissing
    if (verdict?.kind === 'refused') return verdict
  }
  return accepted
}

function verdictOf(alternative: { readonly name: string }, refusal: Refusal): Verification {
  return { ...refusal, scheme: alternative.name }
}

/** Throws `spec_invalid`. `alternatives` are all of the spec, in their order. */
export function compileAlternative(
  alternative: Alternative,
  alternatives: readonly Alternative[],
  parts: VerifierParts,
): CompiledAlternative {
  const { compileExpression } = parts
  const invalid = findInvalidClause(alternative)
  if (invalid !== undefined) throw invalidClause(alternative, invalid.field, invalid.problem)
  checkEqual(alternative, alternatives)
  const setting: SchemeSetting = {
    compileExpression,
    sharesPlace: sharesPlace(alternative, alternatives),
    publicKey: parts.publicKeyOverride?.(alternative) ?? alternative.public_key,
  }
  const scheme = createScheme(alternative, setting)
  const source = signatureSourceOf(alternative)
  const name = nameOf(alternative)
  const hintFor = (secret: string): ConnectionHint | undefined => {
    const hinted = alternatives.find((one) => one.secret === secret && one.connection !== undefined)
    return hinted === undefined ? undefined : compileConnectionHint(hinted, compileExpression)
  }
  return {
    name,
    scheme,
    equals: alternatives.flatMap((other, at) => (other.equal_to === name ? [at] : [])),
    when: alternative.when === undefined ? undefined : compileExpression(alternative.when),
    unlessConfigured: (alternative.unless_configured ?? []).map((secret) => ({ name: secret, hint: hintFor(secret) })),
    isHinted: alternative.connection !== undefined,
    require: (alternative.require ?? []).map((condition) => compileExpression(condition)),
    also: (alternative.also ?? []).map((other) => compileAlternative(other, [], parts)),
    secretMissing: verdictOf(
      { name },
      refuse('secret_missing', `No secret is configured as ${scheme.secretNames.join(' and ')}.`),
    ),
    signatureMissing: verdictOf(
      { name },
      refuse(
        'signature_missing',
        source === undefined ? 'There is no signature.' : `The ${describePlace(source)} is missing.`,
      ),
    ),
  }
}

/** An equal may rescue a wrong signature, so it must be one of the same strength. */
function checkEqual(alternative: Alternative, alternatives: readonly Alternative[]): void {
  const { equal_to: name } = alternative
  if (name === undefined) return
  const at = alternatives.findIndex((one) => nameOf(one) === name)
  const other = alternatives[at]
  if (other === undefined || at >= alternatives.indexOf(alternative)) {
    throw invalidClause(alternative, 'equal_to', `there is no earlier alternative called "${name}"`)
  }
  const strength = ({ scheme, does_not_cover: gaps, also, require }: Alternative): string =>
    JSON.stringify([scheme, [...(gaps ?? [])].sort(), also, require])
  if (strength(other) !== strength(alternative)) {
    throw invalidClause(
      alternative,
      'equal_to',
      `"${name}" proves something else: scheme, does_not_cover, require and also must be the same`,
    )
  }
}
