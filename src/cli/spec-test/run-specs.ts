/**
 * Runs the examples of spec files in three stages: read and compile the specs, make cases of their examples, run each case through
 * the gateway's own code. What comes out are values; see `result.ts`. Nothing is printed and nothing is written.
 */
import { pathText } from '../../document/yaml-document.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { Finding } from '../../domain/finding.ts'
import { createExpressionCompiler } from '../../expression/compile.ts'
import { casesOf, type SpecCase } from './case.ts'
import { type CaseRunner, createCaseRunner } from './case-runner.ts'
import { compareExpectations } from './expectations.ts'
import { checkSpecFile } from './check-spec.ts'
import type { CaseResult, RunReport } from './result.ts'

export interface RunInput {
  /** Absolute paths. */
  readonly files: readonly string[]
  /** Only examples whose name contains this, case ignored. */
  readonly filter?: string | undefined
  /** How a file is called in results and findings; its path by default. */
  readonly nameOf?: (file: string) => string
  /** Milliseconds that only rise. */
  readonly stopwatch: () => number
  /** Called for each case as it ends, in the order of the report. */
  readonly onResult?: (result: CaseResult) => void
  /** Called for each spec that has errors. */
  readonly onFindings?: (findings: readonly Finding[]) => void
}

/** Throws only what reading a file throws (`spec_unreadable`); whatever a spec or an example does is a result. */
export async function runSpecs(input: RunInput): Promise<RunReport> {
  const { files, filter, stopwatch } = input
  const startedAt = stopwatch()
  const compileExpression = createExpressionCompiler()
  const results: CaseResult[] = []
  const findings: Finding[] = []
  let specs = 0
  let invalidSpecs = 0
  for (const file of files) {
    const name = input.nameOf?.(file) ?? file
    const checked = checkSpecFile(file, name, compileExpression)
    if (checked.sound === null) {
      const errors = checked.findings.filter((finding) => finding.severity === 'error')
      invalidSpecs += 1
      findings.push(...errors)
      input.onFindings?.(errors)
      continue
    }
    specs += 1
    const runner = createCaseRunner(checked.sound.compiled, compileExpression)
    for (const testCase of casesOf(checked.sound.loaded, filter)) {
      const result = await runCase(testCase, runner, stopwatch)
      results.push(result)
      input.onResult?.(result)
    }
  }
  return { results, specs, invalidSpecs, findings, durationMs: stopwatch() - startedAt }
}

async function runCase(testCase: SpecCase, runner: CaseRunner, stopwatch: () => number): Promise<CaseResult> {
  const { example, place, name } = testCase
  const startedAt = stopwatch()
  const common = (): Pick<CaseResult, 'place' | 'provider' | 'name' | 'durationMs'> => ({
    place,
    provider: runner.provider,
    name,
    durationMs: stopwatch() - startedAt,
  })
  try {
    const seen = await runner.run(example)
    const mismatches = compareExpectations(example.expect, seen).map(({ path, expected, seen: found }) => ({
      place: testCase.placeOf(['expect', ...path]),
      subject: path.length === 0 ? 'the request to be accepted' : pathText(path),
      expected,
      seen: found,
    }))
    if (mismatches.length === 0) return { ...common(), status: 'passed' }
    return { ...common(), status: 'failed', mismatches, request: seen.request, problems: seen.problems }
  } catch (error) {
    // An example that cannot be signed or run says nothing about the spec; that it was not run must still be seen.
    const reason = error instanceof Error ? error.message : String(error)
    return { ...common(), status: 'broken', reason, hint: error instanceof GatewayError ? (error.hint ?? null) : null }
  }
}
