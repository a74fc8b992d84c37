/**
 * Each integration: whether anything can be verified with the secrets it has, the URL to give to the provider, and its syncs, of which
 * one that nobody has started is no fault.
 */
import { formatDuration } from '../../domain/duration.ts'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { IntegrationSettings, Settings } from '../../engine/settings.ts'
import { oneLine } from '../printable.ts'
import type { Check } from './check.ts'

/** `base` is the address under which the gateway is reached where no public URL is configured. */
export function checkIntegrations(
  settings: Settings,
  options: { base: string; isTrial: boolean; hasInstance: boolean },
): Check[] {
  return [...settings.integrations.values()].flatMap((integration) => [
    checkIntegration(integration, settings, options),
    ...checkSyncs(integration),
  ])
}

function checkIntegration(
  integration: IntegrationSettings,
  settings: Settings,
  options: { base: string; isTrial: boolean; hasInstance: boolean },
): Check {
  const missing = missingSecrets(integration)
  const url = urlOf(integration, settings.publicUrl ?? options.base, options.hasInstance)
  const check = { area: 'integrations', subject: integration.key } as const
  if (missing.length === 0) return { ...check, status: 'ok', message: url, hint: null }
  const places = missing.map((name) => `${name}: ${oneLine(integration.spec.document.secrets?.[name]?.where)}`)
  return {
    ...check,
    // A trial has made-up secrets; what a provider signs with a key of its own cannot be made up, and nobody expects it.
    status: options.isTrial ? 'warning' : 'error',
    message: `${url} refuses every request: it lacks ${missing.join(' and ')}`,
    hint: `Add it under secrets: of this integration. ${places.join('; ')}`,
  }
}

/** Of the configuration; whether each has been started for a connection, the running gateway knows: `postern sync list`. */
function checkSyncs({ key, syncs }: IntegrationSettings): Check[] {
  return [...(syncs?.values() ?? [])].map(({ name, model, everyMs, triggers, startsByItself }) => ({
    area: 'integrations',
    subject: `${key} ${name}`,
    status: 'ok',
    message: [
      `sync of ${model} every ${formatDuration(everyMs)}`,
      triggers.length === 0
        ? 'no event sets it off'
        : `set off by ${triggers.map(({ pattern }) => pattern).join(', ')}`,
      ...(startsByItself ? [] : ['waits to be started']),
    ].join('; '),
    hint: startsByItself
      ? null
      : `postern sync start ${key} ${name} --connection ID, or auto_start: true in the configuration`,
  }))
}

/** Empty where one alternative has all it needs; else what the strongest lacks. */
function missingSecrets(integration: IntegrationSettings): string[] {
  const missing = integration.spec.document.verify.map((alternative) =>
    secretsOf(alternative).filter((name) => (integration.secrets.get(name) ?? []).length === 0),
  )
  return missing.some((names) => names.length === 0) ? [] : (missing[0] ?? [])
}

function secretsOf({ secret, username, password }: Alternative): string[] {
  return [secret, username, password].filter((name) => name !== undefined)
}

/** With the ingress token, as it has to be pasted at the provider. */
function urlOf({ key, ingressTokens }: IntegrationSettings, base: string, hasInstance: boolean): string {
  const url = `${base}/webhook/${key}`
  const token = ingressTokens[0]
  if (token === undefined) return url
  return `${url}/${hasInstance ? token.reveal() : '{token, made at the first start}'}`
}
