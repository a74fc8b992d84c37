/**
 * One measurement: a load, what came of it, and the CPU time the server took for it. Contestants take turns, so that a machine that slows
 * down in the middle slows down all of them, and medians of the rounds are what is told.
 */
import type { LoadClient } from './load-client.ts'
import type { Extent, LoadOrder, LoadReport } from './load-generator.ts'
import { cpuBetween, readThreadTimes } from './process-usage.ts'
import { median } from './statistics.ts'

export interface Target {
  readonly pid: number
  readonly port: number
}

/** CPU microseconds of one request; null where the system does not tell. */
export interface CpuPerRequest {
  readonly totalUs: number
  readonly mainUs: number
  readonly secondUs: number
}

export interface Figures {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpu: CpuPerRequest | null
}

export interface Measured extends Figures {
  readonly report: LoadReport
}

/** How much is sent before anything is measured, and in one measurement. `heavier` requests take that many times longer than small ones. */
export function extentsOf(
  { warmUp, seconds }: { warmUp: number; seconds: number },
  heavier = 1,
): { warmUp: Extent; measured: Extent } {
  return { warmUp: { total: Math.ceil(warmUp / heavier) }, measured: { seconds } }
}

/** Figures are those of answers with the status that most had. */
export async function measureLoad(
  load: LoadClient,
  target: Target,
  order: Omit<LoadOrder, 'port'>,
  untilDone?: () => Promise<void>,
): Promise<Measured> {
  const before = readThreadTimes(target.pid)
  const report = await load.apply({ ...order, port: target.port })
  await untilDone?.()
  const cpu = cpuBetween(target.pid, before, readThreadTimes(target.pid))
  const answers = Object.values(report.statuses)
  const count = answers.reduce((sum, answer) => sum + answer.count, 0)
  const most = [...answers].sort((a, b) => b.count - a.count)[0]
  return {
    report,
    perSecond: report.perSecond,
    p50Ms: most?.p50Ms ?? Number.NaN,
    p99Ms: most?.p99Ms ?? Number.NaN,
    cpu:
      cpu === null || count === 0
        ? null
        : { totalUs: cpu.totalUs / count, mainUs: cpu.mainUs / count, secondUs: cpu.secondUs / count },
  }
}

/** Lets each contestant have its turn, `rounds` times over. */
export async function takeTurns<Name extends string, Result>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(contestants) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Result[]>
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) results[name].push(await contestants[name]())
  return results
}

export function medianFigures(rounds: readonly Figures[]): Figures {
  const middle = (pick: (one: Figures) => number): number => median(rounds.map(pick))
  const isKnown = rounds.every(({ cpu }) => cpu !== null)
  return {
    perSecond: middle((one) => one.perSecond),
    p50Ms: middle((one) => one.p50Ms),
    p99Ms: middle((one) => one.p99Ms),
    cpu: isKnown
      ? {
          totalUs: middle((one) => one.cpu!.totalUs),
          mainUs: middle((one) => one.cpu!.mainUs),
          secondUs: middle((one) => one.cpu!.secondUs),
        }
      : null,
  }
}

/** Of two contestants' throughputs: the median of the ratios within each round, and the lowest and highest of them. */
export interface Ratio {
  readonly middle: number
  readonly low: number
  readonly high: number
}

export function ratioOf(rounds: readonly { perSecond: number }[], base: readonly { perSecond: number }[]): Ratio {
  const ratios = rounds.map(({ perSecond }, at) => perSecond / base[at]!.perSecond)
  return { middle: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) }
}
