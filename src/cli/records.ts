/** `postern records`: what the syncs of a connection have brought, as the stream of changes that apps read. */
import { InvalidArgumentError, Option } from 'commander'
import { connectClient, isRecord, type JsonRecord } from './client.ts'
import {
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  type ClientOptions,
  type DefineCommand,
} from './command.ts'
import type { CliIo } from './io.ts'
import { printPage } from './log-list.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import type { Column } from './table.ts'
import { formatTime, parseTime } from './time-text.ts'

interface RecordsOptions extends ClientOptions {
  readonly connection: string
  readonly limit: number
  readonly cursor?: string
  readonly modifiedAfter?: string
  readonly filter?: string
  readonly ids?: string
}

const METADATA = '_nango_metadata'
const ACTIONS = ['added', 'updated', 'deleted'] as const

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'ID', cell: (record) => record['id'], maxWidth: 40 },
  { title: 'LAST', cell: (record) => metadataOf(record)['last_action'] },
  { title: 'MODIFIED (UTC)', cell: (record) => formatTime(metadataOf(record)['last_modified_at']) },
  { title: 'RECORD', cell: payloadOf, maxWidth: 100 },
]

export const defineRecords: DefineCommand = (command, { io, run }) => {
  command.argument('<integration>', 'the integration')
  command.argument('<model>', 'what the sync calls its records, such as Contact')
  command.requiredOption('--connection <id>', 'the connection')
  command.addOption(new Option('--limit <n>', 'how many, oldest change first').argParser(parseLimit).default(20))
  command.option('--cursor <cursor>', 'go on where the list before this one ended')
  command.option(
    '--modified-after <time>',
    'changed after this time: 15m (that long ago), or 2026-03-02T10:00:00Z',
    parseTime,
  )
  command.option('--filter <actions>', `only what was last ${ACTIONS.join(', ')}; several with commas`, parseFilter)
  command.option('--ids <ids>', 'only these records, with commas between them')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((integration: string, model: string, options: RecordsOptions) => list(integration, model, options, io)),
  )
  addExamples(command, [
    'postern records hubspot Contact --connection acme',
    'postern records hubspot Contact --connection acme --modified-after 1h --filter deleted --json',
  ])
}

async function list(integration: string, model: string, options: RecordsOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const { connection, limit, cursor, modifiedAfter, filter, ids } = options
  const answer = await client.call('GET', '/records', {
    query: { model, limit, cursor, modified_after: modifiedAfter, filter, ids: ids?.split(',') },
    headers: { 'connection-id': connection, 'provider-config-key': integration },
  })
  printPage(answer, { name: 'records', columns: COLUMNS }, options, io)
  return EXIT.ok
}

function metadataOf(record: JsonRecord): JsonRecord {
  const metadata = record[METADATA]
  return isRecord(metadata) ? metadata : {}
}

/** Without what has a column of its own. */
function payloadOf(record: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== METADATA && name !== 'id'))
}

function parseLimit(text: string): number {
  const count = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 10_000) throw new InvalidArgumentError('Give a number from 1 to 10000.')
  return count
}

function parseFilter(text: string): string {
  const actions = text.toLowerCase().split(',')
  if (actions.every((action) => (ACTIONS as readonly string[]).includes(action))) return actions.join(',')
  throw new InvalidArgumentError(`Give ${ACTIONS.join(', ')}, or several of them with commas.`)
}
