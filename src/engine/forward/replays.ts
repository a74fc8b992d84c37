/**
 * Replays of many deliveries, plan first: a plan says how many a filter fits and which they are, and only a plan can be executed. The
 * execution goes through them newest first, in small batches at a rate, and keeps its place in the store with every batch; so it goes
 * on after a restart, and never touches one twice. What is created after the plan is not part of it.
 */
import { GatewayError } from '../../domain/errors.ts'
import type { DestinationName, Ids, ReplayId } from '../../domain/ids.ts'
import type { Clock, Journal, LogReader, Replay, ReplayFilter, ReplayPlan, ReplayStore } from '../ports.ts'

export interface Replays {
  /** Counts what the filter fits and stores the plan. */
  plan(filter: ReplayFilter, options: { ratePerSecond: number }): Promise<Replay>
  /**
   * Begins with a plan. Throws `replay_unknown`, `replay_not_planned`, and `replay_grown` when more deliveries fit by now and that was
   * not confirmed.
   */
  execute(id: ReplayId, options: { isConfirmed: boolean }): Promise<Replay>
  get(id: ReplayId): Promise<Replay>
  list(): Promise<readonly Replay[]>
  /** Ends it where it is. What it has made due stays due. */
  cancel(id: ReplayId): Promise<Replay>
  /** Goes on with what was running when the process before this one ended. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ReplaysParts {
  readonly store: ReplayStore & Pick<LogReader, 'listDeliveries'>
  readonly kick: (destination: DestinationName) => void
  readonly clock: Clock
  readonly ids: Ids
  readonly journal: Journal
}

export const DEFAULT_RATE_PER_SECOND = 50
export const MAX_RATE_PER_SECOND = 10_000
const PLAN_PAGE = 1_000
const MAX_BATCH = 100
const BATCHES_PER_SECOND = 4
const AFTER_FAULT_MS = 5_000

export function createReplays(parts: ReplaysParts): Replays {
  const { store, kick, clock, ids, journal } = parts
  const running = new Map<ReplayId, Promise<void>>()
  const sleeping = new Set<() => void>()
  let isStopped = false

  async function survey(filter: ReplayFilter): Promise<ReplayPlan> {
    const destinations = new Map<string, number>()
    const integrations = new Map<string, number>()
    let count = 0
    let oldestAt: number | null = null
    let newestAt: number | null = null
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<typeof store.listDeliveries>> = await store.listDeliveries(filter, {
        limit: PLAN_PAGE,
        after,
      })
      for (const { createdAt, destination, integration } of page.items) {
        count += 1
        oldestAt = Math.min(oldestAt ?? createdAt, createdAt)
        newestAt = Math.max(newestAt ?? createdAt, createdAt)
        destinations.set(destination, (destinations.get(destination) ?? 0) + 1)
        integrations.set(integration, (integrations.get(integration) ?? 0) + 1)
      }
      after = page.nextCursor
    } while (after !== null)
    return {
      count,
      oldestAt,
      newestAt,
      destinations: Object.fromEntries(destinations),
      integrations: Object.fromEntries(integrations),
    }
  }

  async function known(id: ReplayId): Promise<Replay> {
    const replay = await store.getReplay(id)
    if (replay !== null) return replay
    throw new GatewayError({
      code: 'replay_unknown',
      message: `There is no replay "${id.slice(0, 100)}".`,
      hint: 'Make a plan first: POST /api/v1/replays with "dry_run": true.',
    })
  }

  /** Rejects never; a fault of the store is waited out. */
  async function run(replay: Replay): Promise<void> {
    let current = replay
    for (;;) {
      if (isStopped) return
      try {
        const next = await step(current)
        if (next === null || next.state !== 'running') {
          if (next !== null) journal.record('replay.finished', factsOf(next))
          return
        }
        current = next
        await sleep((batchSize(current) / current.ratePerSecond) * 1_000)
      } catch (error) {
        journal.warn('replay.delayed', { replay_id: current.id, error })
        await sleep(AFTER_FAULT_MS)
      }
    }
  }

  async function step(replay: Replay): Promise<Replay | null> {
    const page = await store.listDeliveries(replay.filter, { limit: batchSize(replay), after: replay.cursor })
    const deliveries = page.items.map(({ id }) => id)
    const next = await store.replayBatch({ id: replay.id, deliveries, cursor: page.nextCursor, now: clock.now() })
    if (next !== null) for (const name of new Set(page.items.map(({ destination }) => destination))) kick(name)
    return next
  }

  function begin(replay: Replay): void {
    if (isStopped || running.has(replay.id)) return
    running.set(
      replay.id,
      run(replay).finally(() => running.delete(replay.id)),
    )
  }

  function sleep(ms: number): Promise<void> {
    if (isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.after(ms, wake)
      function wake(): void {
        timer.cancel()
        sleeping.delete(wake)
        resolve()
      }
      sleeping.add(wake)
    })
  }

  return {
    async plan(filter, { ratePerSecond }) {
      const now = clock.now()
      const bounded = { ...filter, until: Math.min(filter.until ?? now + 1, now + 1) }
      const replay: Replay = {
        id: ids.next('replay'),
        state: 'planned',
        filter: bounded,
        plan: await survey(bounded),
        createdAt: now,
        startedAt: null,
        finishedAt: null,
        ratePerSecond,
        replayed: 0,
        skipped: 0,
        cursor: null,
      }
      await store.putReplay(replay)
      return replay
    },

    async execute(id, { isConfirmed }) {
      const planned = await known(id)
      if (planned.state !== 'planned') throw notPlanned(planned)
      const { count } = await survey(planned.filter)
      if (count > planned.plan.count && !isConfirmed) throw grown(planned, count)
      const replay: Replay = { ...planned, state: 'running', startedAt: clock.now() }
      await store.putReplay(replay)
      journal.record('replay.started', factsOf(replay))
      begin(replay)
      return replay
    },

    get: known,
    list: () => store.listReplays({}),

    async cancel(id) {
      const replay = await known(id)
      if (replay.state === 'done' || replay.state === 'cancelled') return replay
      const cancelled: Replay = { ...replay, state: 'cancelled', finishedAt: clock.now() }
      await store.putReplay(cancelled)
      // A batch that was on its way may have been counted in between.
      const last = await known(id)
      journal.record('replay.cancelled', factsOf(last))
      return last
    },

    async start() {
      for (const replay of await store.listReplays({ state: 'running' })) begin(replay)
    },

    async stop() {
      isStopped = true
      for (const wake of sleeping) wake()
      await Promise.all(running.values())
    },
  }
}

function batchSize({ ratePerSecond }: Replay): number {
  return Math.max(1, Math.min(MAX_BATCH, Math.ceil(ratePerSecond / BATCHES_PER_SECOND)))
}

function factsOf({ id, state, plan, replayed, skipped }: Replay): Record<string, unknown> {
  return { replay_id: id, state, planned: plan.count, replayed, skipped }
}

function notPlanned({ id, state }: Replay): GatewayError {
  return new GatewayError({
    code: 'replay_not_planned',
    message: `The replay ${id} is ${state} already.`,
    hint: `Follow it at GET /api/v1/replays/${id}, or make a new plan.`,
  })
}

function grown({ id, plan }: Replay, count: number): GatewayError {
  return new GatewayError({
    code: 'replay_grown',
    message: `The plan ${id} is for ${plan.count} deliveries; ${count} fit its filter now.`,
    hint: 'Make a new plan and look at it, or confirm this one.',
    details: { planned: plan.count, now: count },
  })
}
