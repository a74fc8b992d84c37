/** `postern deliveries`: what was or is to be brought to a destination; with an id, one delivery with its attempts. */
import { Option } from 'commander'
import { DELIVERY_STATES } from '../domain/delivery.ts'
import { type JsonRecord, connectClient, recordsIn } from './client.ts'
import { type DefineCommand, addExamples } from './command.ts'
import type { CliIo } from './io.ts'
import { type LogListOptions, addLogListOptions, logQuery, printPage } from './log-list.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Column, formatFacts, formatTable } from './table.ts'
import { formatTime } from './time-text.ts'

interface DeliveryOptions extends LogListOptions {
  readonly state?: string
  readonly destination?: string
  readonly request?: string
}

export const DELIVERY_COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'DELIVERY', cell: (delivery) => delivery['id'] },
  { title: 'CREATED (UTC)', cell: (delivery) => formatTime(delivery['created_at']) },
  { title: 'DESTINATION', cell: (delivery) => delivery['destination'] },
  { title: 'CONNECTION', cell: (delivery) => delivery['connection_id'], maxWidth: 30 },
  { title: 'STATE', cell: (delivery) => delivery['state'] },
  { title: 'TRIES', cell: (delivery) => delivery['attempt_count'], align: 'right' },
  { title: 'LAST', cell: lastOf, maxWidth: 40 },
  { title: 'NEXT (UTC)', cell: (delivery) => formatTime(delivery['due_at']) },
]

const ATTEMPT_COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'STARTED (UTC)', cell: (attempt) => formatTime(attempt['started_at']) },
  { title: 'BY', cell: (attempt) => attempt['trigger'] },
  { title: 'OUTCOME', cell: (attempt) => attempt['outcome'] },
  { title: 'STATUS', cell: (attempt) => attempt['status'], align: 'right' },
  { title: 'MS', cell: (attempt) => attempt['duration_ms'], align: 'right' },
  { title: 'DETAIL', cell: (attempt) => attempt['detail'] ?? attempt['reason'], maxWidth: 60 },
  { title: 'ANSWER', cell: (attempt) => attempt['response_head'], maxWidth: 60 },
]

export const defineDeliveries: DefineCommand = (command, { io, run }) => {
  command.argument('[id]', 'show this delivery with its attempts')
  command.addOption(new Option('--state <state>', 'only in this state').choices(DELIVERY_STATES))
  command.option('--destination <name>', 'only to this destination')
  command.option('--request <id>', 'only of this request')
  addLogListOptions(command)
  command.action(
    run((id: string | undefined, options: DeliveryOptions) =>
      id === undefined ? list(options, io) : show(id, options, io),
    ),
  )
  addExamples(command, [
    'postern deliveries --limit 5',
    'postern deliveries --state dead --json',
    'postern deliveries dlv_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
  ])
}

async function list(options: DeliveryOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const { state, destination, request } = options
  const query = { ...logQuery(options), state, destination, request_id: request }
  const answer = await client.call('GET', '/api/v1/deliveries', { query })
  printPage(answer, { name: 'deliveries', columns: DELIVERY_COLUMNS }, options, io)
  return EXIT.ok
}

async function show(id: string, options: DeliveryOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const answer = await client.call('GET', `/api/v1/deliveries/${encodeURIComponent(id)}`)
  io.out(options.json === true ? prettyJson(answer.text) : describe(answer.document, io))
  return EXIT.ok
}

function describe(delivery: JsonRecord, io: CliIo): string {
  const { death_reason: deathReason, event_ids: eventIds } = delivery
  const facts = formatFacts([
    ['delivery', delivery['id']],
    ['request', delivery['request_id']],
    ['events', Array.isArray(eventIds) ? eventIds.join(', ') : null],
    ['integration', `${oneLine(delivery['integration'])} (${oneLine(delivery['provider'])})`],
    ['connection', delivery['connection_id']],
    ['destination', delivery['destination']],
    ['state', typeof deathReason === 'string' ? `${oneLine(delivery['state'])}: ${deathReason}` : delivery['state']],
    ['created', formatTime(delivery['created_at'])],
    ['next try', formatTime(delivery['due_at'])],
    ['finished', formatTime(delivery['finished_at'])],
  ])
  const attempts = recordsIn(delivery, 'attempts')
  return attempts.length === 0 ? facts : `${facts}\n\n${formatTable(ATTEMPT_COLUMNS, attempts, io)}`
}

function lastOf(delivery: JsonRecord): unknown {
  return delivery['last_status'] ?? delivery['last_error']
}
