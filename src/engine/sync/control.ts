/** What people and apps do with syncs: trigger, start, pause, set the interval, ask how they are. */
import { formatDuration, parseDuration } from '../../domain/duration.ts'
import { GatewayError } from '../../domain/errors.ts'
import { MIN_EVERY_MS, type SyncKey } from '../../domain/sync.ts'
import type { Clock } from '../ports.ts'
import type { ScheduleStore, SyncSelection, SyncStatus } from './ports/schedule-store.ts'

export interface SyncControl {
  /** Runs them at once, paused or not; during a run it leads to exactly one more. Says how many there are. */
  trigger(selection: SyncSelection & { isFull: boolean; emptiesCache: boolean }): Promise<number>
  start(selection: SyncSelection): Promise<number>
  pause(selection: SyncSelection): Promise<number>
  /** `30m`, `every 2 hours`, `every day`; null goes back to the declared interval. Null when there is no such sync. */
  setEvery(request: { key: SyncKey; everyText: string | null }): Promise<{ every: string; everyMs: number } | null>
  status(selection: SyncSelection): Promise<readonly SyncStatus[]>
}

/** Wishes for runs that wait for one commit together, where all connections are meant. */
const WISHES_AT_ONCE = 500

export function createSyncControl(deps: {
  store: Pick<ScheduleStore, 'requestRun' | 'setPaused' | 'overrideEvery' | 'syncStatus'>
  clock: Clock
  /** Told before syncs are started. */
  onStart: (selection: SyncSelection) => void
  wake: () => void
}): SyncControl {
  const { store, clock, onStart, wake } = deps
  return {
    async trigger({ isFull, emptiesCache, ...selection }) {
      const found = await store.syncStatus(selection)
      const now = clock.now()
      const keys = found.filter((status) => status.isDeclared).map(({ key }) => key)
      const wish = { now, windowMs: 0, cause: 'request' as const, triggers: 1, isFull, emptiesCache }
      for (let at = 0; at < keys.length; at += WISHES_AT_ONCE) {
        await Promise.all(keys.slice(at, at + WISHES_AT_ONCE).map((key) => store.requestRun({ key, ...wish })))
      }
      wake()
      return found.length
    },
    async start(selection) {
      onStart(selection)
      const count = await store.setPaused({ ...selection, paused: false, now: clock.now() })
      wake()
      return count
    },
    pause: (selection) => store.setPaused({ ...selection, paused: true, now: clock.now() }),
    async setEvery({ key, everyText }) {
      const everyMs = everyText === null ? null : parseEvery(everyText)
      const set = await store.overrideEvery({ key, everyMs, now: clock.now() })
      wake()
      return set === null ? null : { every: everyPhrase(set.everyMs), everyMs: set.everyMs }
    },
    status: (selection) => store.syncStatus(selection),
  }
}

const UNITS: Readonly<Record<string, string>> = {
  s: 's',
  sec: 's',
  second: 's',
  seconds: 's',
  m: 'm',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  h: 'h',
  hour: 'h',
  hours: 'h',
  d: 'd',
  day: 'd',
  days: 'd',
}

/** An interval as the peer's clients write it, in ms. Throws `api_invalid_input`. */
export function parseEvery(text: string): number {
  const [, count, unit] = /^(?:every\s+)?(\d{1,6})?\s*([a-z]+)$/i.exec(text.trim()) ?? []
  const short = unit !== undefined && Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined
  const ms = short === undefined || Number(count ?? 1) === 0 ? 0 : parseDuration(`${Number(count ?? 1)}${short}`)
  if (ms < MIN_EVERY_MS) {
    throw new GatewayError({
      code: 'api_invalid_input',
      message: `"${text.slice(0, 100)}" is not an interval of at least ${formatDuration(MIN_EVERY_MS)}`,
      hint: 'Write it as 30m, "every 2 hours" or "every day".',
    })
  }
  return ms
}

const NAMES = { s: 'second', m: 'minute', h: 'hour', d: 'day' } as const

/** `every hour`, `every 30 minutes`: as the peer's clients read it. */
export function everyPhrase(ms: number): string {
  const [, count, unit] = /^(\d+)(s|m|h|d)$/.exec(formatDuration(ms)) ?? []
  if (count === undefined) return `every ${formatDuration(ms)}`
  const name = NAMES[unit as keyof typeof NAMES]
  return count === '1' ? `every ${name}` : `every ${count} ${name}s`
}
