/** All scenarios, in the order they are run and told. */
import type { Scenario } from '../bench.ts'
import { accept, largeBodies } from './accept.ts'
import { backlog } from './backlog.ts'
import { batch } from './batch.ts'
import { filled } from './filled.ts'
import { forward } from './forward.ts'
import { halfRate } from './half-rate.ts'
import { overload } from './overload.ts'
import { refuse } from './refuse.ts'
import { startUp } from './start-up.ts'
import { wrk } from './wrk.ts'

export const SCENARIOS: readonly Scenario[] = [
  startUp,
  accept,
  halfRate,
  overload,
  refuse,
  largeBodies,
  batch,
  forward,
  backlog,
  filled,
  wrk,
]
