/** Reads one spec and finds everything that is wrong with it: what the linter says, and what only compiling shows. */
import type { Finding } from '../../domain/finding.ts'
import { compileLoaded, isCompiled } from '../../spec/compile-loaded.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import { type LoadedSpec, readSpecFile, readSpecText, type SpecReading } from '../../spec/load.ts'
import type { ExpressionCompiler } from '../../verify/verifier.ts'
import { unreadable } from './spec-files.ts'

export interface CheckedSpec {
  /** Null when there is an error among the findings. */
  readonly sound: { readonly loaded: LoadedSpec; readonly compiled: CompiledSpec } | null
  readonly findings: readonly Finding[]
}

/** `name` is how the file is called in findings and results. Throws `spec_unreadable`. */
export function checkSpecFile(file: string, name: string, compileExpression: ExpressionCompiler): CheckedSpec {
  try {
    return check(readSpecFile(file), name, compileExpression)
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw unreadable(error, name)
    throw error
  }
}

/** The same for a text that is no file of its own. */
export function checkSpecText(text: string, name: string, compileExpression: ExpressionCompiler): CheckedSpec {
  return check(readSpecText(text, name), name, compileExpression)
}

function check(reading: SpecReading, name: string, compileExpression: ExpressionCompiler): CheckedSpec {
  const findings = reading.findings.map((finding) => ({ ...finding, file: name }))
  if (reading.loaded === null) return { sound: null, findings }
  const loaded: LoadedSpec = { ...reading.loaded, file: name }
  const compiled = compileLoaded(loaded, { compileExpression })
  if (!isCompiled(compiled)) return { sound: null, findings: [...findings, compiled] }
  return { sound: { loaded, compiled }, findings }
}
