/**
 * What calls about syncs name: an integration, a connection of it, syncs and models. Checked before anything is done, so that a
 * mistyped name is a 404 with a remedy and not an empty answer.
 */
import type { ConnectionId, IntegrationKey, SyncName } from '../../domain/ids.ts'
import { GatewayError } from '../../domain/errors.ts'
import { suggest } from '../../domain/suggestion.ts'
import type { SyncSelection } from '../../engine/sync/ports/schedule-store.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { invalidInput } from './json-input.ts'
import { connectionUnknown, integrationUnknown } from './unknown.ts'

export type PlaceDependencies = Pick<HttpDependencies, 'connections' | 'settings' | 'syncs'>

export interface ConnectionPlace {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId
}

/** The peer's one variant of every sync; it can be named, and there is no other. */
export const BASE_VARIANT = 'base'

/** A connection that is there. Its integration may be configured no more; its records can still be read. */
export async function findConnection(
  { connections, settings }: PlaceDependencies,
  place: { integration: string; connectionId: string },
): Promise<ConnectionPlace> {
  const integration = place.integration as IntegrationKey
  const connectionId = place.connectionId as ConnectionId
  if ((await connections.getConnection(integration, connectionId)) !== null) return { integration, connectionId }
  const { integrations } = settings.current()
  if (!integrations.has(integration)) throw integrationUnknown(integration, integrations.keys())
  throw connectionUnknown(integration, connectionId)
}

/** Syncs that are there; no names stand for all of the integration. */
export async function findSyncs(
  deps: PlaceDependencies,
  named: { integration: string; connectionId: string | undefined; syncs: readonly SyncName[] },
): Promise<SyncSelection> {
  const { syncs } = named
  const { integrations } = deps.settings.current()
  const configured = integrations.get(named.integration)
  if (configured === undefined) throw integrationUnknown(named.integration, integrations.keys())
  const integration = configured.key
  const connectionId =
    named.connectionId === undefined
      ? null
      : (await findConnection(deps, { integration, connectionId: named.connectionId })).connectionId
  const declared = new Set<string>(configured.syncs?.keys())
  if (syncs.every((name) => declared.has(name))) return { integration, connectionId, syncs }
  // Those that were declared once are kept, and can be looked at and paused.
  const kept = await deps.syncs.control.status({ integration, connectionId, syncs: null })
  const known = new Set([...declared, ...kept.map(({ key }) => key.sync)])
  const missing = syncs.find((name) => !known.has(name))
  if (missing !== undefined) throw syncUnknown(integration, missing, known)
  return { integration, connectionId, syncs }
}

/** Throws unless a sync of this connection keeps the model, or once did. */
export async function checkModel(deps: PlaceDependencies, place: ConnectionPlace, model: string): Promise<void> {
  const declared = deps.settings.current().integrations.get(place.integration)?.syncs?.values() ?? []
  const models = new Set([...declared].map((sync) => sync.model))
  if (models.has(model)) return
  const kept = await deps.syncs.control.status({ ...place, syncs: null })
  for (const status of kept) models.add(status.model)
  if (models.has(model)) return
  throw new GatewayError({
    code: 'model_unknown',
    message: `No sync of the integration "${place.integration}" keeps records of a model "${model.slice(0, 100)}".`,
    hint: suggest(model, models) ?? 'Declare a sync with this model, in the spec or in the configuration.',
  })
}

/** `name`, `name::base`, `{name}` or `{name, variant: "base"}`. */
export function syncNameOf(given: unknown): SyncName {
  const [name, variant = BASE_VARIANT] =
    typeof given === 'string' ? given.split('::', 2) : isNamed(given) ? [given.name, given.variant] : []
  if (typeof name !== 'string' || name === '' || name.length > 255 || typeof variant !== 'string')
    throw invalidInput('A sync is neither a name nor { "name": …, "variant": "base" }.', 'Write "contacts".')
  checkVariant(variant)
  return name as SyncName
}

export function checkVariant(variant: string | undefined): void {
  if (variant === undefined || variant === BASE_VARIANT) return
  throw new GatewayError({
    code: 'sync_unknown',
    message: `There is no variant "${variant.slice(0, 100)}" of this sync.`,
    hint: `Every sync has the one variant "${BASE_VARIANT}"; declare a second sync instead.`,
  })
}

export function syncUnknown(integration: string, sync: string, known: Iterable<string>): GatewayError {
  return new GatewayError({
    code: 'sync_unknown',
    message: `The integration "${integration}" has no sync "${sync.slice(0, 100)}".`,
    hint: suggest(sync, known) ?? 'Declare it in the spec or in the configuration.',
  })
}

function isNamed(given: unknown): given is { readonly name: unknown; readonly variant?: unknown } {
  return typeof given === 'object' && given !== null && Object.hasOwn(given, 'name')
}
