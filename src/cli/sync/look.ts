/** `postern sync list` and `postern sync status`: how syncs are, of many connections in a table or of one in full with its last runs. */
import type { Command } from 'commander'
import { connectClient, type GatewayClient, isRecord, type JsonRecord, recordsIn } from '../client.ts'
import {
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  type ClientOptions,
  type CommandContext,
} from '../command.ts'
import type { CliIo } from '../io.ts'
import { printPage } from '../log-list.ts'
import { prettyJson } from '../pretty-json.ts'
import { oneLine } from '../printable.ts'
import { EXIT, type ExitCode } from '../report-error.ts'
import { type Column, formatFacts, formatTable } from '../table.ts'
import { formatTime } from '../time-text.ts'

interface LookOptions extends ClientOptions {
  readonly integration?: string
  readonly connection?: string
  readonly sync?: string
}

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'INTEGRATION', cell: (sync) => sync['integration'] },
  { title: 'CONNECTION', cell: (sync) => sync['connection_id'], maxWidth: 30 },
  { title: 'SYNC', cell: (sync) => sync['sync'] },
  { title: 'MODEL', cell: (sync) => sync['model'] },
  { title: 'STATE', cell: stateOf },
  { title: 'EVERY', cell: (sync) => sync['every'] },
  { title: 'RECORDS', cell: (sync) => sync['records'], align: 'right' },
  { title: 'LAST RUN (UTC)', cell: (sync) => formatTime(lastRunOf(sync)['started_at']) },
  { title: 'NEXT (UTC)', cell: (sync) => formatTime(sync['next_run_at']) },
]

const RUN_COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'RUN', cell: (run) => run['id'] },
  { title: 'STARTED (UTC)', cell: (run) => formatTime(run['started_at']) },
  { title: 'TYPE', cell: (run) => run['type'] },
  { title: 'BY', cell: byOf },
  { title: 'STATE', cell: (run) => run['state'] },
  { title: 'PAGES', cell: (run) => run['pages'], align: 'right' },
  { title: 'ADDED', cell: (run) => run['added'], align: 'right' },
  { title: 'UPDATED', cell: (run) => run['updated'], align: 'right' },
  { title: 'DELETED', cell: (run) => run['deleted'], align: 'right' },
  { title: 'WHY', cell: (run) => failureOf(run)['message'] ?? run['reason'], maxWidth: 60 },
]

export function defineList(parent: Command, { io, run }: CommandContext): void {
  const command = parent.command('list').description('list the syncs of connections')
  command.option('--integration <key>', 'only of this integration')
  command.option('--connection <id>', 'only of this connection')
  command.option('--sync <name>', 'only of this name')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((options: LookOptions) => list(options, io)))
  addExamples(command, ['postern sync list', 'postern sync list --integration hubspot --json'])
}

export function defineStatus(parent: Command, { io, run }: CommandContext): void {
  const command = parent.command('status').description('show syncs with their last runs, or one run')
  command.argument('<integration-or-run>', 'the integration, or the id of a run')
  command.argument('[sync]', 'only this sync')
  command.option('--connection <id>', 'only of this connection')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((subject: string, sync: string | undefined, options: LookOptions) => status(subject, sync, options, io)),
  )
  addExamples(command, [
    'postern sync status hubspot contacts --connection acme',
    'postern sync status run_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
  ])
}

async function list(options: LookOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const { integration, connection, sync } = options
  const answer = await client.call('GET', '/api/v1/syncs', { query: { integration, connection_id: connection, sync } })
  printPage(answer, { name: 'syncs', columns: COLUMNS }, options, io)
  return EXIT.ok
}

async function status(subject: string, sync: string | undefined, options: LookOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  if (/^run_[0-9a-f]{32}$/.test(subject)) return showRun(client, subject, options, io)
  const query = { integration: subject, connection_id: options.connection, sync }
  const answer = await client.call('GET', '/api/v1/syncs', { query })
  const syncs = recordsIn(answer.document, 'syncs')
  const runs = await client.call('GET', '/api/v1/sync-runs', { query: { ...query, limit: 10 } })
  if (options.json === true) {
    io.out(prettyJson(`{"status":${answer.text},"runs":${runs.text}}`))
    return EXIT.ok
  }
  if (syncs.length === 0)
    io.err(`No syncs here. A sync begins with a connection: postern connections list --integration ${oneLine(subject)}`)
  const [only] = syncs
  const runList = recordsIn(runs.document, 'sync_runs')
  if (only !== undefined) io.out(syncs.length === 1 ? describe(only) : formatTable(COLUMNS, syncs, io))
  if (runList.length > 0) io.out(`\n${formatTable(RUN_COLUMNS, runList, io)}`)
  return EXIT.ok
}

async function showRun(client: GatewayClient, id: string, options: LookOptions, io: CliIo): Promise<ExitCode> {
  const answer = await client.call('GET', `/api/v1/sync-runs/${id}`)
  if (options.json === true) {
    io.out(prettyJson(answer.text))
    return EXIT.ok
  }
  const { document: run } = answer
  const failure = failureOf(run)
  const answered = isRecord(failure['answer']) ? failure['answer'] : null
  const notes = run['notes']
  const facts: (readonly [string, unknown])[] = [
    ['run', run['id']],
    ['sync', `${oneLine(run['integration'])} ${oneLine(run['sync'])} (${oneLine(run['model'])})`],
    ['connection', run['connection_id']],
    ['state', run['state']],
    ['type', run['type']],
    ['by', byOf(run)],
    ['started', formatTime(run['started_at'])],
    ['finished', formatTime(run['finished_at'])],
    ...['pages', 'requests', 'added', 'updated', 'deleted', 'unchanged', 'ignored', 'skipped'].map(
      (name) => [name, run[name]] as const,
    ),
    ['from', run['checkpoint_before']],
    ['to', run['checkpoint_after']],
  ]
  if (failure['code'] !== undefined)
    facts.push(['failed', `${oneLine(failure['code'])}: ${oneLine(failure['message'])}`], ['', failure['hint']])
  if (answered !== null) facts.push(['answer', `${oneLine(answered['status'])} ${oneLine(answered['body'])}`])
  if (Array.isArray(notes)) facts.push(...notes.map((note: unknown) => ['note', note] as const))
  io.out(formatFacts(facts))
  return EXIT.ok
}

function describe(sync: JsonRecord): string {
  const last = lastRunOf(sync)
  return formatFacts([
    ['sync', `${oneLine(sync['integration'])} ${oneLine(sync['sync'])}`],
    ['connection', sync['connection_id']],
    ['model', sync['model']],
    ['state', stateOf(sync)],
    ['every', sync['every']],
    ['next run', formatTime(sync['next_run_at'])],
    ['last run', last['id'] === undefined ? null : `${oneLine(last['id'])} ${oneLine(last['state'])}`],
    ['records', sync['records']],
    ['missed webhooks', sync['missed_webhooks']],
    ['checkpoint', sync['checkpoint']],
  ])
}

function stateOf(sync: JsonRecord): unknown {
  return sync['paused'] === true ? 'paused' : sync['state']
}

/** `webhook (400)`: so many events that became one run. */
function byOf(run: JsonRecord): string {
  const { cause, triggers } = run
  return typeof triggers === 'number' && triggers > 1 ? `${oneLine(cause)} (${triggers})` : oneLine(cause)
}

function lastRunOf(sync: JsonRecord): JsonRecord {
  return isRecord(sync['last_run']) ? sync['last_run'] : {}
}

function failureOf(run: JsonRecord): JsonRecord {
  return isRecord(run['failure']) ? run['failure'] : {}
}
