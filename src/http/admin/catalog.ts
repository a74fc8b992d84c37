/** `/integrations` and `/providers`: what this gateway is configured for and what it could be. Read-only; both live in files. */
import type { Router } from '@koa/router'
import { GatewayError } from '../../domain/errors.ts'
import { suggest } from '../../domain/suggestion.ts'
import type { IntegrationSettings } from '../../engine/settings.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { instant } from './log-shape.ts'
import { readQuery } from './query.ts'
import { integrationUnknown } from './unknown.ts'

export function addCatalogRoutes(
  router: Router,
  deps: Pick<HttpDependencies, 'settings' | 'providers' | 'clock'>,
): void {
  const { settings, providers, clock } = deps
  const startedAt = instant(clock.now())

  function integrationShape(integration: IntegrationSettings, host: string): Record<string, unknown> {
    const base = settings.current().publicUrl ?? `http://${host}`
    // The token in the URL is a secret, and secrets do not leave by the API.
    const token = integration.ingressTokens.length > 0 ? '/{ingress_token}' : ''
    return {
      unique_key: integration.key,
      provider: integration.spec.provider,
      display_name: integration.spec.name,
      logo: '',
      forward_webhooks: integration.forward.length > 0,
      created_at: startedAt,
      updated_at: startedAt,
      webhook_url: `${base}/webhook/${encodeURIComponent(integration.key)}${token}`,
      forward: integration.forward,
      unmatched: integration.unmatched,
    }
  }

  router.get('/integrations', (ctx) => {
    readQuery(ctx, ['connect_session_token'])
    ctx.body = { data: [...settings.current().integrations.values()].map((one) => integrationShape(one, ctx.host)) }
  })

  router.get('/integrations/:uniqueKey', (ctx) => {
    const { integrations } = settings.current()
    const key = (ctx.params as { uniqueKey: string }).uniqueKey
    const integration = integrations.get(key)
    if (integration === undefined) throw integrationUnknown(key, integrations.keys())
    ctx.body = { data: integrationShape(integration, ctx.host) }
  })

  router.get('/providers', async (ctx) => {
    const search = readQuery(ctx, ['search', 'connect_session_token']).get('search')?.toLowerCase()
    const found: CompiledSpec[] = []
    for (const spec of providers().values()) {
      const { provider, name } = spec
      if (search === undefined || `${provider} ${name}`.toLowerCase().includes(search)) found.push(spec)
      // A spec that nobody has asked for yet is read and compiled now, some 15 ms; others get a turn between two of them.
      await new Promise(setImmediate)
    }
    ctx.body = { data: found.map(providerShape) }
  })

  router.get('/providers/:provider', (ctx) => {
    const key = (ctx.params as { provider: string }).provider
    const spec = providers().get(key)
    if (spec === undefined) {
      const hint = suggest(key, providers().keys()) ?? 'List them with GET /providers.'
      throw new GatewayError({
        code: 'provider_unknown',
        message: `There is no provider called "${key.slice(0, 100)}".`,
        hint,
      })
    }
    ctx.body = { data: providerShape(spec) }
  })
}

function providerShape({ provider, name, document }: CompiledSpec): Record<string, unknown> {
  const { docs, confidence, secrets = {}, options = {} } = document
  return {
    name: provider,
    display_name: name,
    docs,
    logo_url: '',
    confidence,
    secrets: Object.fromEntries(Object.entries(secrets).map(([key, { where }]) => [key, { where }])),
    options: Object.fromEntries(
      Object.entries(options).map(([key, { where, required = false }]) => [key, { where, required }]),
    ),
  }
}
