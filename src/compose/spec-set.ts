/**
 * All provider specs the gateway knows: the built-in ones, and the user's, of which one of the same provider takes the place. The
 * user's are read at once, because their mistakes must be told; the built-in ones, which our own tests have proven, when they are
 * first asked for: reading all of them would be most of the time it takes to start.
 */
import { existsSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { GatewayError } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import { describeFinding } from '../domain/finding.ts'
import type { CompileDeps } from '../spec/compile.ts'
import { compileLoaded, isCompiled } from '../spec/compile-loaded.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import { builtInSpecs, findSpecFiles, readBuiltInSpec, readSpecFile, type SpecReading } from '../spec/load.ts'
import { LazyMap } from './lazy-map.ts'

export interface SpecSet {
  /** By provider. Of the user's only those without errors. */
  readonly specs: ReadonlyMap<string, CompiledSpec>
  /** Of the user's specs. */
  readonly findings: readonly Finding[]
}

/** A path of the configuration that does not exist is a finding like any other mistake. */
export function loadSpecSet(paths: readonly string[], deps: CompileDeps): SpecSet {
  const specs = new LazyMap<CompiledSpec>()
  const findings: Finding[] = []
  for (const file of findSpecFiles([builtInSpecs()])) {
    specs.add(basename(file, extname(file)), () => readBuiltIn(file, deps))
  }
  for (const root of paths) {
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
      const compiled = readUsers(file, deps, findings)
      if (compiled !== null) specs.add(compiled.provider, () => compiled)
    }
  }
  return { specs, findings }
}

/** The spec, or null with what is wrong added to the findings. */
function readUsers(file: string, deps: CompileDeps, findings: Finding[]): CompiledSpec | null {
  return compileReading(readSpecFile(file), deps, findings)
}

function compileReading(reading: SpecReading, deps: CompileDeps, findings: Finding[]): CompiledSpec | null {
  findings.push(...reading.findings)
  if (reading.loaded === null) return null
  const compiled = compileLoaded(reading.loaded, deps)
  if (isCompiled(compiled)) return compiled
  findings.push(compiled)
  return null
}

function readBuiltIn(file: string, deps: CompileDeps): CompiledSpec {
  const findings: Finding[] = []
  const compiled = compileReading(readBuiltInSpec(file), deps, findings)
  if (compiled !== null) return compiled
  throw new GatewayError({
    code: 'spec_invalid',
    message: findings.map(describeFinding).join('\n'),
    hint: 'The built-in spec is damaged; install Postern again.',
  })
}
