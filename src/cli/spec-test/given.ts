/**
 * The configuration under which an example runs: an integration of its provider with one destination, as `given` describes it.
 *
 * Secrets: an example that names none gets all that the spec declares, made up from their names and so the same in every run. One
 * that names any (also none at all, `secrets: {}`) gets exactly those: then it can show what happens while a secret is missing.
 * Options: the example's, then the spec's defaults; a required one without either is made up.
 */
import { trialSecrets } from '../../compose/trial.ts'
import type { DestinationName, IntegrationKey } from '../../domain/ids.ts'
import type { Example, ProviderSpec } from '../../domain/provider-spec.gen.ts'
import { Secret } from '../../domain/secret.ts'
import type { IntegrationSettings } from '../../engine/settings.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'

/** The time of examples that name none. */
export const DEFAULT_NOW = Date.parse('2026-03-02T10:00:00Z')

const MADE_UP_FROM = new Secret('postern test')

export function givenTime(example: Example): number {
  return example.given?.now === undefined ? DEFAULT_NOW : Date.parse(example.given.now)
}

export function givenSecrets(spec: ProviderSpec, example: Example): ReadonlyMap<string, readonly Secret[]> {
  const given = example.given?.secrets
  if (given === undefined) return trialSecrets(MADE_UP_FROM, spec)
  return new Map(
    Object.entries(given).map(([name, value]) => [
      name,
      (typeof value === 'string' ? [value] : value).map((text) => new Secret(text)),
    ]),
  )
}

export function givenOptions(spec: ProviderSpec, example: Example): Readonly<Record<string, string>> {
  const options: Record<string, string> = {}
  for (const [name, declaration] of Object.entries(spec.options ?? {})) {
    const value = declaration.default ?? (declaration.required === true ? `example-${name}` : undefined)
    if (value !== undefined) options[name] = value
  }
  return { ...options, ...example.given?.options }
}

/** An integration called like its provider, forwarding everything to one destination. */
export function givenIntegration(
  spec: CompiledSpec,
  given: Pick<IntegrationSettings, 'secrets' | 'options'>,
): IntegrationSettings {
  return {
    key: spec.provider as IntegrationKey,
    spec,
    secrets: given.secrets,
    options: given.options,
    ingressTokens: [],
    forward: ['app' as DestinationName],
    unmatched: 'raw',
    dedupeWindowMs: null,
  }
}
