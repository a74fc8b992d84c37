/**
 * Expressions, ready to run. Most take the direct way, at once and in a fraction of a microsecond; what needs the full language runs
 * in the sandbox, within its bounds. Whatever happens is a result: nothing here throws once an expression is compiled.
 */
import { GatewayError } from '../domain/errors.ts'
import type { CompiledExpression, EvaluationExtra, ExpressionResult, RequestView } from '../domain/expression.ts'
import type jsonata from 'jsonata'
import { type ExpressionProblem, firstProblem } from './check.ts'
import { compileDirect } from './direct/compile.ts'
import { BAIL, Run, type Step } from './direct/run.ts'
import { failureOf } from './failure.ts'
import { toPlainData } from './plain-data.ts'
import { Sandbox } from './sandbox.ts'
import { type Survey, surveyOf } from './survey.ts'
import { parseExpression } from './syntax.ts'
import { Turns } from './turns.ts'

export interface ExpressionLimits {
  /** How long one evaluation may keep the event loop, and the promise of `bound_exceeded` beyond it. */
  readonly timeoutMs: number
  /** Steps within steps: a recursion that is not a tail call takes about six for every round. */
  readonly stack: number
  /** Items of a sequence that JSONata makes; a batch may have 10,000 events. */
  readonly sequence: number
}

/**
 * An honest expression takes well below 2 ms. The rest of the 100 ms is for a machine that stands still meanwhile: where containers
 * have a CPU quota, Linux stops one that has used it up until the next period of 100 ms begins, and no event should lose its name
 * to that.
 */
export const DEFAULT_LIMITS: ExpressionLimits = { timeoutMs: 100, stack: 500, sequence: 20_000 }

/** After so long in slow expressions, other work of the event loop comes first. */
const SLICE_MS = 10

/**
 * Makes a compiler. All its expressions share one sandbox, made when the first of them needs it. Compiling throws
 * `expression_invalid`, with the position in `details`, for what `checkExpression` finds wrong.
 */
export function createExpressionCompiler(
  limits: Partial<ExpressionLimits> = {},
): (source: string) => CompiledExpression {
  const complete: ExpressionLimits = { ...DEFAULT_LIMITS, ...limits }
  const turns = new Turns(SLICE_MS)
  let sandbox: Sandbox | undefined
  const openSandbox = (): Sandbox => (sandbox ??= new Sandbox(complete))

  return (source) => {
    const parsed = parseExpression(source)
    if (!parsed.ok) throw invalid(source, { ...parsed, hint: null })
    const survey = surveyOf(parsed.tree)
    const problem = firstProblem(survey, source)
    if (problem !== undefined) throw invalid(source, problem)
    return new Expression({ source, survey, direct: compileDirect(parsed.tree, survey), openSandbox, turns })
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

class Expression implements CompiledExpression {
  readonly source: string
  readonly #parts: ExpressionParts
  readonly #direct: Step | null
  /** Only then can a handle of a secret be in a direct result. */
  readonly #mayHoldSecret: boolean
  #prepared: jsonata.Expression | undefined

  constructor(parts: ExpressionParts) {
    this.source = parts.source
    this.#parts = parts
    this.#direct = parts.direct
    this.#mayHoldSecret = parts.survey.secrets.size > 0
  }

  evaluate(scope: RequestView, extra?: EvaluationExtra): ExpressionResult | Promise<ExpressionResult> {
    const run = new Run(scope, extra)
    if (this.#direct !== null) {
      try {
        const value = this.#direct(run, undefined)
        return { ok: true, value: this.#mayHoldSecret ? toPlainData(value) : value }
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
