/** The app was away: its destination is paused while deliveries pile up, then resumed, and they must all arrive, quickly. */
import { Accounts } from '../accounts.ts'
import { type Scenario, until } from '../bench.ts'
import { benchProgram, startChild } from '../child.ts'
import { connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import { measureLoad } from '../measurement.ts'
import { cpuBetween, readThreadTimes } from '../process-usage.ts'
import { readReceiver } from '../receiver-stats.ts'

export const backlog: Scenario = {
  name: 'backlog',
  title: 'deliveries that wait for a paused app, and how fast they drain when it is back',
  async run({ options, load, report }) {
    const app = await startChild(benchProgram('receiver.ts'))
    const gateway = await startGateway({ options, forwardPort: app.port })
    try {
      await connectAccount(gateway, 'github')
      const accounts = new Accounts(report, gateway)
      await gateway.api('POST', '/api/v1/destinations/app/pause', {})
      const message = { kind: 'github', bodyBytes: 1024, secret: SECRET, repositories: [REPOSITORY] } as const
      const order = { path: '/webhook/github', connections: 64, extent: { total: options.backlog }, message }
      const accepted = await measureLoad(load, gateway, order)
      accounts.add(accepted.report, ['200'])
      report.measured('accepted, each with a delivery that waits', accepted)
      const waiting = (await gateway.stats()).deliveries['pending'] ?? 0
      if (waiting !== options.backlog) report.failure(`${options.backlog} deliveries should wait, ${waiting} do`)

      const before = readThreadTimes(gateway.pid)
      const begun = Date.now()
      await gateway.api('POST', '/api/v1/destinations/app/resume', {})
      const { lastAt } = await until(
        () => readReceiver(app.port),
        ({ unique }) => unique >= options.backlog,
        ({ received }) => received,
      )
      const cpu = cpuBetween(gateway.pid, before, readThreadTimes(gateway.pid))
      const each = (us: number): number => us / options.backlog
      report.measured('drained', {
        perSecond: (options.backlog * 1000) / (lastAt - begun),
        p50Ms: Number.NaN,
        p99Ms: Number.NaN,
        cpu:
          cpu === null ? null : { totalUs: each(cpu.totalUs), mainUs: each(cpu.mainUs), secondUs: each(cpu.secondUs) },
      })
      await accounts.settle(1)
      const { received, unique } = await readReceiver(app.port)
      report.noted('received by the app, of them different', `${received}, ${unique}`, { received, unique })
      if (unique !== options.backlog) report.failure(`${options.backlog} should have reached the app, ${unique} did`)
    } finally {
      await gateway.stop()
      await app.stop()
    }
  },
}
