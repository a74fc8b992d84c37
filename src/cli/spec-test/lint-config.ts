/** What is wrong with a configuration: by itself, and beside the specs of the providers that it names. Nothing is started. */
import { buildSettings } from '../../compose/build-settings.ts'
import { loadSpecSet } from '../../compose/spec-set.ts'
import { loadConfig } from '../../config/load.ts'
import type { Finding } from '../../domain/finding.ts'
import { Secret } from '../../domain/secret.ts'
import type { ExpressionCompiler } from '../../verify/verifier.ts'
import type { CliIo } from '../io.ts'

/** Stands in for what an instance has of its own; it is only looked at whether there is any. */
const STAND_IN = new Secret('an instance that was never started')

/** The findings about the file, and about the specs that it adds to the built-in ones. */
export function lintConfig(
  file: string,
  io: Pick<CliIo, 'env' | 'cwd'>,
  compileExpression: ExpressionCompiler,
): Finding[] {
  const { config, findings } = loadConfig({ argument: file, env: io.env, workingDirectory: io.cwd })
  if (config === null) return [...findings]
  const { specs, findings: ofSpecs } = loadSpecSet(config.specs, { compileExpression })
  const reading = buildSettings({ config, specs, instanceKey: STAND_IN, signingSecret: STAND_IN })
  return [...findings, ...ofSpecs, ...reading.findings]
}
