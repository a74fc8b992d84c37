/** `/api/v1/…`: what came in, what was made of it, and what became of it. Newest first, in pages. */
import type { Router } from '@koa/router'
import type { Context } from 'koa'
import { DELIVERY_STATES } from '../../domain/delivery.ts'
import type { DeliveryId, DestinationName, EventId, RequestId } from '../../domain/ids.ts'
import type { LoggedEvent, Page, RequestOutcome } from '../../engine/ports.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { attemptShape, deliveryShape, eventShape, instant, requestDetailShape, requestShape } from './log-shape.ts'
import { choiceOf, LOG_PARAMETERS, logFilterOf, pageOf, readQuery } from './query.ts'
import { entryUnknown } from './unknown.ts'

const OUTCOMES: readonly RequestOutcome[] = ['accepted', 'duplicate', 'refused', 'handshake']
const EVENT_STATUSES: readonly LoggedEvent['status'][] = ['matched', 'unmatched', 'duplicate', 'skipped']

export function addLogRoutes(router: Router, deps: Pick<HttpDependencies, 'log'>): void {
  const { log } = deps

  router.get('/api/v1/requests', async (ctx) => {
    const query = readQuery(ctx, [...LOG_PARAMETERS, 'outcome'])
    const outcome = choiceOf(query, 'outcome', OUTCOMES)
    const page = await log.listRequests(
      { ...logFilterOf(query), ...(outcome === undefined ? {} : { outcome }) },
      pageOf(query),
    )
    ctx.body = pageShape('requests', page, requestShape)
  })

  router.get('/api/v1/requests/:id', async (ctx) => {
    const request = await log.getRequest(idOf(ctx) as RequestId)
    if (request === null) throw entryUnknown('request_unknown', 'request', idOf(ctx))
    ctx.body = requestDetailShape(request)
  })

  router.get('/api/v1/events', async (ctx) => {
    const query = readQuery(ctx, [...LOG_PARAMETERS, 'type', 'status'])
    const type = query.get('type')
    const status = choiceOf(query, 'status', EVENT_STATUSES)
    const filter = {
      ...logFilterOf(query),
      ...(type === undefined ? {} : { type }),
      ...(status === undefined ? {} : { status }),
    }
    ctx.body = pageShape('events', await log.listEvents(filter, pageOf(query)), eventShape)
  })

  router.get('/api/v1/events/:id', async (ctx) => {
    const event = await log.getEvent(idOf(ctx) as EventId)
    if (event === null) throw entryUnknown('event_unknown', 'event', idOf(ctx))
    ctx.body = eventShape(event)
  })

  router.get('/api/v1/deliveries', async (ctx) => {
    const query = readQuery(ctx, [...LOG_PARAMETERS, 'state', 'destination', 'request_id'])
    const state = choiceOf(query, 'state', DELIVERY_STATES)
    const destination = query.get('destination')
    const requestId = query.get('request_id')
    const filter = {
      ...logFilterOf(query),
      ...(state === undefined ? {} : { state }),
      ...(destination === undefined ? {} : { destination: destination as DestinationName }),
      ...(requestId === undefined ? {} : { requestId: requestId as RequestId }),
    }
    ctx.body = pageShape('deliveries', await log.listDeliveries(filter, pageOf(query)), deliveryShape)
  })

  router.get('/api/v1/deliveries/:id', async (ctx) => {
    const delivery = await log.getDelivery(idOf(ctx) as DeliveryId)
    if (delivery === null) throw entryUnknown('delivery_unknown', 'delivery', idOf(ctx))
    ctx.body = { ...deliveryShape(delivery), attempts: delivery.attempts.map(attemptShape) }
  })

  router.get('/api/v1/stats', async (ctx) => {
    readQuery(ctx, [])
    const { requests, deliveries, oldestPendingAt } = await log.stats()
    ctx.body = { requests, deliveries, oldest_pending_at: oldestPendingAt === null ? null : instant(oldestPendingAt) }
  })
}

export function pageShape<T>(
  name: string,
  page: Page<T>,
  shape: (item: T) => Record<string, unknown>,
): Record<string, unknown> {
  return { [name]: page.items.map(shape), next_cursor: page.nextCursor }
}

export function idOf(ctx: Context): string {
  return (ctx.params as { id: string }).id
}
