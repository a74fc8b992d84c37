/**
 * `/api/v1/secrets`: what is kept besides the configuration. Lists tell secrets apart by fingerprint; one is shown only when it is asked
 * for by name, because some providers send a secret that a person has to give back to them.
 */
import type { Router } from '@koa/router'
import { GatewayError } from '../../domain/errors.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import { Secret } from '../../domain/secret.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { type Input, invalidInput, readInput } from './json-input.ts'
import { instant } from './log-shape.ts'
import { readQuery } from './query.ts'

const MAX_SECRETS = 10
const MAX_SECRET_LENGTH = 16_384

export function addSecretRoutes(
  router: Router,
  { keyring, journal }: Pick<HttpDependencies, 'keyring' | 'journal'>,
): void {
  router.get('/api/v1/secrets', async (ctx) => {
    const integration = readQuery(ctx, ['integration']).get('integration') ?? null
    const secrets = await keyring.list(integration as IntegrationKey | null)
    ctx.body = {
      secrets: secrets.map((one) => ({
        integration: one.integration,
        connection_id: one.connectionId,
        name: one.name,
        position: one.position,
        source: one.source,
        fingerprint: one.fingerprint,
        created_at: instant(one.createdAt),
      })),
    }
  })

  router.post('/api/v1/secrets/reveal', async (ctx) => {
    const place = placeIn(await readInput(ctx, ['integration', 'connection_id', 'name']))
    const secret = await keyring.reveal(place)
    if (secret === null) throw unknownSecret(place.name)
    journal.warn('secret.revealed', {
      integration: place.integration,
      connection_id: place.connectionId,
      name: place.name,
    })
    ctx.body = { value: secret.reveal() }
  })

  router.post('/api/v1/secrets/forget', async (ctx) => {
    const place = placeIn(await readInput(ctx, ['integration', 'connection_id', 'name']))
    const count = await keyring.forget(place)
    if (count === 0) throw unknownSecret(place.name)
    journal.warn('secret.forgotten', {
      integration: place.integration,
      connection_id: place.connectionId,
      name: place.name,
    })
    ctx.body = { forgotten: count }
  })
}

/** `secrets: { name: "…" | ["…", "…"] }` of a connection, by the names of the spec; undefined when the body has none. */
export function secretsIn(input: Input, spec: CompiledSpec): ReadonlyMap<string, readonly Secret[]> | undefined {
  const given = input.object('secrets')
  if (given === undefined) return undefined
  const known = Object.keys(spec.document.secrets ?? {})
  const secrets = new Map<string, readonly Secret[]>()
  for (const [name, value] of Object.entries(given)) {
    if (!known.includes(name))
      throw invalidInput(
        `The spec of ${spec.provider} names no secret "${name.slice(0, 100)}".`,
        `It names: ${known.join(', ') || 'none'}.`,
      )
    const list = Array.isArray(value) ? value : [value]
    const isRight =
      list.length <= MAX_SECRETS &&
      list.every((one) => typeof one === 'string' && one !== '' && one.length <= MAX_SECRET_LENGTH)
    if (!isRight)
      throw invalidInput(
        `The secret "${name}" is neither a text nor a list of at most ${MAX_SECRETS} texts.`,
        'An empty list deletes it.',
      )
    secrets.set(
      name,
      (list as string[]).map((one) => new Secret(one)),
    )
  }
  return secrets
}

function placeIn(input: Input): { integration: IntegrationKey; connectionId: ConnectionId | null; name: string } {
  return {
    integration: input.requiredText('integration', 100) as IntegrationKey,
    connectionId: (input.text('connection_id', 255) ?? null) as ConnectionId | null,
    name: input.requiredText('name', 100),
  }
}

function unknownSecret(name: string): GatewayError {
  return new GatewayError({
    code: 'secret_unknown',
    message: `No secret "${name}" is kept there.`,
    hint: 'List them at GET /api/v1/secrets.',
  })
}
