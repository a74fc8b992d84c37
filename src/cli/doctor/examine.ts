/** The round of the doctor, from what everything rests on to the running gateway. A configuration that cannot be read ends it early. */
import { existsSync } from 'node:fs'
import { loadConfig } from '../../config/load.ts'
import type { InstanceSecrets } from '../../config/instance-secrets.ts'
import type { Finding } from '../../domain/finding.ts'
import { Secret } from '../../domain/secret.ts'
import type { ResolvedConfig } from '../../config/resolved-config.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import type { ClientOptions } from '../command.ts'
import { instanceFile, localUrl, readInstanceSecrets } from '../find-gateway.ts'
import type { CliIo } from '../io.ts'
import { readSpecs, settingsOf } from '../local-settings.ts'
import { type Check, ofError, ofFinding, ok } from './check.ts'
import { checkDestinations } from './destinations.ts'
import { checkGateway } from './gateway.ts'
import { checkDataDirectory, checkRuntime } from './installation.ts'
import { checkIntegrations } from './integrations.ts'

export async function examine(options: ClientOptions, io: CliIo): Promise<Check[]> {
  const checks = await checkRuntime()
  const { config, findings } = loadConfig({ argument: options.config, env: io.env, workingDirectory: io.cwd })
  checks.push(...configurationChecks(config, findings))
  if (config === null) return checks
  checks.push(...checkDataDirectory(config))

  const { specs, checks: specChecks } = soundSpecs(config)
  checks.push(...specChecks)

  const instance = openInstance(config)
  if (instance.check !== null) checks.push(instance.check)
  const { settings, findings: fitFindings } = settingsOf(config, specs, instance.secrets)
  // What an integration lacks is said below, with the place where the provider shows it.
  const others = fitFindings.filter((finding) => finding.code !== 'config_missing_secret')
  checks.push(...others.map((finding) => ofFinding('integrations', finding)))
  if (settings !== null) {
    const base = localUrl(config) ?? `http://${config.server.host}`
    const hasInstance = existsSync(instanceFile(config))
    checks.push(...checkIntegrations(settings, { base, isTrial: config.isEmbeddedDefault, hasInstance }))
  }
  checks.push(...(await checkDestinations(config)))
  checks.push(...(await checkGateway(options, io)))
  return checks
}

function configurationChecks(config: ResolvedConfig | null, findings: readonly Finding[]): Check[] {
  // The address of each destination is looked at below, and more closely.
  const checks = findings
    .filter((finding) => finding.code !== 'config_private_destination')
    .map((finding) => ofFinding('configuration', finding))
  if (config !== null && checks.length === 0) {
    checks.push(
      ok(
        'configuration',
        config.file ?? 'no file',
        config.file === null ? 'the embedded default is in force' : 'no remarks',
      ),
    )
  }
  return checks
}

/** Every spec, also those that no integration uses; the ones with errors left out. */
function soundSpecs(config: ResolvedConfig): { specs: ReadonlyMap<string, CompiledSpec>; checks: Check[] } {
  const { specs: all, findings } = readSpecs(config)
  const checks = findings.map((finding) => ofFinding('specs', finding))
  const specs = new Map<string, CompiledSpec>()
  for (const provider of all.keys()) {
    try {
      specs.set(provider, all.get(provider)!)
    } catch (error) {
      checks.push(ofError('specs', provider, error))
    }
  }
  if (checks.length === 0) checks.push(ok('specs', `${specs.size} providers`, 'no remarks'))
  return { specs, checks }
}

/** Before the first start there are no secrets yet; stand-ins then show the rest of the picture. They are never printed. */
function openInstance(config: ResolvedConfig): { secrets: InstanceSecrets; check: Check | null } {
  const standIn = new Secret('not started yet')
  const standIns = { apiKey: standIn, signingSecret: standIn, encryptionKey: standIn, instanceKey: standIn }
  if (!existsSync(instanceFile(config))) return { secrets: standIns, check: null }
  try {
    return { secrets: readInstanceSecrets(config), check: null }
  } catch (error) {
    return { secrets: standIns, check: ofError('data', config.dataDirectory, error) }
  }
}
