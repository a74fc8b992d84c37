/** Runs the examples of a spec's syncs as cases beside those of its webhooks. */
import { pathText } from '../../../document/yaml-document.ts'
import { createSyncExpressionCompiler } from '../../../expression/compile.ts'
import { compileSync } from '../../../spec/compile-sync.ts'
import type { DocumentPath } from '../../../spec/lint.ts'
import type { LoadedSpec } from '../../../spec/load.ts'
import type { CaseResult, Place } from '../result.ts'
import { runSyncExample } from './run-sync-example.ts'

/** In the order of the file; with a filter those whose name contains it, case ignored. The name begins with the sync's. */
export async function runSyncCases(
  { file, spec, yaml }: LoadedSpec,
  filter: string | undefined,
  stopwatch: () => number,
): Promise<CaseResult[]> {
  const compile = createSyncExpressionCompiler()
  const results: CaseResult[] = []
  for (const [sync, declared] of Object.entries(spec.syncs ?? {})) {
    if (declared.examples === undefined) continue
    const declaration = compileSync(sync, declared, compile)
    for (const [at, example] of declared.examples.entries()) {
      const name = `${sync}: ${example.name}`
      if (filter !== undefined && !name.toLowerCase().includes(filter.toLowerCase())) continue
      const placeOf = (path: DocumentPath): Place => {
        const { line, column } = yaml.positionOf(['syncs', sync, 'examples', at, ...path])
        return { file, line, column }
      }
      const startedAt = stopwatch()
      const found = await runSyncExample({ provider: spec.provider, declaration, example })
      const mismatches = found.map(({ path, expected, seen }) => ({
        place: placeOf(path),
        subject: pathText(path),
        expected,
        seen,
      }))
      const common = {
        place: placeOf([]),
        provider: spec.provider,
        name,
        durationMs: stopwatch() - startedAt,
        attacks: null,
      }
      results.push(
        mismatches.length === 0
          ? { ...common, status: 'passed' }
          : { ...common, status: 'failed', mismatches, request: null, problems: [] },
      )
    }
  }
  return results
}
