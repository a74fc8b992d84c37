/**
 * Which sync `postern sync try` means: one of an integration, as the configuration in force has it, or one of a spec file, which needs
 * no configuration at all.
 */
import { resolve } from 'node:path'
import { GatewayError } from '../../domain/errors.ts'
import { describeFinding } from '../../domain/finding.ts'
import type { IntegrationKey } from '../../domain/ids.ts'
import type { ProviderSpec, SyncDeclaration } from '../../domain/provider-spec.gen.ts'
import { Secret } from '../../domain/secret.ts'
import { suggest } from '../../domain/suggestion.ts'
import type { ActiveSync } from '../../engine/sync/directory.ts'
import { createSyncExpressionCompiler } from '../../expression/compile.ts'
import { compileSync, mergeSyncs } from '../../spec/compile-sync.ts'
import { readSpecFile } from '../../spec/load.ts'
import type { ConfigOptions } from '../command.ts'
import { invalidConfig, readConfig } from '../find-gateway.ts'
import type { CliIo } from '../io.ts'
import { readSpecs, settingsOf } from '../local-settings.ts'
import { unreadable } from '../spec-test/spec-files.ts'

export interface DeclaredSync {
  readonly active: ActiveSync
  /** With its examples. */
  readonly declaration: SyncDeclaration
  /** CIDRs that its calls may reach although they are private. */
  readonly allowPrivate: readonly string[]
}

/** `where` is the key of an integration, or the path of a spec. Throws what keeps it from being found, with what was probably meant. */
export function findDeclaredSync(where: string, sync: string, options: ConfigOptions, io: CliIo): DeclaredSync {
  return /\.ya?ml$/.test(where) ? ofSpecFile(where, sync, io) : ofIntegration(where, sync, options, io)
}

function ofSpecFile(where: string, sync: string, io: CliIo): DeclaredSync {
  const file = resolve(io.cwd, where)
  let reading: ReturnType<typeof readSpecFile>
  try {
    reading = readSpecFile(file)
  } catch (error) {
    throw unreadable(error, where)
  }
  if (reading.loaded === null) {
    throw new GatewayError({
      code: 'spec_invalid',
      message: reading.findings.map(describeFinding).join('\n'),
      hint: `Run: postern lint ${where}`,
    })
  }
  const { spec } = reading.loaded
  const declaration = pick(spec.syncs ?? {}, sync, where)
  return { active: activate(spec, sync, declaration, {}), declaration, allowPrivate: [] }
}

function ofIntegration(key: string, sync: string, options: ConfigOptions, io: CliIo): DeclaredSync {
  const { config } = readConfig(options, io)
  const { specs, findings } = readSpecs(config)
  const standIn = new Secret('not needed to try a sync')
  const instance = { apiKey: standIn, signingSecret: standIn, encryptionKey: standIn, instanceKey: standIn }
  const reading = settingsOf(config, specs, instance)
  const all = [...findings, ...reading.findings]
  if (reading.settings === null || all.some((finding) => finding.severity === 'error')) throw invalidConfig(all)
  const integration = reading.settings.integrations.get(key)
  if (integration === undefined) {
    throw new GatewayError({
      code: 'integration_unknown',
      message: `There is no integration "${key}".`,
      hint: `${suggest(key, reading.settings.integrations.keys()) ?? ''} Or name a spec: postern sync try my-specs/acme.yaml ${sync}`.trim(),
    })
  }
  const { document } = integration.spec
  const merged = mergeSyncs(document.syncs ?? {}, config.integrations.get(integration.key)?.syncs ?? {})
  const declaration = pick(Object.fromEntries(merged), sync, key)
  const active = activate(document, sync, declaration, integration.options)
  const { allowPrivate } = config.outbound
  return {
    active: { ...active, integration: integration.key, secrets: integration.secrets },
    declaration,
    allowPrivate,
  }
}

function pick(syncs: Readonly<Record<string, SyncDeclaration>>, sync: string, where: string): SyncDeclaration {
  const declaration = Object.hasOwn(syncs, sync) ? syncs[sync] : undefined
  if (declaration !== undefined) return declaration
  throw new GatewayError({
    code: 'usage_invalid',
    message: `${where} has no sync "${sync}".`,
    hint: suggest(sync, Object.keys(syncs)) ?? 'Declare one under syncs:, in the spec or at the integration.',
  })
}

function activate(
  { provider, options = {} }: ProviderSpec,
  sync: string,
  declaration: SyncDeclaration,
  given: Readonly<Record<string, string>>,
): ActiveSync {
  const defaults = Object.entries(options).flatMap(([name, option]) =>
    option.default === undefined ? [] : [[name, option.default] as const],
  )
  return {
    integration: provider as IntegrationKey,
    provider,
    declaration: compileSync(sync, declaration, createSyncExpressionCompiler()),
    options: { ...Object.fromEntries(defaults), ...given },
    secrets: new Map(),
    destinations: [],
  }
}
