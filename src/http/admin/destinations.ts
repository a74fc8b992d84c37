/** `/api/v1/destinations`: what waits for each, whether it is sent to now, and pausing. */
import type { Router } from '@koa/router'
import type { Context } from 'koa'
import type { DestinationName } from '../../domain/ids.ts'
import type { DestinationView } from '../../engine/forward/destinations.ts'
import type { GateStatus } from '../../engine/forward/gate.ts'
import type { BlockedConnection } from '../../engine/ports.ts'
import type { DestinationSettings } from '../../engine/settings.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { readInput } from './json-input.ts'
import { deliveryShape, instant, instantOrNull } from './log-shape.ts'
import { PAGE_PARAMETERS, pageOf, readQuery } from './query.ts'

type Json = Record<string, unknown>

const MAX_REASON_LENGTH = 500

export function addDestinationRoutes(router: Router, { destinations }: Pick<HttpDependencies, 'destinations'>): void {
  router.get('/api/v1/destinations', async (ctx) => {
    readQuery(ctx, [])
    ctx.body = { destinations: (await destinations.list()).map(destinationShape) }
  })

  router.get('/api/v1/destinations/:name', async (ctx) => {
    ctx.body = destinationShape(await destinations.get(nameOf(ctx)))
  })

  router.get('/api/v1/destinations/:name/blocked', async (ctx) => {
    const page = await destinations.listBlocked(nameOf(ctx), pageOf(readQuery(ctx, PAGE_PARAMETERS)))
    ctx.body = { connections: page.items.map(blockedShape), next_cursor: page.nextCursor }
  })

  router.post('/api/v1/destinations/:name/pause', async (ctx) => {
    const input = await readInput(ctx, ['reason'])
    const { since, reason } = await destinations.pause(nameOf(ctx), input.text('reason', MAX_REASON_LENGTH) ?? null)
    ctx.body = { name: nameOf(ctx), paused: { since: instant(since), reason } }
  })

  router.post('/api/v1/destinations/:name/resume', async (ctx) => {
    const wasPaused = await destinations.resume(nameOf(ctx))
    ctx.body = { name: nameOf(ctx), paused: null, was_paused: wasPaused }
  })
}

function nameOf(ctx: Context): DestinationName {
  return (ctx.params as { name: string }).name as DestinationName
}

function destinationShape({ name, settings, lane, deliveries, oldestPendingAt }: DestinationView): Json {
  const gate = lane?.gate ?? null
  return {
    name,
    configured: settings !== null,
    ...(settings === null ? {} : settingsShape(settings)),
    state: settings === null ? 'missing' : stateOf(gate),
    paused: gate?.paused == null ? null : { since: instant(gate.paused.since), reason: gate.paused.reason },
    breaker: {
      state: gate?.breaker ?? 'off',
      since: instantOrNull(gate?.breakerSince ?? null),
      until: instantOrNull(gate?.breakerUntil ?? null),
    },
    asked_to_wait_until: instantOrNull(gate?.heldUntil ?? null),
    deliveries,
    oldest_pending_at: instantOrNull(oldestPendingAt),
    lane: {
      slots: gate?.slots ?? 0,
      waiting: lane?.waiting ?? 0,
      sending: lane?.sending ?? 0,
      recording: lane?.recording ?? 0,
      next_due_at: instantOrNull(lane?.nextDueAt ?? null),
    },
  }
}

function settingsShape(settings: DestinationSettings): Json {
  const { url, timeoutMs, concurrency, rate, order, body, filter, transport } = settings
  return {
    url,
    timeout_ms: timeoutMs,
    concurrency,
    rate: rate === undefined ? null : { count: rate.count, per_ms: rate.perMs },
    order: order ?? 'none',
    body: body === 'exact' ? 'raw' : 'wrapper',
    filter: filter?.source ?? null,
    tls: transport !== undefined && (transport.cert !== null || transport.ca !== null),
    proxied: transport !== undefined && transport.proxy !== null,
  }
}

/** One word for whether it is sent to now. */
function stateOf(gate: GateStatus | null): string {
  if (gate === null) return 'open'
  if (gate.paused !== null) return 'paused'
  if (gate.breaker === 'open' || gate.breaker === 'half_open') return `breaker_${gate.breaker}`
  return gate.heldUntil === null ? 'open' : 'asked_to_wait'
}

function blockedShape({ integration, connectionId, head, waiting }: BlockedConnection): Json {
  return { integration, connection_id: connectionId, waiting, head: deliveryShape(head) }
}
