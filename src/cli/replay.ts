/**
 * `postern replay`: makes deliveries due at once, whatever became of them; their attempts so far stay in the log. One by its id, or all
 * that fit a filter: with `--dry-run` the plan is shown, without it the plan is shown and then executed.
 */
import { Option } from 'commander'
import { DELIVERY_STATES } from '../domain/delivery.ts'
import { GatewayError } from '../domain/errors.ts'
import { connectClient, type GatewayClient, isRecord, type JsonRecord } from './client.ts'
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
import { formatFacts } from './table.ts'
import { formatTime, parseTime } from './time-text.ts'

interface ReplayOptions extends ClientOptions {
  readonly state?: string
  readonly integration?: string
  readonly connection?: string
  readonly destination?: string
  readonly since?: string
  readonly until?: string
  readonly rate?: string
  readonly dryRun?: boolean
  readonly plan?: string
  readonly confirm?: boolean
  readonly cancel?: string
}

const REPLAYS = '/api/v1/replays'

export const defineReplay: DefineCommand = (command, { io, run }) => {
  command.argument('[id]', 'a delivery, or a replay of many to see how far it is')
  command.addOption(
    new Option('--state <state>', 'all in this state').choices(
      DELIVERY_STATES.filter((state) => state !== 'in_flight'),
    ),
  )
  command
    .option('--destination <name>', 'of these only to this destination')
    .option('--integration <key>', 'only of this integration')
    .option('--connection <id>', 'only of this connection')
    .option('--since <time>', 'from this time on: 15m (that long ago), or 2026-03-02T10:00:00Z', parseTime)
    .option('--until <time>', 'before this time', parseTime)
    .option('--rate <n>', 'so many in a second')
    .option('--dry-run', 'make the plan and show it, no more')
    .option('--plan <id>', 'execute this plan')
    .option('--confirm', 'also if more fit by now than were planned')
    .option('--cancel <id>', 'end this replay where it is')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((id: string | undefined, options: ReplayOptions) => replay(id, options, io)))
  addExamples(command, [
    'postern replay dlv_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
    'postern replay --state dead --destination app --dry-run',
    'postern replay --plan rpl_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
    'postern replay rpl_019a8f2b7c3d7e4f80a1b2c3d4e5f607',
  ])
}

async function replay(id: string | undefined, options: ReplayOptions, io: CliIo): Promise<ExitCode> {
  if (id === undefined && (options.cancel ?? options.plan ?? options.state) === undefined) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: 'Which deliveries?',
      hint: 'Name one by its id, or many by their state: postern replay --state dead --dry-run',
    })
  }
  const client = await connectClient(options, io)
  if (options.cancel !== undefined)
    return print(await client.call('POST', `${REPLAYS}/${encodeURIComponent(options.cancel)}/cancel`), options, io)
  if (options.plan !== undefined) return execute(client, options.plan, options, io)
  if (id === undefined) return many(client, options, io)
  if (id.startsWith('rpl_')) return print(await client.call('GET', `${REPLAYS}/${encodeURIComponent(id)}`), options, io)
  return one(client, id, options, io)
}

async function one(client: GatewayClient, id: string, options: ReplayOptions, io: CliIo): Promise<ExitCode> {
  const answer = await client.call('POST', `/api/v1/deliveries/${encodeURIComponent(id)}/replay`)
  if (options.json === true) io.out(prettyJson(answer.text))
  else {
    io.out(`${oneLine(answer.document['id'])}  ${oneLine(answer.document['state'])}`)
    io.err(`See what comes of it: postern deliveries ${oneLine(id)}`)
  }
  return EXIT.ok
}

async function many(client: GatewayClient, options: ReplayOptions, io: CliIo): Promise<ExitCode> {
  const { state, integration, connection, destination, since, until, rate } = options
  const filter = { state, integration, connection_id: connection, destination, since, until }
  const body = { ...filter, rate: rate === undefined ? undefined : Number(rate), dry_run: true }
  const plan = await client.call('POST', REPLAYS, { body })
  if (options.dryRun === true) {
    print(plan, options, io)
    if (options.json !== true) io.err(`Execute it: postern replay --plan ${oneLine(plan.document['id'])}`)
    return EXIT.ok
  }
  return execute(client, String(plan.document['id']), options, io)
}

async function execute(client: GatewayClient, plan: string, options: ReplayOptions, io: CliIo): Promise<ExitCode> {
  const body = options.confirm === true ? { plan, confirm: true } : { plan }
  const answer = await client.call('POST', REPLAYS, { body })
  print(answer, options, io)
  if (options.json !== true) io.err(`See how far it is: postern replay ${oneLine(plan)}`)
  return EXIT.ok
}

function print(answer: { text: string; document: JsonRecord }, options: ReplayOptions, io: CliIo): ExitCode {
  if (options.json === true) {
    io.out(prettyJson(answer.text))
    return EXIT.ok
  }
  const { document } = answer
  const plan = isRecord(document['plan']) ? document['plan'] : {}
  io.out(
    formatFacts([
      ['replay', document['id']],
      ['state', document['state']],
      ['deliveries', plan['count']],
      ['oldest', formatTime(plan['oldest_at'])],
      ['newest', formatTime(plan['newest_at'])],
      ['destinations', countsText(plan['destinations'])],
      ['integrations', countsText(plan['integrations'])],
      ['rate', `${oneLine(document['rate'])}/s`],
      ['replayed', document['replayed']],
      ['skipped', document['skipped']],
    ]),
  )
  return EXIT.ok
}

function countsText(counts: unknown): string | null {
  if (!isRecord(counts)) return null
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${oneLine(count)}`)
    .join(', ')
}
