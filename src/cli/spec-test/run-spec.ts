/**
 * Runs one spec file: reads and compiles it, makes cases of its examples, runs each case through the gateway's own code, and attacks
 * those that were accepted. What comes out is plain data, so that it can come from another thread.
 */
import { pathText } from '../../document/yaml-document.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { Finding } from '../../domain/finding.ts'
import { createExpressionCompiler } from '../../expression/compile.ts'
import type { LoadedSpec } from '../../spec/load.ts'
import { createKeyPool } from '../../verify/key-ring.ts'
import { nameOf } from '../../verify/scheme.ts'
import { runAttacks } from './attacks/run-attacks.ts'
import { casesOf, type SpecCase } from './case.ts'
import { type CaseRunner, createCaseRunner, type PreparedCase } from './case-runner.ts'
import { checkSpecFile } from './check-spec.ts'
import { createCoverage, type SpecCoverage } from './coverage/coverage.ts'
import { createSpecWatch } from './coverage/watch.ts'
import { compareExpectations } from './expectations.ts'
import type { Observation } from './observation.ts'
import type { AttackReport, CaseResult, SpecAdmissions } from './result.ts'
import { runSyncCases } from './sync/run-sync-cases.ts'

export interface SpecRunOptions {
  /** Only examples whose name contains this, case ignored. */
  readonly filter?: string | undefined
  readonly attacks: boolean
  readonly coverage: boolean
}

/** What came of one file. */
export interface SpecRun {
  /** Whether the spec has errors, so that nothing of it was run. */
  readonly isInvalid: boolean
  readonly results: readonly CaseResult[]
  /** The errors of a spec that is invalid. */
  readonly findings: readonly Finding[]
  readonly admissions: SpecAdmissions | null
  readonly coverage: SpecCoverage | null
}

/**
 * The gateway gives an expression 100 ms. Here thousands of requests are tried on a machine that may be busy with much else, and one
 * that stands still for so long must not look like an attack that has changed something.
 */
const EXPRESSION_TIMEOUT_MS = 2_000

/** Runs the file at the path, which results and findings call `name`. Rejects with `spec_unreadable`; all else is a result. */
export type RunSpec = (file: string, name: string, options: SpecRunOptions) => Promise<SpecRun>

/** What many specs share, the compiled expressions and key pairs that are dear to make, lives as long as the function does. */
export function createRunSpec(stopwatch: () => number): RunSpec {
  const compileExpression = createExpressionCompiler({ timeoutMs: EXPRESSION_TIMEOUT_MS })
  const keyPool = createKeyPool()
  return async (file, name, options) => {
    const { sound, findings } = checkSpecFile(file, name, compileExpression)
    if (sound === null) {
      const errors = findings.filter((finding) => finding.severity === 'error')
      return { isInvalid: true, results: [], findings: errors, admissions: null, coverage: null }
    }
    const { loaded, compiled } = sound
    const watch = createSpecWatch()
    const coverage = options.coverage ? createCoverage(loaded) : null
    const runner = createCaseRunner(compiled, {
      compileExpression,
      keyPool,
      watch: options.coverage ? watch : undefined,
    })
    const attack = async (prepared: PreparedCase, seen: Observation): Promise<AttackReport | null> => {
      const sightings = watch.take()
      const report = options.attacks ? await runAttacks({ loaded, runner, prepared, seen, compileExpression }) : null
      await coverage?.note(seen, prepared, sightings, report)
      return report
    }
    const results: CaseResult[] = []
    for (const testCase of casesOf(loaded, options.filter)) {
      results.push(await runCase(testCase, runner, attack, stopwatch))
    }
    results.push(...(await runSyncCases(loaded, options.filter, stopwatch)))
    return {
      isInvalid: false,
      results,
      findings: [],
      admissions: options.attacks && results.length > 0 ? admissionsOf(loaded) : null,
      coverage: coverage?.report() ?? null,
    }
  }
}

async function runCase(
  testCase: SpecCase,
  runner: CaseRunner,
  attack: (prepared: PreparedCase, seen: Observation) => Promise<AttackReport | null>,
  stopwatch: () => number,
): Promise<CaseResult> {
  const { example, place, name } = testCase
  const startedAt = stopwatch()
  const common = (): Pick<CaseResult, 'place' | 'provider' | 'name' | 'durationMs'> => ({
    place,
    provider: runner.provider,
    name,
    durationMs: stopwatch() - startedAt,
  })
  try {
    const prepared = await runner.prepare(example)
    const seen = await prepared.observe()
    const mismatches = compareExpectations(example.expect, seen).map(({ path, expected, seen: found }) => ({
      place: testCase.placeOf(['expect', ...path]),
      subject: path.length === 0 ? 'the request to be accepted' : pathText(path),
      expected,
      seen: found,
    }))
    // Attacks on an example that is not as expected would only confuse.
    const attacks = mismatches.length === 0 ? await attack(prepared, seen) : null
    if (mismatches.length === 0 && (attacks?.survivors.length ?? 0) === 0) {
      return { ...common(), attacks, status: 'passed' }
    }
    return { ...common(), attacks, status: 'failed', mismatches, request: seen.request, problems: seen.problems }
  } catch (error) {
    // An example that cannot be signed or run says nothing about the spec; that it was not run must still be seen.
    const reason = error instanceof Error ? error.message : String(error)
    const hint = error instanceof GatewayError ? (error.hint ?? null) : null
    return { ...common(), attacks: null, status: 'broken', reason, hint }
  }
}

function admissionsOf({ spec, yaml, file }: LoadedSpec): SpecAdmissions | null {
  const alternatives = spec.verify
    .map((alternative): SpecAdmissions['alternatives'][number] => ({
      name: nameOf(alternative),
      admits: alternative.scheme === 'unverified' ? ['everything'] : (alternative.does_not_cover ?? []),
    }))
    .filter(({ admits }) => admits.length > 0)
  if (alternatives.length === 0) return null
  const { line, column } = yaml.positionOf(['verify'], true)
  return { provider: spec.provider, place: { file, line, column }, alternatives }
}
