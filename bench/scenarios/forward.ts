/** End to end: accepted, stored, wrapped, signed, delivered to an app, and its answer stored; against a floor that keeps nothing. */
import { Accounts } from '../accounts.ts'
import { type Bench, type Scenario, startFloor, until } from '../bench.ts'
import { benchProgram, startChild } from '../child.ts'
import { connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import { type Figures, measureLoad, medianFigures, ratioOf, type Target, takeTurns } from '../measurement.ts'
import { readReceiver } from '../receiver-stats.ts'

/** Senders; the targets are those of the larger number, as with what is only accepted. */
const CONNECTIONS = [16, 64]

export const forward: Scenario = {
  name: 'forward',
  title: '1 KB requests from the sender to the app on loopback, 16 deliveries at a time',
  async run(bench) {
    const { options, report } = bench
    const floorApp = await startChild(benchProgram('receiver.ts'))
    const app = await startChild(benchProgram('receiver.ts'))
    const floor = await startFloor(floorApp.port)
    const gateway = await startGateway({ options, forwardPort: app.port })
    try {
      await connectAccount(gateway, 'github')
      const accounts = new Accounts(report, gateway)
      const warmUp = Math.ceil(options.forwarded / 5)
      for (const connections of CONNECTIONS) {
        const onFloor = (total: number) => sendThrough(bench, { server: floor, app: floorApp, connections, total })
        const onGateway = (total: number) => sendThrough(bench, { server: gateway, app, connections, total, accounts })
        await onFloor(warmUp)
        await onGateway(warmUp)
        const turns = await takeTurns(options.rounds, {
          floor: () => onFloor(options.forwarded),
          gateway: () => onGateway(options.forwarded),
        })
        report.measured(`floor that forwards from memory, ${connections} senders`, medianFigures(turns.floor))
        const figures = medianFigures(turns.gateway)
        const ratio = ratioOf(turns.gateway, turns.floor)
        report.measured(`gateway, ${connections} senders`, figures, { ratio, to: 'the floor' })
        if (connections !== CONNECTIONS.at(-1)) continue
        report.target('end to end at least 0.5 of the floor that forwards', ratio.middle >= 0.5)
        report.target('end to end at least 5,000 events/s', figures.perSecond >= 5_000)
      }
      await accounts.settle(1)
      const { received, unique } = await readReceiver(app.port)
      report.noted('received by the app, of them different', `${received}, ${unique}`, { received, unique })
      if (unique !== accounts.answered('200'))
        report.failure(`${accounts.answered('200')} were accepted, ${unique} reached the app`)
    } finally {
      await gateway.stop()
      await Promise.all([floor.stop(), app.stop(), floorApp.stop()])
    }
  },
}

/** Sends so many and waits for the last at the app; the rate is reckoned from the first sent to the last received. */
async function sendThrough(
  { load }: Bench,
  way: { server: Target; app: Target; connections: number; total: number; accounts?: Accounts },
): Promise<Figures> {
  const { server, app, connections, total, accounts } = way
  const before = await readReceiver(app.port)
  let lastAt = 0
  const message = { kind: 'github', bodyBytes: 1024, secret: SECRET, repositories: [REPOSITORY] } as const
  const order = { path: '/webhook/github', connections, extent: { total }, message }
  const measured = await measureLoad(load, server, order, async () => {
    const arrived = await until(
      () => readReceiver(app.port),
      ({ unique }) => unique >= before.unique + total,
      ({ received }) => received,
    )
    lastAt = arrived.lastAt
  })
  accounts?.add(measured.report, ['200'])
  return { ...measured, perSecond: (total * 1000) / (lastAt - measured.report.startedAt) }
}
