/** `postern destinations`, `postern pause` and `postern resume`: what waits for each destination, and whether it is sent to. */
import { connectClient, isRecord, type JsonRecord, recordsIn } from './client.ts'
import {
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  type ClientOptions,
  type DefineCommand,
} from './command.ts'
import type { CliIo } from './io.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Column, formatFacts, formatTable } from './table.ts'
import { formatTime } from './time-text.ts'

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'DESTINATION', cell: (destination) => destination['name'] },
  { title: 'STATE', cell: (destination) => destination['state'] },
  { title: 'PENDING', cell: (destination) => countOf(destination, 'pending'), align: 'right' },
  { title: 'IN FLIGHT', cell: (destination) => countOf(destination, 'in_flight'), align: 'right' },
  { title: 'DELIVERED', cell: (destination) => countOf(destination, 'delivered'), align: 'right' },
  { title: 'DEAD', cell: (destination) => countOf(destination, 'dead'), align: 'right' },
  { title: 'HELD', cell: (destination) => countOf(destination, 'held'), align: 'right' },
  { title: 'OLDEST (UTC)', cell: (destination) => formatTime(destination['oldest_pending_at']) },
  { title: 'URL', cell: (destination) => destination['url'], maxWidth: 60 },
]

const BLOCKED_COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'CONNECTION', cell: (blocked) => blocked['connection_id'], maxWidth: 40 },
  { title: 'WAITING', cell: (blocked) => blocked['waiting'], align: 'right' },
  { title: 'BEHIND', cell: (blocked) => memberOf(blocked, 'head', 'id') },
  { title: 'NEXT (UTC)', cell: (blocked) => formatTime(memberOf(blocked, 'head', 'due_at')) },
  { title: 'ERROR', cell: (blocked) => memberOf(blocked, 'head', 'last_error'), maxWidth: 60 },
]

export const defineDestinations: DefineCommand = (command, { io, run }) => {
  command.argument('[name]', 'show this destination, with the connections that wait behind a failing delivery')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((name: string | undefined, options: ClientOptions) =>
      name === undefined ? list(options, io) : show(name, options, io),
    ),
  )
  addExamples(command, ['postern destinations', 'postern destinations app --json'])
}

export const definePause: DefineCommand = (command, { io, run }) => {
  command.argument('<destination>', 'its name in the configuration')
  command.option('--reason <text>', 'why, for whoever sees it paused')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((name: string, options: ClientOptions & { reason?: string }) => {
      const body = options.reason === undefined ? {} : { reason: options.reason }
      return tell({ name, verb: 'pause', body, options, io })
    }),
  )
  addExamples(command, ['postern pause app --reason "database migration"'])
}

export const defineResume: DefineCommand = (command, { io, run }) => {
  command.argument('<destination>', 'its name in the configuration')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((name: string, options: ClientOptions) => tell({ name, verb: 'resume', body: undefined, options, io })),
  )
  addExamples(command, ['postern resume app'])
}

async function list(options: ClientOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const answer = await client.call('GET', '/api/v1/destinations')
  const destinations = recordsIn(answer.document, 'destinations')
  if (options.json === true) io.out(prettyJson(answer.text))
  else if (destinations.length === 0) io.err('No destinations here.')
  else io.out(formatTable(COLUMNS, destinations, { color: io.color }))
  return EXIT.ok
}

async function show(name: string, options: ClientOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const path = `/api/v1/destinations/${encodeURIComponent(name)}`
  const answer = await client.call('GET', path)
  if (options.json === true) {
    io.out(prettyJson(answer.text))
    return EXIT.ok
  }
  const destination = answer.document
  io.out(
    formatFacts([
      ['destination', destination['name']],
      ['url', destination['url']],
      ['state', destination['state']],
      ['paused', pauseText(destination['paused'])],
      ['breaker', memberOf(destination, 'breaker', 'state')],
      ['probes', formatTime(memberOf(destination, 'breaker', 'until'))],
      ['asked to wait', formatTime(destination['asked_to_wait_until'])],
      ['pending', countOf(destination, 'pending')],
      ['in flight', countOf(destination, 'in_flight')],
      ['delivered', countOf(destination, 'delivered')],
      ['dead', countOf(destination, 'dead')],
      ['held', countOf(destination, 'held')],
      ['oldest', formatTime(destination['oldest_pending_at'])],
    ]),
  )
  if (destination['order'] !== 'connection') return EXIT.ok
  const blocked = recordsIn((await client.call('GET', `${path}/blocked`)).document, 'connections')
  if (blocked.length > 0) io.out(`\n${formatTable(BLOCKED_COLUMNS, blocked, { color: io.color })}`)
  return EXIT.ok
}

async function tell(told: {
  name: string
  verb: 'pause' | 'resume'
  body: unknown
  options: ClientOptions
  io: CliIo
}): Promise<ExitCode> {
  const { name, verb, body, options, io } = told
  const client = await connectClient(options, io)
  const path = `/api/v1/destinations/${encodeURIComponent(name)}/${verb}`
  const answer = await client.call('POST', path, body === undefined ? {} : { body })
  if (options.json === true) io.out(prettyJson(answer.text))
  else io.out(`${oneLine(name)}  ${answer.document['paused'] === null ? 'open' : 'paused'}`)
  return EXIT.ok
}

function countOf(destination: JsonRecord, state: string): unknown {
  return memberOf(destination, 'deliveries', state)
}

function memberOf(record: JsonRecord, member: string, name: string): unknown {
  const inner = record[member]
  return isRecord(inner) ? inner[name] : null
}

function pauseText(paused: unknown): string | null {
  if (!isRecord(paused)) return null
  const since = `since ${formatTime(paused['since']) ?? 'unknown'}`
  return typeof paused['reason'] === 'string' ? `${since}: ${oneLine(paused['reason'])}` : since
}
