/** One request with 100 events: split, each matched and deduplicated by itself, all stored in one commit. */
import Database from 'better-sqlite3'
import { Accounts } from '../accounts.ts'
import type { Scenario } from '../bench.ts'
import { connectAccount, PORTAL, SECRET, startGateway } from '../gateway.ts'
import type { Extent } from '../load-generator.ts'
import { extentsOf, measureLoad, medianFigures, ratioOf, type Target, takeTurns } from '../measurement.ts'

const EVENTS = 100

export const batch: Scenario = {
  name: 'batch',
  title: `requests with ${EVENTS} HubSpot events, each new, 16 connections`,
  async run({ options, load, floor, report }) {
    const gateway = await startGateway({ options })
    let accepted = 0
    try {
      await connectAccount(gateway, 'hubspot')
      const accounts = new Accounts(report, gateway)
      const message = { kind: 'hubspot', events: EVENTS, secret: SECRET, portalId: PORTAL } as const
      const measure = (target: Target, extent: Extent) =>
        measureLoad(load, target, { path: '/webhook/hubspot', connections: 16, extent, message })
      const onGateway = async (extent: Extent) => {
        const measured = await measure(gateway, extent)
        accounts.add(measured.report, ['200'])
        return measured
      }
      const { warmUp, measured: extent } = extentsOf(options, 20)
      await measure(floor, warmUp)
      await onGateway(warmUp)
      const turns = await takeTurns(options.rounds, {
        floor: () => measure(floor, extent),
        gateway: () => onGateway(extent),
      })
      report.measured('floor', medianFigures(turns.floor))
      const figures = medianFigures(turns.gateway)
      const ratio = ratioOf(turns.gateway, turns.floor)
      const events = figures.perSecond * EVENTS
      report.measured('gateway', figures, { ratio, to: 'the floor' }, `${events.toFixed(0)} events/s`)
      await accounts.settle()
      accepted = accounts.answered('200')
    } finally {
      await gateway.stopAnd((file) => {
        const stored = countEvents(file)
        report.noted('events sent = stored', `${accepted * EVENTS} = ${stored}`, { sent: accepted * EVENTS, stored })
        if (stored !== accepted * EVENTS)
          report.failure(`${accepted * EVENTS} events were accepted, ${stored} are stored`)
      })
    }
  },
}

/** Of a gateway that has stopped; its API counts requests, not events. */
function countEvents(databaseFile: string): number {
  const database = new Database(databaseFile, { readonly: true })
  const { count } = database.prepare('SELECT count(*) AS count FROM events').get() as { count: number }
  database.close()
  return count
}
