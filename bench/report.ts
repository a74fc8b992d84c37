/**
 * What the bench says: a line for each figure as it is known, and all of them as one document at the end. A failure is an event that was
 * lost or an answer nobody expected; a target that was missed is told, and is no failure.
 */
import type { Machine } from './machine.ts'
import type { Figures, Ratio } from './measurement.ts'

export interface Line {
  readonly scenario: string
  readonly name: string
  readonly figures: Readonly<Record<string, number | null>>
}

const NAME_WIDTH = 46

export class Report {
  readonly lines: Line[] = []
  readonly failures: string[] = []
  readonly targets: { scenario: string; text: string; isMet: boolean }[] = []
  readonly #print: (text: string) => void
  #scenario = ''

  constructor(print: (text: string) => void) {
    this.#print = print
  }

  begin(scenario: { name: string; title: string }): void {
    this.#scenario = scenario.name
    this.#print(`\n${scenario.name}: ${scenario.title}`)
  }

  /** Throughput, latencies, CPU time, and how it compares. */
  measured(name: string, figures: Figures, compared?: { ratio: Ratio; to: string }, suffix = ''): void {
    const { perSecond, p50Ms, p99Ms, cpu } = figures
    const rest = cpu === null ? null : cpu.totalUs - cpu.mainUs - cpu.secondUs
    const parts = [`${perSecond.toFixed(0).padStart(7)} /s`]
    if (!Number.isNaN(p50Ms)) parts.push(`p50 ${p50Ms.toFixed(2)} ms`, `p99 ${p99Ms.toFixed(2)} ms`)
    if (cpu !== null)
      parts.push(
        `CPU ${cpu.totalUs.toFixed(0)} us (main ${cpu.mainUs.toFixed(0)}, second ${cpu.secondUs.toFixed(0)}, rest ${rest!.toFixed(0)})`,
      )
    if (compared !== undefined) {
      const { middle, low, high } = compared.ratio
      const spread = low === high ? '' : ` (${low.toFixed(2)} to ${high.toFixed(2)})`
      parts.push(`${middle.toFixed(2)} of ${compared.to}${spread}`)
    }
    if (suffix !== '') parts.push(suffix)
    this.#line(name, parts.join('  '), {
      per_second: perSecond,
      p50_ms: Number.isNaN(p50Ms) ? null : p50Ms,
      p99_ms: Number.isNaN(p99Ms) ? null : p99Ms,
      cpu_us: cpu?.totalUs ?? null,
      cpu_main_us: cpu?.mainUs ?? null,
      cpu_second_us: cpu?.secondUs ?? null,
      ...(compared === undefined
        ? {}
        : { ratio: compared.ratio.middle, ratio_low: compared.ratio.low, ratio_high: compared.ratio.high }),
    })
  }

  /** A figure of its own kind: its text for people, its parts for machines. */
  noted(name: string, text: string, figures: Readonly<Record<string, number | null>>): void {
    this.#line(name, text, figures)
  }

  target(text: string, isMet: boolean): void {
    this.targets.push({ scenario: this.#scenario, text, isMet })
    this.#print(`  ${`target: ${text}`.padEnd(NAME_WIDTH)} ${isMet ? 'met' : 'MISSED'}`)
  }

  failure(text: string): void {
    this.failures.push(`${this.#scenario}: ${text}`)
    this.#print(`  FAILED: ${text}`)
  }

  document(machine: Machine, options: Readonly<object>): object {
    const { lines, targets, failures } = this
    return { at: new Date().toISOString(), machine, options, lines, targets, failures }
  }

  #line(name: string, text: string, figures: Line['figures']): void {
    this.lines.push({ scenario: this.#scenario, name, figures })
    this.#print(`  ${name.padEnd(NAME_WIDTH)} ${text}`)
  }
}
