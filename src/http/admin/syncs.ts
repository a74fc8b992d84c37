/** `/sync/…`: what apps do with syncs, with the paths, bodies and answers that the peer's clients know. */
import type { Router } from '@koa/router'
import type { Context } from 'koa'
import type { SyncName } from '../../domain/ids.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { SyncSelection } from '../../engine/sync/ports/schedule-store.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { type Input, invalidInput, readInput } from './json-input.ts'
import { readQuery, valuesOf } from './query.ts'
import { checkVariant, findConnection, findSyncs, syncNameOf, syncUnknown } from './sync-place.ts'
import { peerStatusShape } from './sync-shape.ts'

const MAX_SYNCS = 1_000
/** In a query, where names have commas between them. */
const MAX_NAMES = { maxCount: MAX_SYNCS, maxLength: 16_384 }
const MAX_KEY_LENGTH = 100
const MAX_ID_LENGTH = 255
const SELECTING = ['syncs', 'provider_config_key', 'connection_id']
const SYNC_MODES = ['incremental', 'full_refresh', 'full_refresh_and_clear_cache']

export function addSyncRoutes(
  router: Router,
  deps: Pick<HttpDependencies, 'connections' | 'settings' | 'syncs'>,
): void {
  const { control } = deps.syncs

  router.post('/sync/trigger', async (ctx) => {
    const input = await readInput(ctx, [...SELECTING, 'opts', 'sync_mode', 'full_resync'])
    const mode = modeOf(input)
    await control.trigger({ ...(await runnable(ctx, input)), ...mode })
    ctx.body = { success: true }
  })

  router.post('/sync/start', async (ctx) => {
    await control.start(await runnable(ctx, await readInput(ctx, SELECTING)))
    ctx.body = { success: true }
  })

  router.post('/sync/pause', async (ctx) => {
    await control.pause(await runnable(ctx, await readInput(ctx, SELECTING)))
    ctx.body = { success: true }
  })

  router.get('/sync/status', async (ctx) => {
    const query = readQuery(ctx, ['provider_config_key', 'connection_id'], ['syncs'])
    const integration = query.get('provider_config_key')
    const named = valuesOf(ctx, 'syncs', MAX_NAMES)?.join(',')
    if (integration === undefined)
      throw invalidInput('The query has no "provider_config_key".', 'Add ?provider_config_key={integration}.')
    if (named === undefined)
      throw invalidInput('The query has no "syncs".', 'Add syncs=* for all, or names with commas between them.')
    const syncs = named === '*' ? [] : namesIn(named.split(',').map((name) => name.trim()))
    const selection = await findSyncs(deps, { integration, connectionId: query.get('connection_id'), syncs })
    ctx.body = { syncs: (await control.status(selection)).map(peerStatusShape) }
  })

  router.put('/sync/update-connection-frequency', async (ctx) => {
    readQuery(ctx, [])
    const members = ['sync_name', 'sync_variant', 'provider_config_key', 'connection_id', 'frequency']
    const input = await readInput(ctx, members)
    const sync = syncNameOf(input.requiredText('sync_name', MAX_ID_LENGTH))
    checkVariant(input.text('sync_variant', MAX_ID_LENGTH))
    if (!input.has('frequency'))
      throw invalidInput('The body has no "frequency".', 'Write "every 2 hours", or null for the declared interval.')
    const everyText = input.isNull('frequency') ? null : input.requiredText('frequency', MAX_ID_LENGTH)
    const place = await findConnection(deps, {
      integration: input.requiredText('provider_config_key', MAX_KEY_LENGTH),
      connectionId: input.requiredText('connection_id', MAX_ID_LENGTH),
    })
    await findSyncs(deps, { ...place, syncs: [sync] })
    const set = await control.setEvery({ key: { ...place, sync }, everyText })
    if (set === null) throw syncUnknown(place.integration, sync, [])
    ctx.body = { frequency: set.every }
  })

  /** The syncs that a body selects. None at all is an error: a call that does nothing must not look like one that did something. */
  async function runnable(ctx: Context, input: Input): Promise<SyncSelection> {
    readQuery(ctx, [])
    const named = input.list('syncs', MAX_SYNCS)
    if (named === undefined) throw invalidInput('The body has no "syncs".', 'Add "syncs": [names]; [] stands for all.')
    const integration = input.text('provider_config_key', MAX_KEY_LENGTH) ?? headerOf(ctx, 'Provider-Config-Key')
    if (integration === undefined)
      throw invalidInput('The body has no "provider_config_key".', 'Add it to the body or as a header.')
    const connectionId = input.text('connection_id', MAX_ID_LENGTH) ?? headerOf(ctx, 'Connection-Id')
    const selection = await findSyncs(deps, { integration, connectionId, syncs: namesIn(named) })
    const { syncs } = deps.settings.current().integrations.get(integration)!
    if (syncs !== undefined && syncs.size > 0) return selection
    throw new GatewayError({
      code: 'sync_unknown',
      message: `The integration "${integration}" has no syncs.`,
      hint: 'Declare them in the spec of its provider or in the configuration.',
    })
  }
}

/** `opts` of today's clients, else `sync_mode`, else `full_resync` of the oldest. An emptied cache is filled from the start. */
function modeOf(input: Input): { isFull: boolean; emptiesCache: boolean } {
  const opts = input.options('opts', ['reset', 'emptyCache'])
  if (opts !== undefined) return { isFull: opts.flag('reset'), emptiesCache: opts.flag('emptyCache') }
  const mode = input.text('sync_mode', 50)
  if (mode !== undefined && !SYNC_MODES.includes(mode))
    throw invalidInput(`"sync_mode" is "${mode}".`, `Use one of ${SYNC_MODES.join(', ')}, or better "opts".`)
  const isFull = mode === undefined ? input.flag('full_resync') : mode !== 'incremental'
  return { isFull, emptiesCache: mode === 'full_refresh_and_clear_cache' }
}

function namesIn(named: readonly unknown[]): readonly SyncName[] {
  return [...new Set(named.map(syncNameOf))]
}

function headerOf(ctx: Context, name: string): string | undefined {
  const value = ctx.get(name)
  return value === '' ? undefined : value
}
