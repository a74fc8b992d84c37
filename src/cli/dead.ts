/** `postern dead`: the deliveries that nobody tries again by himself, with why. */
import { connectClient, type JsonRecord } from './client.ts'
import { addExamples, type DefineCommand } from './command.ts'
import type { CliIo } from './io.ts'
import { addLogListOptions, type LogListOptions, logQuery, printPage } from './log-list.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import type { Column } from './table.ts'
import { formatTime } from './time-text.ts'

interface DeadOptions extends LogListOptions {
  readonly destination?: string
}

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'DELIVERY', cell: (delivery) => delivery['id'] },
  { title: 'DIED (UTC)', cell: (delivery) => formatTime(delivery['finished_at']) },
  { title: 'DESTINATION', cell: (delivery) => delivery['destination'] },
  { title: 'CONNECTION', cell: (delivery) => delivery['connection_id'], maxWidth: 30 },
  { title: 'REASON', cell: (delivery) => delivery['death_reason'] },
  { title: 'TRIES', cell: (delivery) => delivery['attempt_count'], align: 'right' },
  { title: 'LAST ERROR', cell: (delivery) => delivery['last_error'], maxWidth: 60 },
]

export const defineDead: DefineCommand = (command, { io, run }) => {
  command.option('--destination <name>', 'only to this destination')
  addLogListOptions(command)
  command.action(run((options: DeadOptions) => list(options, io)))
  addExamples(command, ['postern dead', 'postern dead --destination app --since 1d --json'])
}

async function list(options: DeadOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const query = { ...logQuery(options), state: 'dead', destination: options.destination }
  const answer = await client.call('GET', '/api/v1/deliveries', { query })
  printPage(answer, { name: 'deliveries', columns: COLUMNS }, options, io)
  if (options.json !== true) io.err('Deliver them once more: postern replay --state dead --dry-run')
  return EXIT.ok
}
