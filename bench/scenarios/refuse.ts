/** Forged requests must cost less than genuine ones, or forging would be a way to bring the gateway down. */
import { Accounts } from '../accounts.ts'
import type { Scenario } from '../bench.ts'
import { connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import type { Extent } from '../load-generator.ts'
import { extentsOf, measureLoad, medianFigures, ratioOf, takeTurns } from '../measurement.ts'

export const refuse: Scenario = {
  name: 'refuse',
  title: '1 KB requests with a wrong signature against accepted ones, 64 connections, on the same gateway',
  async run({ options, load, report }) {
    const gateway = await startGateway({ options })
    try {
      await connectAccount(gateway, 'github')
      const accounts = new Accounts(report, gateway)
      const send = async (secret: string, status: string, extent: Extent) => {
        const message = { kind: 'github', bodyBytes: 1024, secret, repositories: [REPOSITORY] } as const
        const measured = await measureLoad(load, gateway, {
          path: '/webhook/github',
          connections: 64,
          extent,
          message,
        })
        accounts.add(measured.report, [status])
        return measured
      }
      const forged = 'not the secret'
      const { warmUp, measured: extent } = extentsOf(options)
      await send(SECRET, '200', warmUp)
      await send(forged, '401', warmUp)
      const turns = await takeTurns(options.rounds, {
        accepted: () => send(SECRET, '200', extent),
        refused: () => send(forged, '401', extent),
      })
      const accepted = medianFigures(turns.accepted)
      const refused = medianFigures(turns.refused)
      report.measured('accepted', accepted)
      report.measured('refused', refused, { ratio: ratioOf(turns.refused, turns.accepted), to: 'accepted' })
      if (accepted.cpu !== null && refused.cpu !== null)
        report.target('a refusal takes less CPU time than an acceptance', refused.cpu.totalUs < accepted.cpu.totalUs)
      await accounts.settle()
      const kept = (await gateway.stats()).requests['refused'] ?? 0
      const sent = accounts.answered('401')
      report.noted('refused, kept for the log', `${sent}, ${kept} (under load some are not kept)`, { sent, kept })
      if (kept > sent) report.failure(`${sent} were refused, ${kept} are stored as refused`)
    } finally {
      await gateway.stop()
    }
  },
}
