/** `/records`: what syncs keep, read as a stream of changes, with the parameters and answers that the peer's clients know. */
import type { Router } from '@koa/router'
import type { Context } from 'koa'
import type { RecordAction } from '../../domain/sync.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { invalidInput, readInput } from './json-input.ts'
import { checkCursor, pageOf, type Query, readQuery, readTime, valuesOf } from './query.ts'
import { recordPageText } from './record-page.ts'
import { checkModel, checkVariant, findConnection } from './sync-place.ts'

const LIST_LIMIT = { default: 100, max: 10_000 }
const PRUNE_LIMIT = { default: 1_000, max: 10_000 }
const MAX_IDS = { maxCount: 100, maxLength: 512 }
const MAX_MODEL_LENGTH = 255
const ACTIONS: readonly RecordAction[] = ['ADDED', 'UPDATED', 'DELETED']
/** `delta` is the peer's older name of `modified_after`. */
const PARAMETERS = ['model', 'variant', 'modified_after', 'delta', 'limit', 'filter', 'cursor']

export function addRecordRoutes(
  router: Router,
  deps: Pick<HttpDependencies, 'connections' | 'settings' | 'syncs' | 'clock'>,
): void {
  const { store } = deps.syncs

  router.get('/records', async (ctx) => {
    const query = readQuery(ctx, PARAMETERS, ['ids'])
    const model = query.get('model')
    if (model === undefined) throw invalidInput('The query has no "model".', 'Add ?model={the model of a sync}.')
    checkVariant(query.get('variant'))
    const { limit, after } = pageOf(query, LIST_LIMIT)
    const filter = {
      modifiedAfter: modifiedAfterOf(query),
      actions: actionsOf(query),
      ids: valuesOf(ctx, 'ids', MAX_IDS),
    }
    const place = await findConnection(deps, placeOf(ctx))
    const page = await store.listRecords({ ...place, model, after, limit, ...filter })
    if (page.records.length === 0) await checkModel(deps, place, model)
    ctx.type = 'application/json'
    ctx.body = await recordPageText(page)
  })

  router.patch('/records/prune', async (ctx) => {
    readQuery(ctx, [])
    const input = await readInput(ctx, ['model', 'variant', 'until_cursor', 'limit'])
    const model = input.requiredText('model', MAX_MODEL_LENGTH)
    checkVariant(input.text('variant', MAX_MODEL_LENGTH))
    const untilCursor = input.requiredText('until_cursor', 1_000)
    checkCursor('until_cursor', untilCursor)
    const limit = Math.floor(input.number('limit', { min: 1, max: PRUNE_LIMIT.max }) ?? PRUNE_LIMIT.default)
    const place = await findConnection(deps, placeOf(ctx))
    const pruned = await store.pruneRecords({ ...place, model, untilCursor, limit, now: deps.clock.now() })
    if (pruned.count === 0) await checkModel(deps, place, model)
    ctx.body = { count: pruned.count, has_more: pruned.hasMore }
  })
}

/** The connection that the headers name. */
function placeOf(ctx: Context): { integration: string; connectionId: string } {
  const header = (name: string): string => {
    const value = ctx.get(name)
    if (value === '' || value.length > 255) throw invalidInput(`The request has no header "${name}".`, 'Add it.')
    return value
  }
  return { integration: header('Provider-Config-Key'), connectionId: header('Connection-Id') }
}

function modifiedAfterOf(query: Query): number | null {
  const name = query.has('modified_after') ? 'modified_after' : 'delta'
  const text = query.get(name)
  return text === undefined ? null : readTime(name, text)
}

/** Words between commas, in either case; null where all are wanted. */
function actionsOf(query: Query): readonly RecordAction[] | null {
  const words = query.get('filter')?.split(',')
  if (words === undefined) return null
  const wanted = words.map((word) => {
    const action = ACTIONS.find((one) => one === word.trim().toUpperCase())
    if (action !== undefined) return action
    throw invalidInput(`"filter" has "${word.slice(0, 50)}".`, 'Use added, updated, deleted, with commas between them.')
  })
  return ACTIONS.every((action) => wanted.includes(action)) ? null : wanted
}
