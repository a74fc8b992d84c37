/**
 * `postern sync try`: runs the declaration of a sync against a recorded or a live API, shows the pages and what became of their items,
 * and keeps nothing. It is the gateway's own code that asks, maps and goes on to the next page; only the store is missing.
 */
import { type Command, InvalidArgumentError } from 'commander'
import type { JsonObject } from '../../domain/connection.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { ActiveSync } from '../../engine/sync/directory.ts'
import { tryRun, type TryInput, type TryResult } from '../../engine/sync/try-run.ts'
// As in the doctor: what guards the calls of a gateway guards these, so that it is the same code and no copy of it.
import { createApiClient } from '../../outbound/api-client.ts'
import {
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  collect,
  type CommandContext,
} from '../command.ts'
import type { CliIo } from '../io.ts'
import { textsOf } from '../key-value.ts'
import { EXIT, type ExitCode } from '../report-error.ts'
import { tryExample } from '../spec-test/sync/try-example.ts'
import { type DeclaredSync, findDeclaredSync } from './declared-sync.ts'
import { connectionWith, liveConnection, liveCredentials, type LiveOptions } from './live-connection.ts'
import { exampleCalled, readRecording, type Recording } from './recording.ts'
import {
  differencesOf,
  documentOf,
  isFine,
  pageText,
  summaryText,
  type Tried,
  type TriedPage,
  triedPage,
} from './try-report.ts'

interface TryOptions extends LiveOptions {
  readonly recorded?: string
  readonly example?: string
  readonly option?: readonly string[]
  readonly checkpoint?: JsonObject
  readonly pages: number
}

const LIVE_RETRY = { retries: 2, minTimeoutMs: 500, maxWaitMs: 20_000 }

export function defineTry(parent: Command, { io, run }: CommandContext): void {
  const command = parent.command('try').description('run a declaration against a recorded or a live API; keeps nothing')
  command.argument('<where>', 'the integration, or a spec file')
  command.argument('<sync>', 'the name of the sync')
  command
    .option(
      '--recorded <file>',
      'answers instead of a live API: a list as under answers: of an example, or one JSON body; - reads standard input',
    )
    .option('--example <name>', 'the answers of this example of the sync, by its name or a part of it')
    .option('--connection <id>', 'the connection, whose configuration and metadata the gateway is asked for')
    .option('--connection-config <key=value>', 'a member of its connection_config; may be repeated', collect)
    .option('--metadata <key=value>', 'a member of its metadata; may be repeated', collect)
    .option(
      '--credentials <file>',
      'its credentials, as JSON; - reads standard input. The gateway never gives them out',
    )
    .option('--token <text>', 'an access token or key, instead of credentials; others on this machine can see it')
    .option('--option <name=value>', 'an option of the spec; may be repeated', collect)
    .option('--checkpoint <json>', 'where the last run got to; otherwise everything is asked for', parseCheckpoint)
    .option('--pages <n>', 'pages at most', parsePages, 10)
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((where: string, sync: string, options: TryOptions) => trySync(where, sync, options, io)))
  addExamples(command, [
    'postern sync try hubspot contacts --example "two pages"',
    'postern sync try my-specs/acme.yaml contacts --recorded answers.json',
    'postern sync try hubspot contacts --connection acme --credentials - < credentials.json',
  ])
}

async function trySync(where: string, sync: string, options: TryOptions, io: CliIo): Promise<ExitCode> {
  if (options.recorded !== undefined && options.example !== undefined) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: '--recorded and --example are two recordings.',
      hint: 'Keep one of the two.',
    })
  }
  const found = findDeclaredSync(where, sync, options, io)
  const active: ActiveSync = {
    ...found.active,
    options: { ...found.active.options, ...textsOf(options.option ?? [], '--option') },
  }
  const pages: TriedPage[] = []
  let isCutShort = false
  const onPage: TryInput['onPage'] = (page) => {
    const tried = triedPage(page)
    pages.push(tried)
    if (options.json !== true) io.out(pageText(tried, pages.length))
    io.progress?.(`page ${pages.length + 1}, ${page.progress.items} items so far …`)
    isCutShort = pages.length >= options.pages && page.progress.nextPage !== null
    return !isCutShort
  }
  const recording = recordingOf(options, found, io)
  io.progress?.('page 1 …')
  const { result, differences } =
    recording === null
      ? { result: await askLive({ found, active, options, onPage }, io), differences: [] }
      : await askRecording({ active, recording, options, onPage })
  const tried: Tried = { pages, result, isCutShort, differences: isCutShort ? [] : differences }
  io.out(
    options.json === true
      ? JSON.stringify(documentOf(tried), null, 2)
      : `${pages.length > 0 ? '\n' : ''}${summaryText(tried)}`,
  )
  return isFine(tried) ? EXIT.ok : EXIT.failed
}

function recordingOf(options: TryOptions, { declaration }: DeclaredSync, io: CliIo): Recording | null {
  if (options.recorded !== undefined) return readRecording(options.recorded, io)
  return options.example === undefined ? null : exampleCalled(options.example, declaration)
}

/** What is given on the command line goes before what the recording says. */
async function askRecording(input: {
  active: ActiveSync
  recording: Recording
  options: TryOptions
  onPage: TryInput['onPage']
}): Promise<{ result: TryResult; differences: string[] }> {
  const { active, recording, options, onPage } = input
  const { answers, given = {} } = recording
  const { checkpoint = given.checkpoint ?? {} } = options
  const connection = { ...given.connection, ...connectionWith(given.connection ?? {}, options) }
  const { result, api } = await tryExample({
    active,
    example: { answers, given: { ...given, checkpoint, connection } },
    onPage,
  })
  // After a failure nothing more is asked for, and that is no news.
  const unused = result.failure === null ? api.unused() : []
  return { result, differences: differencesOf(answers, api.mismatches, unused) }
}

async function askLive(
  input: { found: DeclaredSync; active: ActiveSync; options: TryOptions; onPage: TryInput['onPage'] },
  io: CliIo,
): Promise<TryResult> {
  const { found, active, options, onPage } = input
  const connection = await liveConnection(active.integration, options, io)
  const client = createApiClient({ allowPrivate: () => found.allowPrivate })
  try {
    return await tryRun({
      active,
      connection,
      credentials: liveCredentials(options, io),
      checkpoint: options.checkpoint ?? {},
      client,
      clock: { now: Date.now, after: startTimer },
      retry: LIVE_RETRY,
      signal: new AbortController().signal,
      onPage,
    })
  } finally {
    await client.close()
  }
}

function startTimer(delayMs: number, callback: () => void): { cancel(): void } {
  const timer = setTimeout(callback, delayMs)
  return { cancel: () => clearTimeout(timer) }
}

function parseCheckpoint(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch {
    // said below
  }
  throw new InvalidArgumentError('Give a JSON object such as {"updated_at":"2026-03-02T10:00:00Z"}.')
}

function parsePages(text: string): number {
  const count = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : 0
  if (count === 0) throw new InvalidArgumentError('Give a number from 1 to 999999.')
  return count
}
