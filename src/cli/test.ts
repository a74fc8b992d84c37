/**
 * `postern test`: runs the examples of provider specs through the gateway's own code, without a gateway and without a network, and
 * attacks each that was accepted.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { GatewayError } from '../domain/errors.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { formatJson } from './spec-test/print-json.ts'
import { formatJunit } from './spec-test/print-junit.ts'
import { createTextPrinter } from './spec-test/print-text.ts'
import { isSuccess, type RunReport } from './spec-test/result.ts'
import { runSpecs } from './spec-test/run-specs.ts'
import { collectSpecFiles, nameFrom } from './spec-test/spec-files.ts'
import { watchSpecs } from './spec-test/watch-specs.ts'
import type { Signals } from './signals.ts'

export interface TestOptions {
  readonly json?: boolean
  /** Run only the examples whose name contains this, case ignored. */
  readonly name?: string
  /** Also write a JUnit report to this file. */
  readonly junit?: string
  /** Attack what is accepted; yes by default. */
  readonly attacks?: boolean
  /** Also say which clauses no example reached. */
  readonly coverage?: boolean
  /** Run again whenever a spec changes, until told to stop. */
  readonly watch?: boolean
}

export interface TestSurroundings {
  /** Milliseconds that only rise. */
  readonly stopwatch?: () => number
  readonly signals?: Signals
}

/**
 * Runs the examples of the specs under the paths (files or folders; by default `./specs`, or the built-in ones). Resolves with 0 when
 * all of them passed and no attack survived, with 1 when one did not, when a spec has errors, and when there was no example to run.
 * Throws `spec_unreadable` for a path that cannot be read. While it watches, the last run decides.
 */
export async function testCommand(
  paths: readonly string[],
  options: TestOptions,
  io: CliIo,
  { stopwatch = () => performance.now(), signals = process }: TestSurroundings = {},
): Promise<ExitCode> {
  const run = (): Promise<ExitCode> => runOnce(paths, options, io, stopwatch)
  return options.watch === true ? watchSpecs({ paths, io, signals, run, isText: options.json !== true }) : run()
}

async function runOnce(
  paths: readonly string[],
  options: TestOptions,
  io: CliIo,
  stopwatch: () => number,
): Promise<ExitCode> {
  const files = collectSpecFiles(paths, io.cwd)
  const printer = createTextPrinter({ color: io.color })
  const isText = options.json !== true
  const report = await runSpecs({
    files,
    filter: options.name,
    attacks: options.attacks ?? true,
    coverage: options.coverage ?? false,
    nameOf: (file) => nameFrom(io.cwd, file),
    stopwatch,
    onResult: (result) => isText && io.out(printer.result(result)),
    onFindings: (findings) => isText && io.out(printer.findings(findings)),
  })
  if (options.junit !== undefined) writeReport(resolve(io.cwd, options.junit), formatJunit(report), options.junit)
  io.out(isText ? printer.summary(report) : formatJson(report))
  const missing = whatIsMissing(report, files, options)
  if (missing !== null) io.err(missing)
  return isSuccess(report) ? EXIT.ok : EXIT.failed
}

function whatIsMissing(report: RunReport, files: readonly string[], options: TestOptions): string | null {
  if (report.results.length > 0) return null
  if (files.length === 0) return 'No spec found: a folder must hold .yaml or .yml files.'
  if (report.specs === 0) return 'No example was run: every spec has errors.'
  return `No example has "${options.name ?? ''}" in its name.`
}

function writeReport(file: string, text: string, name: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: `The JUnit report cannot be written to ${name} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      hint: 'Name a file in a folder that exists: --junit report.xml',
      cause: error,
    })
  }
}
