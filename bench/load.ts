/**
 * The load generator's process. Takes orders from its parent one after the other and answers each with a report; it lives as long as the
 * bench does, so that its code is compiled and warm before anything is measured. By hand, for one order:
 *
 *   npx tsx bench/load.ts '{"port":8080,"path":"/webhook/github","connections":64,"seconds":5,"bodyBytes":1024,"secret":"…"}'
 *
 * `total` instead of `seconds` sends exactly so many, `rate` bounds requests per second, `repository` is the one of the push.
 */
import { REPOSITORY } from './gateway.ts'
import { applyLoad, type LoadOrder } from './load-generator.ts'

/** What is printed of an order by hand; the latencies are those of the status that most answers had. */
export interface LoadReport {
  readonly sent: number
  readonly statuses: Readonly<Record<string, number>>
  readonly errors: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

interface HandOrder {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly seconds?: number
  readonly total?: number
  readonly rate?: number
  readonly bodyBytes: number
  readonly secret: string
  readonly repository?: number
}

const counter = { next: 1 }

async function loadByHand(order: HandOrder): Promise<LoadReport> {
  const { port, path, connections, seconds = 5, total, rate, bodyBytes, secret, repository = REPOSITORY } = order
  const report = await applyLoad(
    {
      port,
      path,
      connections,
      extent: total === undefined ? { seconds } : { total },
      ...(rate === undefined ? {} : { rate }),
      message: { kind: 'github', bodyBytes, secret, repositories: [repository] },
    },
    counter,
  )
  const answers = Object.entries(report.statuses)
  const most = answers.map(([, answer]) => answer).sort((a, b) => b.count - a.count)[0]
  return {
    sent: report.sent,
    statuses: Object.fromEntries(answers.map(([status, { count }]) => [status, count])),
    errors: report.errors,
    seconds: Number(report.seconds.toFixed(2)),
    perSecond: Math.round(report.perSecond),
    p50Ms: most?.p50Ms ?? 0,
    p99Ms: most?.p99Ms ?? 0,
    maxMs: most?.maxMs ?? 0,
  }
}

if (process.send === undefined) {
  console.log(JSON.stringify(await loadByHand(JSON.parse(process.argv[2] ?? '{}') as HandOrder)))
} else {
  process.on('message', (order: LoadOrder) => {
    applyLoad(order, counter).then(
      (report) => process.send?.({ report }),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
  process.once('disconnect', () => process.exit())
}
