/**
 * The main figure: requests of 1 KB (and of 64 KB) that are verified, matched to their connection and on disk before they are answered,
 * against the floor. Nothing is forwarded, so nothing but the way in is measured.
 */
import { Accounts } from '../accounts.ts'
import type { Bench, Scenario } from '../bench.ts'
import { connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import type { Extent } from '../load-generator.ts'
import { extentsOf, measureLoad, medianFigures, type Ratio, ratioOf, type Target, takeTurns } from '../measurement.ts'

export const accept: Scenario = {
  name: 'accept',
  title: '1 KB signed requests, on disk before the answer, without a destination',
  async run(bench) {
    const ratios = await againstFloor(bench, { bodyBytes: 1024, connections: [8, 64, 512] })
    bench.report.target('accepted and fsynced at least 0.5 of the floor (64)', (ratios.get(64)?.middle ?? 0) >= 0.5)
  },
}

export const largeBodies: Scenario = {
  name: 'large-bodies',
  title: 'signed requests of 64 KB, a push of some 150 commits',
  async run(bench) {
    await againstFloor(bench, { bodyBytes: 64 * 1024, connections: [64] })
  },
}

/** The ratios by number of connections. */
async function againstFloor(
  { options, load, floor, report }: Bench,
  sizes: { bodyBytes: number; connections: readonly number[] },
): Promise<ReadonlyMap<number, Ratio>> {
  const gateway = await startGateway({ options })
  const ratios = new Map<number, Ratio>()
  try {
    await connectAccount(gateway, 'github')
    const accounts = new Accounts(report, gateway)
    const message = { kind: 'github', bodyBytes: sizes.bodyBytes, secret: SECRET, repositories: [REPOSITORY] } as const
    for (const connections of sizes.connections) {
      const measure = (target: Target, extent: Extent) =>
        measureLoad(load, target, { path: '/webhook/github', connections, extent, message })
      const onGateway = async (extent: Extent) => {
        const one = await measure(gateway, extent)
        accounts.add(one.report, ['200'])
        return one
      }
      const { warmUp, measured } = extentsOf(options)
      await measure(floor, warmUp)
      await onGateway(warmUp)
      const turns = await takeTurns(options.rounds, {
        floor: () => measure(floor, measured),
        gateway: () => onGateway(measured),
      })
      report.measured(`floor, ${connections} connections`, medianFigures(turns.floor))
      const ratio = ratioOf(turns.gateway, turns.floor)
      report.measured(`gateway, ${connections} connections`, medianFigures(turns.gateway), { ratio, to: 'the floor' })
      ratios.set(connections, ratio)
    }
    await accounts.settle()
  } finally {
    await gateway.stop()
  }
  return ratios
}
