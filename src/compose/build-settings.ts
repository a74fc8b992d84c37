/**
 * From configuration and specs to the snapshot the engine works with, and what does not fit together between the two: a provider
 * nobody knows, a secret its spec does not name, an option that is missing.
 */
import type { ConfigEntry, ResolvedConfig, ResolvedIntegration } from '../config/resolved-config.ts'
import type { Finding } from '../domain/finding.ts'
import type { IntegrationKey } from '../domain/ids.ts'
import type { Secret } from '../domain/secret.ts'
import { suggest } from '../domain/suggestion.ts'
import type { IntegrationSettings, Settings } from '../engine/settings.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import { ingressTokenFor, trialSecrets } from './trial.ts'

export interface SettingsInput {
  readonly config: ResolvedConfig
  readonly specs: ReadonlyMap<string, CompiledSpec>
  readonly instanceKey: Secret
  /** Used where the configuration names none. */
  readonly signingSecret: Secret
}

export interface SettingsReading {
  /** Null when there is an error among the findings. */
  readonly settings: Settings | null
  readonly findings: readonly Finding[]
}

export function buildSettings({ config, specs, instanceKey, signingSecret }: SettingsInput): SettingsReading {
  const findings: Finding[] = []
  const integrations = new Map<string, IntegrationSettings>()
  for (const integration of config.integrations.values()) {
    const spec = specs.get(integration.provider)
    if (spec === undefined) {
      findings.push(unknownProvider(config, integration, specs))
      continue
    }
    findings.push(...checkAgainstSpec(config, integration, spec))
    integrations.set(integration.key, toSettings(integration, spec, instanceKey, config.defaultForward))
  }
  if (config.isEmbeddedDefault) {
    for (const spec of specs.values()) {
      const key = spec.provider as IntegrationKey
      if (integrations.has(key)) continue
      const trial = {
        key,
        provider: spec.provider,
        secrets: trialSecrets(instanceKey, spec.document),
        options: {},
        ingressTokens: [],
        forward: config.defaultForward,
        unmatched: 'raw',
        dedupeWindowMs: config.ingest.dedupeWindowMs,
      } as const
      integrations.set(key, toSettings(trial, spec, instanceKey, config.defaultForward))
    }
  }
  if (findings.some((finding) => finding.severity === 'error')) return { settings: null, findings }
  return {
    settings: {
      integrations,
      destinations: config.destinations,
      publicUrl: config.server.publicUrl,
      signingSecrets: config.signingSecrets.length > 0 ? config.signingSecrets : [signingSecret],
      retrySchedule: config.retrySchedule,
      maxBodyBytes: config.server.maxBodyBytes,
    },
    findings,
  }
}

function toSettings(
  integration: ResolvedIntegration,
  spec: CompiledSpec,
  instanceKey: Secret,
  defaultForward: ResolvedConfig['defaultForward'],
): IntegrationSettings {
  const defaults = Object.entries(spec.document.options ?? {}).flatMap(([name, option]) =>
    option.default === undefined ? [] : [[name, option.default]],
  )
  const needsToken = spec.verifier.isUnverified && integration.ingressTokens.length === 0
  return {
    key: integration.key,
    spec,
    secrets: integration.secrets,
    options: { ...(Object.fromEntries(defaults) as Record<string, string>), ...integration.options },
    ingressTokens: needsToken ? [ingressTokenFor(instanceKey, integration.key)] : integration.ingressTokens,
    forward: integration.forward.length > 0 ? integration.forward : defaultForward,
    unmatched: integration.unmatched,
    dedupeWindowMs: integration.dedupeWindowMs,
  }
}

function checkAgainstSpec(config: ResolvedConfig, integration: ResolvedIntegration, spec: CompiledSpec): Finding[] {
  const findings: Finding[] = []
  const at = `integrations.${integration.key}`
  const known = { secrets: spec.document.secrets ?? {}, options: spec.document.options ?? {} }
  for (const kind of ['secrets', 'options'] as const) {
    const given = kind === 'secrets' ? [...integration.secrets.keys()] : Object.keys(integration.options)
    for (const name of given) {
      if (Object.hasOwn(known[kind], name)) continue
      const names = Object.keys(known[kind])
      const meant = suggest(name, names)
      findings.push({
        code: 'config_unknown_key',
        severity: 'error',
        ...placeOf(config, `${at}.${kind}.${name}`),
        message: `${at}.${kind} has "${name}", which the spec of ${spec.provider} does not name`,
        hint:
          meant !== null
            ? `Did you mean "${meant}"?`
            : names.length > 0
              ? `It names: ${names.join(', ')}.`
              : 'Remove it.',
      })
    }
  }
  for (const [name, option] of Object.entries(known.options)) {
    if (option.required !== true || option.default !== undefined || integration.options[name] !== undefined) continue
    findings.push({
      code: 'config_missing_option',
      severity: 'error',
      ...placeOf(config, `${at}.provider`),
      message: `${at} needs the option "${name}": ${option.where}`,
      hint: `Add options: { ${name}: … }.`,
    })
  }
  const needsSecrets =
    Object.keys(known.secrets).length > 0 &&
    spec.document.verify.every((one) => one.secret !== undefined || one.username !== undefined)
  if (needsSecrets && integration.secrets.size === 0) {
    const [name, declaration] = Object.entries(known.secrets)[0]!
    findings.push({
      code: 'config_missing_secret',
      severity: 'warning',
      ...placeOf(config, `${at}.provider`),
      message: `${at} has no secrets, so every request to it is refused`,
      hint: `Add secrets: { ${name}: [\${…}] }. Where to find it: ${declaration.where}`,
    })
  }
  return findings
}

function unknownProvider(
  config: ResolvedConfig,
  integration: ResolvedIntegration,
  specs: ReadonlyMap<string, CompiledSpec>,
): Finding {
  const meant = suggest(integration.provider, specs.keys())
  return {
    code: 'spec_unknown_provider',
    severity: 'error',
    ...placeOf(config, `integrations.${integration.key}.provider`),
    message: `integrations.${integration.key}.provider is "${integration.provider}", for which there is no spec`,
    hint: meant === null ? 'Write one, and name its folder under specs:.' : `Did you mean "${meant}"?`,
  }
}

/** Where the value stands, as the configuration remembers it: `postern.yaml:3:5`. */
function placeOf(config: ResolvedConfig, path: string): { file: string; line: number; column: number } {
  const startsHere = (entry: ConfigEntry): boolean =>
    entry.path === path || entry.path.startsWith(`${path}.`) || entry.path.startsWith(`${path}[`)
  const origin = config.entries.find(startsHere)?.origin ?? config.file ?? 'configuration'
  const parts = /^(.*):(\d+):(\d+)$/.exec(origin)
  return parts === null
    ? { file: origin, line: 0, column: 0 }
    : { file: parts[1]!, line: Number(parts[2]), column: Number(parts[3]) }
}
