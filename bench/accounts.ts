/**
 * Keeps the bench honest: every answer is counted against the gateway that gave it, and when it is done its books must agree. Accepted
 * answers are stored requests, none more and none less; planned deliveries are delivered or waiting; nothing was answered otherwise.
 */
import { until } from './bench.ts'
import type { BenchGateway } from './gateway.ts'
import type { LoadReport } from './load-generator.ts'
import { readMemory } from './process-usage.ts'
import type { Report } from './report.ts'

export class Accounts {
  readonly #report: Report
  readonly #gateway: BenchGateway
  readonly #answers = new Map<string, number>()

  readonly #before: number

  /** `before` were accepted and delivered when the database was filled. */
  constructor(report: Report, gateway: BenchGateway, before = 0) {
    this.#report = report
    this.#gateway = gateway
    this.#before = before
  }

  /** How often an answer with this status was given. */
  answered(status: string): number {
    return this.#answers.get(status) ?? 0
  }

  /** Counts the answers of a load, and fails the scenario over each that is not one of the expected. */
  add(report: LoadReport, expected: readonly string[]): void {
    let answers = 0
    for (const [status, { count }] of Object.entries(report.statuses)) {
      answers += count
      this.#answers.set(status, this.answered(status) + count)
      if (!expected.includes(status))
        this.#report.failure(`${count} answers were ${status}, expected ${expected.join(' or ')}`)
    }
    if (report.errors > 0) this.#report.failure(`${report.errors} connections broke`)
    if (answers !== report.sent) this.#report.failure(`${report.sent} were sent, ${answers} answered`)
  }

  /** Compares with what the gateway says of itself, once all deliveries are made. `perRequest` is how many each request plans. */
  async settle(perRequest = 0): Promise<void> {
    const accepted = this.answered('200')
    const { requests, deliveries } = await until(
      () => this.#gateway.stats(),
      (seen) => (seen.deliveries['pending'] ?? 0) + (seen.deliveries['in_flight'] ?? 0) === 0,
      (seen) => seen.deliveries['delivered'] ?? 0,
    )
    const stored = (requests['accepted'] ?? 0) - this.#before
    const delivered = (deliveries['delivered'] ?? 0) - this.#before
    if (stored !== accepted) this.#report.failure(`${accepted} were answered 200, ${stored} are stored as accepted`)
    if ((requests['duplicate'] ?? 0) > 0) this.#report.failure(`${requests['duplicate']} were taken for duplicates`)
    if (delivered !== accepted * perRequest)
      this.#report.failure(`${accepted * perRequest} deliveries were due, ${delivered} are delivered`)
    const memory = readMemory(this.#gateway.pid)
    const peak = memory === null ? '' : `, peak memory ${memory.peakMb.toFixed(0)} MB`
    const text = perRequest === 0 ? `${accepted} = ${stored}` : `${accepted} = ${stored} = ${delivered}`
    this.#report.noted(perRequest === 0 ? 'accepted = stored' : 'accepted = stored = delivered', text + peak, {
      accepted,
      stored,
      delivered,
      peak_mb: memory?.peakMb ?? null,
    })
  }
}
