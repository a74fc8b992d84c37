/**
 * From configuration and specs to the snapshot the engine works with, and what does not fit together between the two: a provider
 * nobody knows, a secret its spec does not name, an option that is missing.
 */
import type {
  ConfigEntry,
  ResolvedConfig,
  ResolvedDestination,
  ResolvedIntegration,
} from '../config/resolved-config.ts'
import { pathText } from '../document/yaml-document.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import type { DestinationName, IntegrationKey } from '../domain/ids.ts'
import type { Secret } from '../domain/secret.ts'
import { suggest } from '../domain/suggestion.ts'
import { createFilterCompiler, createSyncExpressionCompiler } from '../expression/compile.ts'
import type { DestinationSettings, IntegrationSettings, Settings } from '../engine/settings.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import type { ExpressionCompiler } from '../verify/verifier.ts'
import { integrationSyncs, namesOfSyncs } from './integration-syncs.ts'
import { LazyMap } from './lazy-map.ts'
import { signatureHeadersOf } from './signature-headers.ts'
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

export function buildSettings(input: SettingsInput): SettingsReading {
  const { config, specs, instanceKey, signingSecret } = input
  const compileFilter = createFilterCompiler()
  const compileSyncExpression = createSyncExpressionCompiler()
  const findings: Finding[] = []
  const destinations = new Map<string, DestinationSettings>()
  for (const destination of config.destinations.values()) {
    destinations.set(destination.name, toDestination(config, destination, compileFilter, findings))
  }
  const integrations = new LazyMap<IntegrationSettings>()
  const syncing: IntegrationKey[] = []
  for (const integration of config.integrations.values()) {
    const spec = specs.get(integration.provider)
    if (spec === undefined) {
      findings.push(unknownProvider(config, integration, specs))
      continue
    }
    findings.push(...checkAgainstSpec(config, integration, spec))
    const { syncs, remarks } = integrationSyncs(integration, spec.document, compileSyncExpression)
    for (const { path, code, severity = 'error', message, hint } of remarks)
      findings.push({ code, severity, ...placeOf(config, pathText(path)), message, hint })
    const settings: IntegrationSettings = {
      ...toSettings(integration, spec, instanceKey, config.defaultForward),
      ...(syncs.size === 0 ? {} : { syncs }),
    }
    if (syncs.size > 0) syncing.push(integration.key)
    integrations.add(integration.key, () => settings)
  }
  if (config.isEmbeddedDefault) {
    for (const provider of specs.keys()) {
      if (!integrations.has(provider))
        integrations.add(provider, () => trialIntegration(config, specs.get(provider)!, instanceKey))
    }
  }
  if (findings.some((finding) => finding.severity === 'error')) return { settings: null, findings }
  return {
    settings: {
      integrations,
      syncing,
      destinations,
      publicUrl: config.server.publicUrl,
      signingSecrets: config.signingSecrets.length > 0 ? config.signingSecrets : [signingSecret],
      retrySchedule: config.retrySchedule,
      maxBodyBytes: config.server.maxBodyBytes,
    },
    findings,
  }
}

/** An integration of the provider's own name, with secrets that were made up. */
function trialIntegration(config: ResolvedConfig, spec: CompiledSpec, instanceKey: Secret): IntegrationSettings {
  const trial: ResolvedIntegration = {
    key: spec.provider as IntegrationKey,
    provider: spec.provider,
    secrets: trialSecrets(instanceKey, spec.document),
    options: {},
    ingressTokens: [],
    forward: config.defaultForward,
    unmatched: 'raw',
    dedupeWindowMs: config.ingest.dedupeWindowMs,
    deliver: 'both',
    syncs: {},
  }
  return toSettings(trial, spec, instanceKey, config.defaultForward)
}

/** A filter that does not compile is a finding where it stands. */
function toDestination(
  config: ResolvedConfig,
  destination: ResolvedDestination,
  compileFilter: ExpressionCompiler,
  findings: Finding[],
): DestinationSettings {
  const { name, url, timeoutMs, concurrency, headers, rate, breaker, order, filter, body, transport } = destination
  const settings: DestinationSettings = {
    name,
    url,
    timeoutMs,
    concurrency,
    headers,
    ...(rate === null ? {} : { rate }),
    ...(breaker === null ? {} : { breaker }),
    ...(order === 'none' ? {} : { order }),
    ...(body === 'wrapper' ? {} : { body: 'exact' }),
    ...(transport === null ? {} : { transport }),
  }
  if (filter === null) return settings
  try {
    return { ...settings, filter: compileFilter(filter) }
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'expression_invalid') throw error
    const path = `destinations.${name}.filter`
    findings.push({
      code: error.code,
      severity: 'error',
      ...placeOf(config, path),
      message: `${path}: ${error.message}`,
      hint: error.hint ?? 'It is JSONata, such as: type = "invoice.paid"',
    })
    return settings
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
  const destinations = integration.forward.length > 0 ? integration.forward : defaultForward
  const needsToken = spec.verifier.isUnverified && integration.ingressTokens.length === 0
  return {
    key: integration.key,
    spec,
    secrets: integration.secrets,
    options: { ...(Object.fromEntries(defaults) as Record<string, string>), ...integration.options },
    ingressTokens: needsToken ? [ingressTokenFor(instanceKey, integration.key)] : integration.ingressTokens,
    forward: integration.deliver === 'syncs' ? NOWHERE : destinations,
    syncNotices: integration.deliver === 'events' ? NOWHERE : destinations,
    unmatched: integration.unmatched,
    dedupeWindowMs: integration.dedupeWindowMs,
    signatureHeaders: signatureHeadersOf(spec),
  }
}

const NOWHERE: readonly DestinationName[] = []

function checkAgainstSpec(config: ResolvedConfig, integration: ResolvedIntegration, spec: CompiledSpec): Finding[] {
  const findings: Finding[] = []
  const at = `integrations.${integration.key}`
  const known = { secrets: spec.document.secrets ?? {}, options: spec.document.options ?? {} }
  const asked = namesOfSyncs([...Object.values(spec.document.syncs ?? {}), ...Object.values(integration.syncs)])
  for (const kind of ['secrets', 'options'] as const) {
    const given = kind === 'secrets' ? [...integration.secrets.keys()] : Object.keys(integration.options)
    for (const name of given) {
      if (Object.hasOwn(known[kind], name) || asked[kind].has(name)) continue
      const names = Object.keys(known[kind])
      const meant = suggest(name, names)
      findings.push({
        code: 'config_unknown_key',
        severity: 'error',
        ...placeOf(config, `${at}.${kind}.${name}`),
        message: `${at}.${kind} has "${name}", which the spec of ${spec.provider} does not name`,
        hint: meant !== null ? meant : names.length > 0 ? `It names: ${names.join(', ')}.` : 'Remove it.',
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
    hint: meant ?? 'Write one, and name its folder under specs:.',
  }
}

/** Where the value stands, as the configuration remembers it: `postern.yaml:3:5`, with the variables that are in it behind. */
function placeOf(config: ResolvedConfig, path: string): { file: string; line: number; column: number } {
  const startsHere = (entry: ConfigEntry): boolean =>
    entry.path === path || entry.path.startsWith(`${path}.`) || entry.path.startsWith(`${path}[`)
  const origin = config.entries.find(startsHere)?.origin ?? config.file ?? 'configuration'
  const parts = /^(.*?):(\d+):(\d+)(?: \(.*\))?$/.exec(origin)
  return parts === null
    ? { file: origin, line: 0, column: 0 }
    : { file: parts[1]!, line: Number(parts[2]), column: Number(parts[3]) }
}
