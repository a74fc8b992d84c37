/**
 * More than the gateway may hold: it must say so, with 503 and Retry-After, and go on serving what it can take. Its bound on what waits
 * for the disk is set so low that the load passes it, since no load generator on the same two cores could pass the default. Senders that
 * wait as they are told are what providers are; senders that come back at once are the worst there can be.
 */
import { Accounts } from '../accounts.ts'
import type { Bench, Scenario } from '../bench.ts'
import { type BenchGateway, connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import type { Extent } from '../load-generator.ts'
import { extentsOf, type Measured, measureLoad, medianFigures, takeTurns } from '../measurement.ts'
import type { Report } from '../report.ts'
import { median } from '../statistics.ts'

const CONNECTIONS = 1_024
const BODY_BYTES = 16 * 1024
/** Less than half of what the connections bring together. */
const MAX_PENDING = '8mb'

export const overload: Scenario = {
  name: 'overload',
  title: `${CONNECTIONS} connections with 16 KB bodies, and a gateway that may hold ${MAX_PENDING} for the disk`,
  async run(bench) {
    const { options, report } = bench
    const bounded = await startGateway({ options, settings: `ingest: { max_pending_bytes: ${MAX_PENDING} }\n` })
    const roomy = await startGateway({ options })
    try {
      const toBounded = sender(bench, bounded)
      const toRoomy = sender(bench, roomy)
      await Promise.all([connectAccount(bounded, 'github'), connectAccount(roomy, 'github')])
      const { warmUp, measured } = extentsOf(options, 4)
      await toRoomy.send(warmUp, true)
      await toBounded.send(warmUp, false)
      const turns = await takeTurns(options.rounds, {
        roomy: () => toRoomy.send(measured, true),
        patient: () => toBounded.send(measured, true),
        impatient: () => toBounded.send(measured, false),
      })
      const taken = medianFigures(turns.roomy)
      report.measured('default bound (64 MB), all taken', taken)
      const patient = tellRefusals(report, 'senders wait', turns.patient)
      const impatient = tellRefusals(report, 'senders do not', turns.impatient)
      report.target('beyond the bound senders get 503', patient.share > 0 && impatient.share > 0)
      report.target('beyond the bound p99 is not above that of taking all', patient.acceptedP99Ms <= taken.p99Ms)
      await toBounded.accounts.settle()
      await toRoomy.accounts.settle()
    } finally {
      await Promise.all([bounded.stop(), roomy.stop()])
    }
  },
}

function sender({ report, load }: Bench, gateway: BenchGateway) {
  const accounts = new Accounts(report, gateway)
  const message = { kind: 'github', bodyBytes: BODY_BYTES, secret: SECRET, repositories: [REPOSITORY] } as const
  return {
    accounts,
    async send(extent: Extent, isPatient: boolean): Promise<Measured> {
      const order = { path: '/webhook/github', connections: CONNECTIONS, extent, message, isPatient }
      const measured = await measureLoad(load, gateway, order)
      accounts.add(measured.report, ['200', '503'])
      return measured
    },
  }
}

function tellRefusals(
  report: Report,
  name: string,
  rounds: readonly Measured[],
): { share: number; acceptedP99Ms: number } {
  const reports = rounds.map((one) => one.report)
  const middle = (status: string, pick: 'count' | 'p50Ms' | 'p99Ms'): number =>
    median(reports.map(({ statuses }) => statuses[status]?.[pick] ?? 0))
  const perSecond = (status: string): number =>
    median(reports.map(({ statuses, seconds }) => (statuses[status]?.count ?? 0) / seconds))
  const tell = (status: string, meaning: string): void =>
    report.measured(`${name}: ${meaning}`, {
      perSecond: perSecond(status),
      p50Ms: middle(status, 'p50Ms'),
      p99Ms: middle(status, 'p99Ms'),
      cpu: null,
    })
  tell('200', 'accepted')
  tell('503', 'told to come back')
  const share = middle('503', 'count') / Math.max(1, middle('503', 'count') + middle('200', 'count'))
  report.noted(`${name}: share of 503`, `${(share * 100).toFixed(1)} %`, { share })
  const refused = reports.reduce((sum, { statuses }) => sum + (statuses['503']?.count ?? 0), 0)
  const withHint = reports.reduce((sum, one) => sum + one.retryAfter, 0)
  if (withHint !== refused) report.failure(`of ${refused} answers 503 only ${withHint} had Retry-After`)
  return { share, acceptedP99Ms: middle('200', 'p99Ms') }
}
