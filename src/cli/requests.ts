/** `postern requests`: what came in and what became of it; with an id, one request with its events, deliveries and body. */
import { type JsonRecord, connectClient, isRecord, recordsIn } from './client.ts'
import { type DefineCommand, addExamples } from './command.ts'
import { DELIVERY_COLUMNS } from './deliveries.ts'
import { EVENT_COLUMNS } from './events.ts'
import type { CliIo } from './io.ts'
import { type LogListOptions, addLogListOptions, logQuery, printPage } from './log-list.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, severalLines } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Column, formatFacts, formatTable } from './table.ts'
import { formatTime } from './time-text.ts'

interface RequestOptions extends LogListOptions {
  readonly outcome?: string
}

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'REQUEST', cell: (request) => request['id'] },
  { title: 'RECEIVED (UTC)', cell: (request) => formatTime(request['received_at']) },
  { title: 'INTEGRATION', cell: (request) => request['integration'] },
  { title: 'OUTCOME', cell: (request) => request['outcome'] },
  { title: 'ANSWER', cell: (request) => request['answer_status'], align: 'right' },
  { title: 'EVENTS', cell: (request) => request['event_count'], align: 'right' },
  { title: 'REMARK', cell: remarkOf, maxWidth: 60 },
]

export const defineRequests: DefineCommand = (command, { io, run }) => {
  command.argument('[id]', 'show this request whole')
  command.option('--outcome <outcome>', 'only accepted, duplicate, refused or handshake')
  addLogListOptions(command)
  command.action(
    run((id: string | undefined, options: RequestOptions) =>
      id === undefined ? list(options, io) : show(id, options, io),
    ),
  )
  addExamples(command, [
    'postern requests --limit 5',
    'postern requests --outcome refused --since 1h',
    'postern requests req_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
  ])
}

async function list(options: RequestOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const query = { ...logQuery(options), outcome: options.outcome }
  printPage(
    await client.call('GET', '/api/v1/requests', { query }),
    { name: 'requests', columns: COLUMNS },
    options,
    io,
  )
  return EXIT.ok
}

async function show(id: string, options: RequestOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const answer = await client.call('GET', `/api/v1/requests/${encodeURIComponent(id)}`)
  io.out(options.json === true ? prettyJson(answer.text) : describe(answer.document, io))
  return EXIT.ok
}

function describe(request: JsonRecord, io: CliIo): string {
  const { refusal, headers, body } = request
  const facts: [string, unknown][] = [
    ['request', request['id']],
    ['received', formatTime(request['received_at'])],
    ['integration', `${oneLine(request['integration'])} (${oneLine(request['provider'])})`],
    ['from', request['remote_address']],
    ['call', `${oneLine(request['method'])} ${oneLine(request['target'])}`],
    ['outcome', request['outcome']],
    ['answer', `${oneLine(request['answer_status'])} after ${oneLine(request['duration_ms'])} ms`],
    ['scheme', request['scheme']],
    ['secret', request['secret_fingerprint']],
    ['clock skew', typeof request['clock_skew_ms'] === 'number' ? `${request['clock_skew_ms']} ms` : null],
  ]
  if (isRecord(refusal)) facts.push(['refused', `${oneLine(refusal['code'])}: ${oneLine(refusal['detail'])}`])
  if (typeof request['handshake'] === 'string') facts.push(['handshake', request['handshake']])
  for (const problem of problemsOf(request)) facts.push(['problem', problem])
  const parts = [formatFacts(facts)]
  const events = recordsIn(request, 'events')
  if (events.length > 0) parts.push(formatTable(EVENT_COLUMNS, events, io))
  const deliveries = recordsIn(request, 'deliveries')
  if (deliveries.length > 0) parts.push(formatTable(DELIVERY_COLUMNS, deliveries, io))
  if (isRecord(headers)) parts.push(formatFacts(Object.entries(headers)))
  if (isRecord(body) && typeof body['text'] === 'string') parts.push(bodyText(body['text'], body['encoding']))
  return parts.join('\n\n')
}

function bodyText(text: string, encoding: unknown): string {
  if (encoding === 'base64') return `${text}  (base64)`
  try {
    JSON.parse(text)
  } catch {
    return severalLines(text)
  }
  return severalLines(prettyJson(text))
}

/** The one thing about a request that a person looks for in a list. */
function remarkOf(request: JsonRecord): unknown {
  const { refusal, handshake } = request
  if (isRecord(refusal)) return refusal['code']
  return typeof handshake === 'string' ? handshake : problemsOf(request)[0]
}

function problemsOf({ problems }: JsonRecord): readonly unknown[] {
  return Array.isArray(problems) ? problems : []
}
