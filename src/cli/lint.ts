/** `postern lint`: says all that is wrong with provider specs, each finding with its place and its remedy. */
import type { CliIo } from './io.ts'
import { createExpressionCompiler } from '../expression/compile.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { checkSpecFile } from './spec-test/check-spec.ts'
import { countOf, formatFinding } from './spec-test/finding-text.ts'
import { collectSpecFiles, nameFrom } from './spec-test/spec-files.ts'

export interface LintOptions {
  readonly json?: boolean
}

/**
 * Lints the specs under the paths (files or folders; by default `./specs`, or the built-in ones). Resolves with 0, or with 1 when
 * there is an error or no spec at all; warnings alone are no failure. Throws `spec_unreadable` for a path that cannot be read.
 */
export async function lintCommand(paths: readonly string[], options: LintOptions, io: CliIo): Promise<ExitCode> {
  const files = collectSpecFiles(paths, io.cwd)
  const compileExpression = createExpressionCompiler()
  const findings = files.flatMap((file) => checkSpecFile(file, nameFrom(io.cwd, file), compileExpression).findings)
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const warnings = findings.length - errors
  if (options.json === true) {
    io.out(JSON.stringify({ summary: { files: files.length, errors, warnings }, findings }, null, 2))
  } else {
    for (const finding of findings) io.out(formatFinding(finding, io.color))
    io.out(`${countOf(errors, 'error')}, ${countOf(warnings, 'warning')} in ${countOf(files.length, 'file')}`)
  }
  if (files.length === 0) io.err('No spec found: a folder must hold .yaml or .yml files.')
  return errors > 0 || files.length === 0 ? EXIT.failed : EXIT.ok
}
