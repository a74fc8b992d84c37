/**
 * Whether something that moves up and down also grows. The memory of a process with a garbage collector is a saw: it rises by tens of MB
 * and falls back, and how high it stands when a measurement happens to begin and end says nothing. What grows with a leak is the foot of
 * the saw, so that is what is fitted:
 *
 * 1. The first part is left out (`WARM_UP_SHARE`): caches fill, code is compiled, the heap finds its size.
 * 2. The rest is cut into windows, each long enough for a collection or two, and the lowest value of each is kept.
 * 3. The slope is the median of the slopes between every two of them (Theil and Sen), so that a few odd windows do not turn it.
 */
import { median } from './statistics.ts'

export type Point = readonly [second: number, value: number]

export interface Trend {
  /** The median of the lowest values. */
  readonly level: number
  readonly perMinute: number
  /** Along the slope, over all that was not warm-up. */
  readonly growth: number
}

export const WARM_UP_SHARE = 0.5
const WINDOWS = 12
const MIN_WINDOW_SECONDS = 15
const MIN_WINDOWS = 4

/** Null when the run was too short to tell: 2 minutes are enough. */
export function trendOf(points: readonly Point[]): Trend | null {
  const end = points.at(-1)?.[0] ?? 0
  const begin = end * WARM_UP_SHARE
  const count = Math.min(WINDOWS, Math.floor((end - begin) / MIN_WINDOW_SECONDS))
  if (count < MIN_WINDOWS) return null
  const length = (end - begin) / count
  const feet = Array.from({ length: count }, (_, at): Point => {
    const from = begin + at * length
    const values = points.filter(([second]) => second >= from && second <= from + length).map(([, value]) => value)
    return [from + length / 2, Math.min(...values)]
  })
  const slopes: number[] = []
  for (let later = 1; later < count; later += 1)
    for (let earlier = 0; earlier < later; earlier += 1)
      slopes.push((feet[later]![1] - feet[earlier]![1]) / (feet[later]![0] - feet[earlier]![0]))
  const slope = median(slopes)
  return { level: median(feet.map(([, value]) => value)), perMinute: slope * 60, growth: slope * (end - begin) }
}
