/** What a scenario works with, and what it is. */
import { type Child, benchProgram, startChild } from './child.ts'
import { SECRET } from './gateway.ts'
import type { LoadClient } from './load-client.ts'
import type { BenchOptions } from './options.ts'
import type { Report } from './report.ts'

export interface Bench {
  readonly options: BenchOptions
  readonly load: LoadClient
  /** Verifies and answers, and keeps nothing; one for the whole run. */
  readonly floor: Child
  readonly report: Report
}

export interface Scenario {
  readonly name: string
  /** One line for the heading and the help. */
  readonly title: string
  run(bench: Bench): Promise<void>
}

export function startFloor(forwardPort?: number): Promise<Child> {
  return startChild(benchProgram('floor.ts'), {
    BENCH_SECRET: SECRET,
    ...(forwardPort === undefined ? {} : { FORWARD_PORT: String(forwardPort) }),
  })
}

/** Waits for the condition; fails when `progress` has stood still for 15 s. */
export async function until<T>(
  ask: () => Promise<T>,
  holds: (seen: T) => boolean,
  progress: (seen: T) => number,
): Promise<T> {
  let last = Number.NaN
  let movedAt = Date.now()
  for (;;) {
    const seen = await ask()
    if (holds(seen)) return seen
    const now = progress(seen)
    if (now !== last) movedAt = Date.now()
    last = now
    if (Date.now() - movedAt > 15_000) throw new Error(`nothing moves any more: ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
