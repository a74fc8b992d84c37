/** All provider specs the gateway knows: the built-in ones, and the user's, of which one of the same provider takes the place. */
import { existsSync } from 'node:fs'
import { GatewayError } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import { type CompileDeps, compileSpec } from '../spec/compile.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import { builtInSpecs, findSpecFiles, readSpecFile } from '../spec/load.ts'

export interface SpecSet {
  /** By provider; only those without errors. */
  readonly specs: ReadonlyMap<string, CompiledSpec>
  /** Of the user's specs and of ours. */
  readonly findings: readonly Finding[]
}

/** Reads and compiles every spec. A path of the configuration that does not exist is a finding like any other mistake. */
export function loadSpecSet(paths: readonly string[], deps: CompileDeps): SpecSet {
  const specs = new Map<string, CompiledSpec>()
  const findings: Finding[] = []
  for (const root of [builtInSpecs(), ...paths]) {
    if (!existsSync(root)) {
      findings.push({
        code: 'spec_unreadable',
        severity: 'error',
        file: root,
        line: 0,
        column: 0,
        message: 'there is no such file or folder',
        hint: 'Correct specs: in the configuration.',
      })
      continue
    }
    for (const file of findSpecFiles([root])) {
      const reading = readSpecFile(file)
      findings.push(...reading.findings)
      if (reading.loaded === null) continue
      try {
        const compiled = compileSpec(reading.loaded.spec, file, deps)
        specs.set(compiled.provider, compiled)
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        findings.push({
          code: error.code,
          severity: 'error',
          file,
          line: 0,
          column: 0,
          message: error.message,
          hint: error.hint ?? null,
        })
      }
    }
  }
  return { specs, findings }
}
