/** A scope for expressions under test: a plausible request, with what a test wants to be different. */
import type { EvaluationExtra, ExpressionResult, RequestView } from '../../src/domain/expression.ts'
import { createExpressionCompiler } from '../../src/expression/compile.ts'

export const NOW = Date.UTC(2026, 2, 2, 10, 0, 0)

export function scopeWith(parts: Partial<RequestView> = {}): RequestView {
  const body = 'body' in parts ? parts.body : {}
  return {
    method: 'POST',
    url: 'https://hooks.example.com/webhook/acme?shop=1',
    path: '/webhook/acme',
    headers: {},
    query: {},
    options: {},
    now: NOW,
    body,
    event: body,
    ...parts,
    raw: parts.raw ?? JSON.stringify(body) ?? '',
  }
}

const compileExpression = createExpressionCompiler()

export async function evaluate(source: string, body: unknown = {}, extra?: EvaluationExtra): Promise<ExpressionResult> {
  return compileExpression(source).evaluate(scopeWith({ body }), extra)
}

/** The value; a failure fails the test. */
export async function valueOf(source: string, body: unknown = {}, extra?: EvaluationExtra): Promise<unknown> {
  const result = await evaluate(source, body, extra)
  if (!result.ok) throw new Error(`${source}: ${result.reason}: ${result.detail}`)
  return result.value
}
