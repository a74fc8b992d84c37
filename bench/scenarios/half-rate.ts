/** How long an answer takes on a gateway that is busy but not full: half of what it was just measured to accept at most. */
import { Accounts } from '../accounts.ts'
import type { Scenario } from '../bench.ts'
import { connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import type { Extent } from '../load-generator.ts'
import { extentsOf, type Measured, measureLoad, medianFigures, takeTurns } from '../measurement.ts'

const CONNECTIONS = 64

export const halfRate: Scenario = {
  name: 'half-rate',
  title: `latency at half of the maximum rate, ${CONNECTIONS} connections, measured from when each request was due`,
  async run({ options, load, report }) {
    const gateway = await startGateway({ options })
    try {
      await connectAccount(gateway, 'github')
      const accounts = new Accounts(report, gateway)
      const message = { kind: 'github', bodyBytes: 1024, secret: SECRET, repositories: [REPOSITORY] } as const
      const send = async (extent: Extent, rate?: number): Promise<Measured> => {
        const pace = rate === undefined ? {} : { rate }
        const order = { path: '/webhook/github', connections: CONNECTIONS, extent, message, ...pace }
        const measured = await measureLoad(load, gateway, order)
        accounts.add(measured.report, ['200'])
        return measured
      }
      const { warmUp, measured: extent } = extentsOf(options)
      let most = (await send(warmUp)).perSecond
      const turns = await takeTurns(options.rounds, {
        maximum: async () => {
          const measured = await send(extent)
          most = measured.perSecond
          return measured
        },
        half: () => send(extent, most / 2),
      })
      report.measured('as fast as it answers', medianFigures(turns.maximum))
      const half = medianFigures(turns.half)
      report.measured('at half of that', half)
      report.target('p99 of an answer at most 10 ms at half of the maximum rate', half.p99Ms <= 10)
      await accounts.settle()
    } finally {
      await gateway.stop()
    }
  },
}
