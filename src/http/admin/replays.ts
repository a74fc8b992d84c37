/** `/api/v1/replays`: many deliveries once more. A filter gives a plan; only a plan is executed. */
import type { Router } from '@koa/router'
import type { Context } from 'koa'
import { DELIVERY_STATES, type DeliveryState } from '../../domain/delivery.ts'
import type { ConnectionId, DestinationName, IntegrationKey, ReplayId } from '../../domain/ids.ts'
import { suggest } from '../../domain/suggestion.ts'
import { DEFAULT_RATE_PER_SECOND, MAX_RATE_PER_SECOND } from '../../engine/forward/replays.ts'
import type { Replay, ReplayFilter } from '../../engine/ports.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { type Input, invalidInput, readInput } from './json-input.ts'
import { instant, instantOrNull } from './log-shape.ts'
import { readQuery, readTime } from './query.ts'

type Json = Record<string, unknown>

const FILTER_MEMBERS = ['state', 'integration', 'connection_id', 'destination', 'since', 'until'] as const
const MEMBERS = [...FILTER_MEMBERS, 'rate', 'dry_run', 'plan', 'confirm']
/** What is under way cannot be replayed. */
const STATES = DELIVERY_STATES.filter((state) => state !== 'in_flight')

export function addReplayRoutes(router: Router, { replays }: Pick<HttpDependencies, 'replays'>): void {
  router.post('/api/v1/replays', async (ctx) => {
    const input = await readInput(ctx, MEMBERS)
    const plan = input.text('plan', 100)
    if (plan !== undefined) {
      const given = [...FILTER_MEMBERS, 'rate', 'dry_run'].find((name) => input.has(name))
      if (given !== undefined)
        throw invalidInput(`"${given}" belongs to the plan.`, 'Send "plan" alone, or with "confirm".')
      const replay = await replays.execute(plan as ReplayId, { isConfirmed: input.flag('confirm') })
      ctx.status = 202
      ctx.body = replayShape(replay)
      return
    }
    const ratePerSecond = input.number('rate', { min: 0.01, max: MAX_RATE_PER_SECOND }) ?? DEFAULT_RATE_PER_SECOND
    const filter = filterOf(input)
    if (!input.flag('dry_run'))
      throw invalidInput(
        'A replay of many needs a plan first.',
        'Send the filter with "dry_run": true, then "plan": its id.',
      )
    ctx.status = 201
    ctx.body = replayShape(await replays.plan(filter, { ratePerSecond }))
  })

  router.get('/api/v1/replays', async (ctx) => {
    readQuery(ctx, [])
    ctx.body = { replays: (await replays.list()).map(replayShape) }
  })

  router.get('/api/v1/replays/:id', async (ctx) => {
    ctx.body = replayShape(await replays.get(idOf(ctx)))
  })

  router.post('/api/v1/replays/:id/cancel', async (ctx) => {
    ctx.body = replayShape(await replays.cancel(idOf(ctx)))
  })
}

function idOf(ctx: Context): ReplayId {
  return (ctx.params as { id: string }).id as ReplayId
}

function filterOf(input: Input): ReplayFilter {
  const state = stateOf(input.requiredText('state', 20))
  const integration = input.text('integration', 100)
  const connectionId = input.text('connection_id', 255)
  const destination = input.text('destination', 100)
  const since = input.text('since', 50)
  const until = input.text('until', 50)
  return {
    state,
    ...(integration === undefined ? {} : { integration: integration as IntegrationKey }),
    ...(connectionId === undefined ? {} : { connectionId: connectionId as ConnectionId }),
    ...(destination === undefined ? {} : { destination: destination as DestinationName }),
    ...(since === undefined ? {} : { since: readTime('since', since) }),
    ...(until === undefined ? {} : { until: readTime('until', until) }),
  }
}

function stateOf(text: string): DeliveryState {
  const state = STATES.find((known) => known === text)
  if (state === undefined) throw invalidInput(`"state" is "${text}".`, suggest(text, STATES))
  return state
}

function replayShape(replay: Replay): Json {
  const { filter, plan } = replay
  return {
    id: replay.id,
    state: replay.state,
    filter: {
      state: filter.state,
      integration: filter.integration ?? null,
      connection_id: filter.connectionId ?? null,
      destination: filter.destination ?? null,
      since: instantOrNull(filter.since ?? null),
      until: instantOrNull(filter.until ?? null),
    },
    plan: {
      count: plan.count,
      oldest_at: instantOrNull(plan.oldestAt),
      newest_at: instantOrNull(plan.newestAt),
      destinations: plan.destinations,
      integrations: plan.integrations,
    },
    rate: replay.ratePerSecond,
    replayed: replay.replayed,
    skipped: replay.skipped,
    created_at: instant(replay.createdAt),
    started_at: instantOrNull(replay.startedAt),
    finished_at: instantOrNull(replay.finishedAt),
  }
}
