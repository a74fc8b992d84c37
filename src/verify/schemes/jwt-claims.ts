/**
 * What a verified token must say. A claim is compared with a literal, a list of literals, or what an expression gives; a claim that
 * the clause names and the token lacks is a mismatch. Claims that are not named are not looked at.
 *
 * An expression gives the value (or the list of values) that the claim must have. It may also be a condition: where it gives `true`
 * and the claim itself is no boolean, the claim holds. Nothing found (`undefined`) never holds, so that an option left empty does
 * not open the gate.
 *
 *     { iss: "https://accounts.example.com", aud: { expression: options.audience } }
 *     { iat: { expression: "claims.iat * 1000 > now - 300000" } }
 */
import type { CompiledExpression, RequestView } from '../../domain/expression.ts'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { isRefusal, type Refusal, refuse } from '../scheme.ts'
import type { ExpressionCompiler } from '../verifier.ts'
import { extendView } from '../view.ts'

export type TokenClaims = Readonly<Record<string, unknown>>

type ClaimRule = { readonly name: string } & (
  | { readonly allowed: readonly unknown[] }
  | { readonly expression: CompiledExpression }
)

export interface ClaimRules {
  /** Undefined when every named claim holds. */
  check(claims: TokenClaims, view: RequestView): Promise<Refusal | undefined>
  /** Claims that would hold, for a signer, beside those given; a condition gives none. */
  write(view: RequestView, given: TokenClaims): Promise<Record<string, unknown>>
}

export function compileClaims(clause: Alternative['claims'], compileExpression: ExpressionCompiler): ClaimRules {
  const rules: ClaimRule[] = Object.entries(clause ?? {}).map(([name, wanted]) => {
    if (Array.isArray(wanted)) return { name, allowed: wanted }
    if (typeof wanted === 'object') return { name, expression: compileExpression(wanted.expression) }
    return { name, allowed: [wanted] }
  })
  return {
    async check(claims, view) {
      const scope = extendView(view, { claims })
      for (const rule of rules) {
        const { name } = rule
        const claim = Object.hasOwn(claims, name) ? claims[name] : undefined
        const allowed = 'allowed' in rule ? rule.allowed : await evaluateAllowed(rule.expression, scope)
        if (isRefusal(allowed)) return allowed
        const mayBeCondition = !('allowed' in rule)
        if (!holds({ name, claim, allowed, mayBeCondition }))
          return refuse('claim_mismatch', `The claim ${name} is not what it must be.`)
      }
      return undefined
    },
    async write(view, given) {
      const written: Record<string, unknown> = { ...given }
      for (const rule of rules) {
        const allowed =
          'allowed' in rule
            ? rule.allowed
            : await evaluateAllowed(rule.expression, extendView(view, { claims: written }))
        const value = isRefusal(allowed) ? undefined : allowed[0]
        if (value !== undefined && ('allowed' in rule || typeof value !== 'boolean')) written[rule.name] = value
      }
      return written
    },
  }
}

async function evaluateAllowed(
  expression: CompiledExpression,
  scope: RequestView,
): Promise<readonly unknown[] | Refusal> {
  const result = await expression.evaluate(scope)
  if (!result.ok) return refuse('expression_failed', `${expression.source}: ${result.detail}`)
  return Array.isArray(result.value) ? (result.value as unknown[]) : [result.value]
}

/** Only what an expression gives may be a condition: a literal `true` is a value, and a token without the claim does not have it. */
function holds(rule: {
  readonly name: string
  readonly claim: unknown
  readonly allowed: readonly unknown[]
  readonly mayBeCondition: boolean
}): boolean {
  const { name, claim, allowed, mayBeCondition } = rule
  // RFC 7519 §4.1.3: the audience may be a list, of which one has to fit.
  const values: readonly unknown[] = name === 'aud' && Array.isArray(claim) ? claim : [claim]
  return allowed.some((wanted) => {
    if (wanted === undefined || wanted === null) return false
    return values.includes(wanted) || (mayBeCondition && wanted === true && typeof claim !== 'boolean')
  })
}
