/** What `postern trigger <provider>[/<example>]` means here: which example, and to which integration it goes. */
import type { ResolvedConfig } from '../config/resolved-config.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Example } from '../domain/provider-spec.gen.ts'
import { suggest } from '../domain/suggestion.ts'
import type { IntegrationSettings } from '../engine/settings.ts'
import { findExample, typicalExample } from './examples.ts'
import type { LocalSettings } from './local-settings.ts'
import { needSpec } from './trigger-list.ts'

/**
 * Without an example, one that shows much; without `integrationKey`, the integration called like the provider, or the only one it
 * has. Throws `provider_unknown`, `example_unknown` or `integration_unknown`, each with what was probably meant.
 */
export function chooseExample(
  wanted: string,
  integrationKey: string | undefined,
  { config, settings, specs }: LocalSettings,
): { integration: IntegrationSettings; example: Example } {
  const slash = wanted.indexOf('/')
  const provider = slash === -1 ? wanted : wanted.slice(0, slash)
  const { document } = needSpec(specs, provider)
  const example = slash === -1 ? typicalExample(document) : findExample(document, wanted.slice(slash + 1))
  const keys = integrationsOf(config, provider)
  const key = integrationKey ?? (keys.length === 1 ? keys[0] : provider)
  const integration = keys.find((one) => one === key)
  if (integration === undefined) throw unknownIntegration(provider, integrationKey, keys)
  return { integration: settings.integrations.get(integration)!, example }
}

/** Asked of the configuration, because reading every integration's spec to find one would take long. */
function integrationsOf(config: ResolvedConfig, provider: string): string[] {
  const configured = [...config.integrations.values()].filter((one) => one.provider === provider).map((one) => one.key)
  // In a trial every provider has an integration of its own name.
  return config.isEmbeddedDefault ? [provider] : configured
}

function unknownIntegration(provider: string, wanted: string | undefined, keys: readonly string[]): GatewayError {
  const code = 'integration_unknown'
  if (keys.length === 0) {
    const hint = `Add one under integrations: in the configuration, with provider: ${provider}.`
    return new GatewayError({ code, message: `No integration is of ${provider}.`, hint })
  }
  const hint = `Name it: --integration ${keys[0]}`
  if (wanted === undefined) {
    return new GatewayError({ code, message: `More than one integration is of ${provider}: ${keys.join(', ')}.`, hint })
  }
  const message = `There is no integration "${wanted}" of ${provider}.`
  return new GatewayError({ code, message, hint: suggest(wanted, keys) ?? hint })
}
