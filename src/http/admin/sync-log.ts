/** `/api/v1/syncs`, `/sync-runs` and `/missed-webhooks`: how syncs stand, what they did, and what providers did not tell. */
import type { Router } from '@koa/router'
import type { ConnectionId, IntegrationKey, SyncName, SyncRunId } from '../../domain/ids.ts'
import type { SyncKey, SyncRun } from '../../domain/sync.ts'
import type { SyncStatus } from '../../engine/sync/ports/schedule-store.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { idOf, pageShape } from './log.ts'
import { choiceOf, PAGE_PARAMETERS, pageOf, type Query, readQuery } from './query.ts'
import { missedWebhookShape, runShape, syncShape } from './sync-shape.ts'
import { entryUnknown } from './unknown.ts'

/** Who names no limit expects all syncs; the store gives out fewer at a time. */
const SYNC_LIMIT = { default: 10_000, max: 10_000 }
const STORE_PAGE = 1_000
const STATES: readonly SyncRun['state'][] = ['running', 'waiting', 'succeeded', 'failed']
const PARAMETERS = ['integration', 'connection_id', 'sync', ...PAGE_PARAMETERS]

export function addSyncLogRoutes(router: Router, deps: Pick<HttpDependencies, 'syncs'>): void {
  const { store } = deps.syncs

  router.get('/api/v1/syncs', async (ctx) => {
    const query = readQuery(ctx, PARAMETERS)
    const { limit, after } = pageOf(query, SYNC_LIMIT)
    const items: SyncStatus[] = []
    let cursor = after
    do {
      const page = await store.listSyncs(keyOf(query), {
        limit: Math.min(STORE_PAGE, limit - items.length),
        after: cursor,
      })
      items.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== null && items.length < limit)
    ctx.body = pageShape('syncs', { items, nextCursor: cursor }, syncShape)
  })

  router.get('/api/v1/sync-runs', async (ctx) => {
    const query = readQuery(ctx, [...PARAMETERS, 'state'])
    const state = choiceOf(query, 'state', STATES)
    const filter = { ...keyOf(query), ...(state === undefined ? {} : { state }) }
    ctx.body = pageShape('sync_runs', await store.listSyncRuns(filter, pageOf(query)), runShape)
  })

  router.get('/api/v1/sync-runs/:id', async (ctx) => {
    const run = await store.getSyncRun(idOf(ctx) as SyncRunId)
    if (run === null) throw entryUnknown('sync_run_unknown', 'sync run', idOf(ctx))
    ctx.body = runShape(run)
  })

  router.get('/api/v1/missed-webhooks', async (ctx) => {
    const query = readQuery(ctx, PARAMETERS)
    const page = await store.listMissedWebhooks(keyOf(query), pageOf(query))
    ctx.body = pageShape('missed_webhooks', page, missedWebhookShape)
  })
}

function keyOf(query: Query): Partial<SyncKey> {
  const integration = query.get('integration')
  const connectionId = query.get('connection_id')
  const sync = query.get('sync')
  return {
    ...(integration === undefined ? {} : { integration: integration as IntegrationKey }),
    ...(connectionId === undefined ? {} : { connectionId: connectionId as ConnectionId }),
    ...(sync === undefined ? {} : { sync: sync as SyncName }),
  }
}
