/** `postern events`: the events taken from requests, and which connections they were found to be of. */
import { type JsonRecord, connectClient } from './client.ts'
import { type DefineCommand, addExamples } from './command.ts'
import type { CliIo } from './io.ts'
import { type LogListOptions, addLogListOptions, logQuery, printPage } from './log-list.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import type { Column } from './table.ts'
import { formatTime } from './time-text.ts'

interface EventOptions extends LogListOptions {
  readonly type?: string
  readonly status?: string
}

export const EVENT_COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'EVENT', cell: (event) => event['id'] },
  { title: 'RECEIVED (UTC)', cell: (event) => formatTime(event['received_at']) },
  { title: 'INTEGRATION', cell: (event) => event['integration'] },
  { title: 'TYPE', cell: (event) => event['type'], maxWidth: 40 },
  { title: 'STATUS', cell: (event) => event['status'] },
  { title: 'CONNECTIONS', cell: connectionsOf, maxWidth: 40 },
  { title: 'REMARK', cell: (event) => event['detail'] ?? event['matched_by'], maxWidth: 60 },
]

export const defineEvents: DefineCommand = (command, { io, run }) => {
  command.option('--type <type>', "only of this type, in the provider's words")
  command.option('--status <status>', 'only matched, unmatched, duplicate or skipped')
  addLogListOptions(command)
  command.action(run((options: EventOptions) => list(options, io)))
  addExamples(command, [
    'postern events --limit 5',
    'postern events --integration github --status unmatched --since 1d',
  ])
}

async function list(options: EventOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const query = { ...logQuery(options), type: options.type, status: options.status }
  printPage(
    await client.call('GET', '/api/v1/events', { query }),
    { name: 'events', columns: EVENT_COLUMNS },
    options,
    io,
  )
  return EXIT.ok
}

function connectionsOf({ connections }: JsonRecord): unknown {
  return Array.isArray(connections) ? connections.join(', ') : null
}
