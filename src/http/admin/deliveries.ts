/** What a person can do with one delivery: make it once more, give it up, or let those behind it pass. */
import type { Router } from '@koa/router'
import type { Context } from 'koa'
import type { DeliveryState } from '../../domain/delivery.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { DeliveryId } from '../../domain/ids.ts'
import type { HttpDependencies } from '../dependencies.ts'

/** Given up: nobody tries these again by himself, or they wait for a connection. */
const DISCARDABLE: readonly DeliveryState[] = ['dead', 'held']
/** Skipped: it would be tried again, and may hold up others of its connection. */
const SKIPPABLE: readonly DeliveryState[] = ['pending']

export function addDeliveryRoutes(router: Router, deps: Pick<HttpDependencies, 'queue' | 'clock'>): void {
  const { queue, clock } = deps

  router.post('/api/v1/deliveries/:id/replay', async (ctx) => {
    const id = idOf(ctx)
    const result = await queue.replayDelivery({ id, now: clock.now() })
    if (result === 'unknown') throw unknown(id)
    if (result === 'in_flight') throw underWay('delivery_not_replayable', id)
    ctx.status = 202
    ctx.body = { id, state: 'pending' }
  })

  router.post('/api/v1/deliveries/:id/discard', (ctx) => cancel(ctx, DISCARDABLE, 'dead or held'))
  router.post('/api/v1/deliveries/:id/skip', (ctx) => cancel(ctx, SKIPPABLE, 'pending'))

  async function cancel(ctx: Context, states: readonly DeliveryState[], wanted: string): Promise<void> {
    const id = idOf(ctx)
    const result = await queue.cancelDelivery({ id, states, now: clock.now() })
    if (result === 'unknown') throw unknown(id)
    if (result === 'in_flight') throw underWay('delivery_not_cancellable', id)
    if (result === 'other_state') {
      throw new GatewayError({
        code: 'delivery_not_cancellable',
        message: `The delivery "${id}" is not ${wanted}.`,
        hint: `A dead or held delivery is discarded, a pending one skipped. See GET /api/v1/deliveries/${id}.`,
      })
    }
    ctx.body = { id, state: 'cancelled' }
  }
}

function idOf(ctx: Context): DeliveryId {
  return (ctx.params as { id: string }).id as DeliveryId
}

function unknown(id: string): GatewayError {
  return new GatewayError({
    code: 'delivery_unknown',
    message: `There is no delivery "${id.slice(0, 100)}".`,
    hint: 'It may be past its retention, or its id incomplete.',
  })
}

function underWay(code: 'delivery_not_replayable' | 'delivery_not_cancellable', id: string): GatewayError {
  return new GatewayError({
    code,
    message: `The delivery "${id}" is being attempted right now.`,
    hint: `See what comes of it at GET /api/v1/deliveries/${id}, and ask again then.`,
  })
}
