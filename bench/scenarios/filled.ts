/** Whether age slows it down: the same load on an almost empty database and on a large one, in turn. */
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { Accounts } from '../accounts.ts'
import type { Bench, Scenario } from '../bench.ts'
import { benchProgram, spawnNode } from '../child.ts'
import { type FillOrder, repositoryOf } from '../filling.ts'
import { type BenchGateway, SECRET, startGateway } from '../gateway.ts'
import type { Extent } from '../load-generator.ts'
import { extentsOf, type Measured, measureLoad, medianFigures, ratioOf, takeTurns } from '../measurement.ts'

/** The load addresses so many connections, in both databases. */
const ADDRESSED = 1_000
const CONNECTIONS = 64

export const filled: Scenario = {
  name: 'filled',
  title: 'accepted on a database with many connections and events against an almost empty one, 64 connections',
  async run(bench) {
    const { options, report } = bench
    const addressed = Math.min(ADDRESSED, options.connections)
    let fillSeconds = 0
    let megabytes = 0
    const small = await startGateway({
      options,
      prepare: (databaseFile) => fill({ databaseFile, connections: addressed, events: 0 }),
    })
    try {
      const large = await startGateway({
        options,
        prepare: async (databaseFile) => {
          const begun = performance.now()
          await fill({ databaseFile, connections: options.connections, events: options.events })
          fillSeconds = (performance.now() - begun) / 1000
          megabytes = statSync(databaseFile).size / 2 ** 20
        },
      })
      try {
        report.noted(
          'filled',
          `${options.connections} connections, ${options.events} delivered events, ${megabytes.toFixed(0)} MB, in ${fillSeconds.toFixed(0)} s; ` +
            `ready after ${large.readyAfterMs.toFixed(0)} ms (almost empty: ${small.readyAfterMs.toFixed(0)} ms)`,
          {
            connections: options.connections,
            events: options.events,
            megabytes,
            ready_ms: large.readyAfterMs,
            ready_empty_ms: small.readyAfterMs,
          },
        )
        await compare(bench, { small, large, addressed })
      } finally {
        await large.stop()
      }
    } finally {
      await small.stop()
    }
  },
}

async function compare(
  { options, load, report }: Bench,
  sides: { small: BenchGateway; large: BenchGateway; addressed: number },
): Promise<void> {
  const { small, large, addressed } = sides
  const step = Math.floor(options.connections / addressed)
  const contestant = (gateway: BenchGateway, stride: number, before: number) => {
    const repositories = Array.from({ length: addressed }, (_, at) => repositoryOf(at * stride))
    const message = { kind: 'github', bodyBytes: 1024, secret: SECRET, repositories } as const
    const accounts = new Accounts(report, gateway, before)
    const send = async (extent: Extent): Promise<Measured> => {
      const order = { path: '/webhook/github', connections: CONNECTIONS, extent, message }
      const measured = await measureLoad(load, gateway, order)
      accounts.add(measured.report, ['200'])
      return measured
    }
    return { accounts, send }
  }
  const inSmall = contestant(small, 1, 0)
  const inLarge = contestant(large, step, options.events)
  const { warmUp, measured: extent } = extentsOf(options)
  await inSmall.send(warmUp)
  await inLarge.send(warmUp)
  const turns = await takeTurns(options.rounds, {
    small: () => inSmall.send(extent),
    large: () => inLarge.send(extent),
  })
  report.measured('almost empty', medianFigures(turns.small))
  const ratio = ratioOf(turns.large, turns.small)
  report.measured('filled', medianFigures(turns.large), { ratio, to: 'the empty one' })
  report.target('filled at least 0.9 of empty', ratio.middle >= 0.9)
  await inSmall.accounts.settle()
  await inLarge.accounts.settle()
}

/** In a process of its own, whose memory goes with it. */
async function fill(order: FillOrder): Promise<void> {
  const child = spawnNode([...benchProgram('fill.ts'), JSON.stringify(order)], 'inherit')
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the database was not filled: ${code}`)
}
