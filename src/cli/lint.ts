/**
 * `postern lint`: says all that is wrong with provider specs, with a configuration, and with the specs in pages of Markdown; each
 * finding with its place and its remedy.
 */
import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { createExpressionCompiler } from '../expression/compile.ts'
import { type Finding, sortFindings } from '../domain/finding.ts'
import type { ExpressionCompiler } from '../verify/verifier.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { checkSpecFile } from './spec-test/check-spec.ts'
import { countOf, formatFinding } from './spec-test/finding-text.ts'
import { lintConfig } from './spec-test/lint-config.ts'
import { lintMarkdown } from './spec-test/lint-markdown.ts'
import { collectLintSubjects, type LintSubject, nameFrom } from './spec-test/spec-files.ts'

export interface LintOptions {
  readonly json?: boolean
}

/**
 * Lints what stands under the paths (files or folders; by default `./specs`, or the built-in ones, and `postern.yaml` here). Resolves
 * with 0, or with 1 when there is an error or nothing to lint at all; warnings alone are no failure. Throws `spec_unreadable` for a
 * path that cannot be read.
 */
export async function lintCommand(paths: readonly string[], options: LintOptions, io: CliIo): Promise<ExitCode> {
  const subjects = collectLintSubjects(paths, io.cwd)
  const compileExpression = createExpressionCompiler()
  const findings = distinct(subjects.flatMap((subject) => lint(subject, io, compileExpression)))
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const warnings = findings.length - errors
  if (options.json === true) {
    io.out(JSON.stringify({ summary: { files: subjects.length, errors, warnings }, findings }, null, 2))
  } else {
    for (const finding of findings) io.out(formatFinding(finding, io.color))
    io.out(`${countOf(errors, 'error')}, ${countOf(warnings, 'warning')} in ${countOf(subjects.length, 'file')}`)
  }
  if (subjects.length === 0) io.err('No spec found: a folder must hold .yaml or .yml files.')
  return errors > 0 || subjects.length === 0 ? EXIT.failed : EXIT.ok
}

function lint({ kind, file }: LintSubject, io: CliIo, compileExpression: ExpressionCompiler): readonly Finding[] {
  const name = nameFrom(io.cwd, file)
  switch (kind) {
    case 'spec':
      return checkSpecFile(file, name, compileExpression).findings
    case 'page':
      return lintMarkdown(readFileSync(file, 'utf8'), name, compileExpression)
    case 'config':
      return lintConfig(name, io, compileExpression).map((finding) => ({ ...finding, file: shownAs(finding.file, io) }))
  }
}

/** The specs that a configuration adds come with their whole path; what is no file, such as an environment variable, stays as it is. */
function shownAs(file: string, { cwd }: CliIo): string {
  return isAbsolute(file) ? nameFrom(cwd, file) : file
}

/** In the order of the files; what two subjects find at the same place is told once. */
function distinct(findings: readonly Finding[]): Finding[] {
  const known = new Map<string, Finding>()
  for (const finding of findings) {
    const key = JSON.stringify([finding.file, finding.line, finding.column, finding.code, finding.message])
    if (!known.has(key)) known.set(key, finding)
  }
  return sortFindings([...known.values()])
}
