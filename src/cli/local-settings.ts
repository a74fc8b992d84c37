/**
 * The integrations as the gateway on this machine has them: specs, secrets and ingress tokens, also those of a trial without
 * configuration. For commands that act as a provider or look at the configuration; they get them from the same functions of
 * `compose/` as the gateway itself.
 */
import { buildSettings } from '../compose/build-settings.ts'
import { loadSpecSet } from '../compose/spec-set.ts'
import type { ResolvedConfig } from '../config/resolved-config.ts'
import type { InstanceSecrets } from '../config/instance-secrets.ts'
import type { Finding } from '../domain/finding.ts'
import type { Settings } from '../engine/settings.ts'
import { createExpressionCompiler } from '../expression/compile.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import type { ExpressionCompiler } from '../verify/verifier.ts'
import type { ConfigOptions } from './command.ts'
import { invalidConfig, readConfig, readInstanceSecrets } from './find-gateway.ts'
import type { CliIo } from './io.ts'

export interface LocalSettings {
  readonly config: ResolvedConfig
  readonly settings: Settings
  readonly specs: ReadonlyMap<string, CompiledSpec>
  readonly compileExpression: ExpressionCompiler
}

/** Throws `config_invalid` where configuration or specs have an error, `gateway_unreachable` where no gateway has ever run here. */
export function readLocalSettings(options: ConfigOptions, io: CliIo): LocalSettings {
  const { config } = readConfig(options, io)
  const { specs, findings, compileExpression } = readSpecs(config)
  const reading = settingsOf(config, specs, readInstanceSecrets(config))
  const all = [...findings, ...reading.findings]
  if (reading.settings === null || all.some((finding) => finding.severity === 'error')) throw invalidConfig(all)
  return { config, settings: reading.settings, specs, compileExpression }
}

/** The built-in specs and those of the configuration. */
export function readSpecs(config: ResolvedConfig): {
  specs: ReadonlyMap<string, CompiledSpec>
  findings: readonly Finding[]
  compileExpression: ExpressionCompiler
} {
  const compileExpression = createExpressionCompiler()
  return { ...loadSpecSet(config.specs, { compileExpression }), compileExpression }
}

export function settingsOf(
  config: ResolvedConfig,
  specs: ReadonlyMap<string, CompiledSpec>,
  instance: InstanceSecrets,
): ReturnType<typeof buildSettings> {
  return buildSettings({
    config,
    specs,
    instanceKey: instance.instanceKey,
    signingSecret: instance.signingSecret,
  })
}
