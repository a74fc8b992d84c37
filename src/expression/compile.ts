/**
 * Expressions, ready to run. Most take the direct way, at once and in a fraction of a microsecond; what needs the full language runs
 * in the sandbox, within its bounds. Whatever happens is a result: nothing here throws once an expression is compiled.
 */
import { GatewayError } from '../domain/errors.ts'
import type {
  CompiledExpression,
  EvaluationExtra,
  ExpressionResult,
  ExpressionScope,
  SyncExpression,
} from '../domain/expression.ts'
import type jsonata from 'jsonata'
import { type ExpressionProblem, firstProblem } from './check.ts'
import { compileDirect } from './direct/compile.ts'
import { BAIL, Run, type Step } from './direct/run.ts'
import { failureOf } from './failure.ts'
import { DEFAULT_LIMITS, type ExpressionLimits } from './limits.ts'
import { toPlainData } from './plain-data.ts'
import { Sandbox } from './sandbox.ts'
import {
  type AnyScopeName,
  FILTER_SCOPE_NAMES,
  SCOPE_NAMES,
  type Survey,
  surveyOf,
  SYNC_SCOPE_NAMES,
} from './survey.ts'
import { parseExpression } from './syntax.ts'
import { Turns } from './turns.ts'

/** After so long in slow expressions, other work of the event loop comes first. */
const SLICE_MS = 10

/**
 * Makes a compiler. All its expressions share one sandbox, made when the first of them needs it. Compiling throws
 * `expression_invalid`, with the position in `details`, for what `checkExpression` finds wrong.
 */
export function createExpressionCompiler(
  limits: Partial<ExpressionLimits> = {},
): (source: string) => CompiledExpression {
  return createCompiler(limits, SCOPE_NAMES)
}

/** The same for the filters of destinations, which also see the event's `type`. */
export function createFilterCompiler(limits: Partial<ExpressionLimits> = {}): (source: string) => CompiledExpression {
  return createCompiler(limits, FILTER_SCOPE_NAMES)
}

/**
 * A page has some hundred items where an event is one, and nobody waits for the answer: a run's expressions may take longer. Between
 * two of them other work comes first.
 */
const SYNC_LIMITS: Partial<ExpressionLimits> = { timeoutMs: 300 }

/** The same for the expressions of syncs, which see another scope. */
export function createSyncExpressionCompiler(
  limits: Partial<ExpressionLimits> = SYNC_LIMITS,
): (source: string) => SyncExpression {
  return createCompiler(limits, SYNC_SCOPE_NAMES)
}

function createCompiler(
  limits: Partial<ExpressionLimits>,
  names: readonly AnyScopeName[],
): (source: string) => Expression {
  const complete: ExpressionLimits = { ...DEFAULT_LIMITS, ...limits }
  const turns = new Turns(SLICE_MS)
  let sandbox: Sandbox | undefined
  const openSandbox = (): Sandbox => (sandbox ??= new Sandbox(complete))

  return (source) => {
    const parsed = parseExpression(source)
    if (!parsed.ok) throw invalid(source, { ...parsed, hint: null })
    const survey = surveyOf(parsed.tree, names)
    const problem = firstProblem(survey, source)
    if (problem !== undefined) throw invalid(source, problem)
    return new Expression({ source, survey, direct: compileDirect(parsed.tree), openSandbox, turns })
  }
}

function invalid(source: string, { message, hint, position }: ExpressionProblem): GatewayError {
  return new GatewayError({
    code: 'expression_invalid',
    message: `${message}, at character ${position + 1} of ${source}`,
    hint: hint ?? undefined,
    details: { position },
  })
}

interface ExpressionParts {
  readonly source: string
  readonly survey: Survey
  readonly direct: Step | null
  readonly openSandbox: () => Sandbox
  readonly turns: Turns
}

class Expression implements CompiledExpression, SyncExpression {
  readonly source: string
  readonly #parts: ExpressionParts
  readonly #direct: Step | null
  /** Where a secret may be in a direct result, or a value so often that it is larger than it took to make. */
  readonly #copiesResult: boolean
  #prepared: jsonata.Expression | undefined

  constructor(parts: ExpressionParts) {
    this.source = parts.source
    this.#parts = parts
    this.#direct = parts.direct
    this.#copiesResult = parts.survey.secrets.size > 0 || parts.survey.bound.size > 0
  }

  evaluate(scope: ExpressionScope, extra?: EvaluationExtra): ExpressionResult | Promise<ExpressionResult> {
    const run = new Run(scope, extra)
    if (this.#direct !== null) {
      try {
        const value = this.#direct(run, undefined)
        return { ok: true, value: this.#copiesResult ? toPlainData(value) : value }
      } catch (thrown) {
        if (thrown !== BAIL) return failureOf(thrown, this.source)
      }
    }
    return this.#parts.turns.take(() => this.#evaluateFully(run))
  }

  #evaluateFully(run: Run): ExpressionResult {
    const { survey, openSandbox } = this.#parts
    try {
      const sandbox = openSandbox()
      this.#prepared ??= sandbox.prepare(this.source, survey)
      // Without a prototype, and only what is read: the members of the view compute themselves.
      const input = Object.create(null) as Record<string, unknown>
      for (const name of survey.roots) {
        const value = run.view[name]
        if (value !== undefined) input[name] = value
      }
      return { ok: true, value: toPlainData(sandbox.run(this.#prepared, input, survey.mayWriteInput, run)) }
    } catch (thrown) {
      return failureOf(thrown, this.source)
    }
  }
}
