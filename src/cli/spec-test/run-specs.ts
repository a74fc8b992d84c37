/**
 * Runs many spec files and puts together what comes of them, in the order of the files. Nothing is printed and nothing is written.
 * Few files are run here, one after the other; many are shared among threads, since attacks are arithmetic.
 */
import { availableParallelism } from 'node:os'
import type { Finding } from '../../domain/finding.ts'
import type { CaseResult, RunReport } from './result.ts'
import { createRunSpec, type SpecRun, type SpecRunOptions } from './run-spec.ts'
import { startSpecThreads } from './spec-threads.ts'

export interface RunInput extends Partial<SpecRunOptions> {
  /** Absolute paths. */
  readonly files: readonly string[]
  /** How a file is called in results and findings; its path by default. */
  readonly nameOf?: (file: string) => string
  /** Milliseconds that only rise. */
  readonly stopwatch: () => number
  /** By default as many as there are processors, where there are enough files to make up for starting threads. */
  readonly threads?: number
  /** Called for each case, in the order of the report. */
  readonly onResult?: (result: CaseResult) => void
  /** Called for each spec that has errors. */
  readonly onFindings?: (findings: readonly Finding[]) => void
}

/** A thread takes 0.3 s to start, in which 20 specs are attacked. */
const FILES_WORTH_A_THREAD = 30

/** Throws only what reading a file throws (`spec_unreadable`); whatever a spec or an example does is a result. */
export async function runSpecs(input: RunInput): Promise<RunReport> {
  const { files, stopwatch, nameOf = (file) => file } = input
  const { filter, attacks = true, coverage = false } = input
  const options: SpecRunOptions = { filter, attacks, coverage }
  const startedAt = stopwatch()
  const runs: SpecRun[] = []
  const take = (run: SpecRun): void => {
    runs.push(run)
    if (run.isInvalid) input.onFindings?.(run.findings)
    for (const result of run.results) input.onResult?.(result)
  }
  const threads = Math.min(
    input.threads ?? availableParallelism(),
    input.threads === undefined ? Math.floor(files.length / FILES_WORTH_A_THREAD) : files.length,
  )
  if (threads < 2) {
    const runSpec = createRunSpec(stopwatch)
    for (const file of files) take(await runSpec(file, nameOf(file), options))
  } else {
    const pool = startSpecThreads(threads)
    try {
      const underWay = files.map((file) => pool.run(file, nameOf(file), options))
      for (const run of underWay) run.catch(() => {}) // told below, of the first file that has one
      for (const run of underWay) take(await run)
    } finally {
      await pool.close()
    }
  }
  return {
    results: runs.flatMap((run) => run.results),
    specs: runs.filter((run) => !run.isInvalid).length,
    invalidSpecs: runs.filter((run) => run.isInvalid).length,
    findings: runs.flatMap((run) => run.findings),
    admissions: runs.flatMap((run) => run.admissions ?? []),
    coverage: coverage ? runs.flatMap((run) => run.coverage ?? []) : null,
    durationMs: stopwatch() - startedAt,
  }
}
