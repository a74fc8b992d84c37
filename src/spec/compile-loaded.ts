/** Compiles a spec that was read from a file, and says of what only compiling shows where in the file it is. */
import type { Finding } from '../domain/finding.ts'
import { GatewayError } from '../domain/errors.ts'
import { type CompileDeps, compileSpec } from './compile.ts'
import type { CompiledSpec } from './compiled-spec.ts'
import type { DocumentPath } from './lint.ts'
import type { LoadedSpec } from './load.ts'

/** The spec, or the finding that keeps it from being one. Throws what is no mistake of the spec's author. */
export function compileLoaded(loaded: LoadedSpec, deps: CompileDeps): CompiledSpec | Finding {
  const { file, spec, yaml } = loaded
  try {
    return compileSpec(spec, file, deps)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const { code, message, hint } = error
    const { line, column } = yaml.positionOf(clauseOf(loaded, error))
    return { code, severity: 'error', file, line, column, message, hint: hint ?? null }
  }
}

/** Tells the two results apart. */
export function isCompiled(result: CompiledSpec | Finding): result is CompiledSpec {
  return 'verifier' in result
}

/** The clause that the compiler named, as far as it did. */
function clauseOf({ spec }: LoadedSpec, { details }: GatewayError): DocumentPath {
  const at = spec.verify.findIndex((alternative) => (alternative.name ?? alternative.scheme) === details['alternative'])
  if (at === -1) return []
  return typeof details['field'] === 'string' ? ['verify', at, details['field']] : ['verify', at]
}
