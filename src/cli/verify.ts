/**
 * `postern verify`: what the gateway would make of a request, without a gateway: verification, handshake, events, answer, and for a
 * refusal the likely mistake. Other programs call it, so its JSON and its exit codes (0 verified, 1 refused, 2 could not run) are
 * a contract. It needs the engine itself, like the spec-runner.
 */
import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { GatewayError } from '../domain/errors.ts'
import { createIds, type IntegrationKey } from '../domain/ids.ts'
import { HeaderList, type InboundRequest } from '../domain/request.ts'
import type { ExampleConnection } from '../domain/provider-spec.gen.ts'
import { Secret } from '../domain/secret.ts'
import { type Diagnosis, diagnose } from '../engine/receive/diagnose.ts'
import { type Interpretation, interpretRequest } from '../engine/receive/interpret.ts'
import type { IntegrationSettings } from '../engine/settings.ts'
import { describeFinding } from '../domain/finding.ts'
import { createExpressionCompiler } from '../expression/compile.ts'
import { createFetchJson } from '../outbound/fetch-json.ts'
import { compileSpec } from '../spec/compile.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import { builtInSpecs, readSpecFile } from '../spec/load.ts'
import { parseLossless } from '../domain/json-text.ts'
import { createKeySets } from '../verify/key-sets.ts'
import type { ExpressionCompiler } from '../verify/verifier.ts'
import { type DefineCommand, addExamples, addJsonOption, collect } from './command.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { createConnectionList } from './spec-test/connection-list.ts'
import { formatFacts } from './table.ts'

interface VerifyOptions {
  readonly provider: string
  readonly spec?: string
  readonly secret?: readonly string[]
  readonly option?: readonly string[]
  readonly method: string
  readonly requestUrl: string
  readonly header?: readonly string[]
  readonly bodyFile?: string
  readonly now?: number
  readonly connection?: readonly string[]
  readonly json?: boolean
}

export const defineVerify: DefineCommand = (command, { io, run }) => {
  command.requiredOption('--provider <key>', 'the provider whose spec is used')
  command.option('--spec <file>', 'this spec instead of the built-in one')
  command.option('--secret <name=value>', 'a configured secret; may be repeated, also for one name', collect)
  command.option('--option <name=value>', 'an option of the spec', collect)
  command.option('--method <method>', 'method of the request', 'POST')
  command.requiredOption('--url <url>', 'URL that the provider called')
  command.option('--header <name: value>', 'a header of the request, as sent; may be repeated', collect)
  command.option('--body-file <file>', 'file with the exact bytes of the body; - reads standard input')
  command.option('--now <time>', 'the time of receipt, ISO 8601; now by default', parseNow)
  command.option('--connection <json>', 'a connection, as JSON; may be repeated', collect)
  addJsonOption(command)
  command.action(
    run((options: Omit<VerifyOptions, 'requestUrl'> & { url: string }) =>
      verify({ ...options, requestUrl: options.url }, io),
    ),
  )
  addExamples(command, [
    "postern verify --provider github --secret webhook_secret=s3cret --url https://hooks.example.com/webhook/github --header 'x-hub-signature-256: sha256=…' --body-file body.json",
  ])
}

async function verify(options: VerifyOptions, io: CliIo): Promise<ExitCode> {
  const compileExpression = createExpressionCompiler()
  const spec = loadSpec(options, compileExpression)
  const now = options.now ?? Date.now()
  const request = readRequest(options)
  const integration: IntegrationSettings = {
    key: options.provider as IntegrationKey,
    spec,
    secrets: readSecrets(options.secret ?? [], spec),
    options: {
      ...defaultOptions(spec),
      ...Object.fromEntries((options.option ?? []).map((text) => pairOf(text, '=', '--option'))),
    },
    ingressTokens: [],
    forward: [],
    unmatched: 'raw',
    dedupeWindowMs: null,
  }
  const fetcher = createFetchJson({ allowPrivate: () => [] })
  const keySets = createKeySets({
    fetchJson: fetcher.fetchJson,
    now: Date.now,
    cooldownMs: 60_000,
    maxAgeMs: 3_600_000,
  })
  try {
    const meaning = await interpretRequest({
      integration,
      request,
      now,
      directory: createConnectionList((options.connection ?? []).map(readConnection)),
      keySets,
      ids: createIds({ now: () => now, randomBytes: (size) => new Uint8Array(size) }),
    })
    const diagnosis = await diagnose({ integration, request, now, keySets, compileExpression })
    io.out(options.json === true ? JSON.stringify(documentOf(meaning, diagnosis), null, 2) : textOf(meaning, diagnosis))
    return meaning.kind === 'refused' ? EXIT.failed : EXIT.ok
  } finally {
    await fetcher.close()
  }
}

function documentOf(meaning: Interpretation, diagnosis: Diagnosis): Record<string, unknown> {
  const { verification } = diagnosis
  const isAccepted = meaning.kind === 'accepted'
  return {
    verified: meaning.kind !== 'refused',
    scheme: verification.scheme ?? null,
    code: meaning.kind === 'refused' ? meaning.verification.code : null,
    handshake: meaning.kind === 'handshake' ? meaning.name : null,
    answer: { status: meaning.answer.status, headers: meaning.answer.headers, body: meaning.answer.body },
    events: isAccepted
      ? meaning.events.map(({ type, dedupeKey, occurredAt, match }) => ({
          type,
          dedupe: dedupeKey,
          time: occurredAt === null ? null : new Date(occurredAt).toISOString(),
          skipped: match.kind === 'skipped',
          connections: match.kind === 'matched' ? match.connections : [],
        }))
      : [],
    forwarded_headers: isAccepted ? meaning.payload.headers : {},
    detail: meaning.kind === 'refused' ? meaning.verification.detail : null,
    secret: verification.kind === 'accepted' ? (verification.secret ?? null) : null,
    clock_skew_ms: verification.clockSkewMs ?? null,
    alternatives: diagnosis.alternatives,
    configured_secrets: diagnosis.secrets,
    likely_mistake: diagnosis.mistake,
    problems: meaning.problems,
  }
}

function textOf(meaning: Interpretation, diagnosis: Diagnosis): string {
  const { verification, mistake } = diagnosis
  const facts: [string, unknown][] = [
    [
      'verified',
      meaning.kind === 'refused' ? 'no' : meaning.kind === 'handshake' ? `handshake ${meaning.name}` : 'yes',
    ],
    ['scheme', verification.scheme],
  ]
  if (verification.kind === 'accepted' && verification.secret !== undefined) {
    facts.push(['secret', `${verification.secret.name} ${verification.secret.fingerprint}`])
  }
  if (verification.clockSkewMs !== undefined) facts.push(['clock skew', `${verification.clockSkewMs} ms`])
  if (meaning.kind === 'refused')
    facts.push(['refused', `${meaning.verification.code}: ${meaning.verification.detail}`])
  for (const one of diagnosis.alternatives)
    facts.push([`  ${one.name}`, one.detail === null ? one.outcome : `${one.outcome}: ${one.detail}`])
  if (mistake !== null) facts.push(['likely', mistake.message], ['', mistake.hint])
  facts.push(['answer', `${meaning.answer.status} ${meaning.answer.body}`])
  if (meaning.kind === 'accepted') {
    for (const event of meaning.events) {
      const { match } = event
      facts.push([
        'event',
        `${event.type ?? '(no type)'}  ${match.kind === 'matched' ? match.connections.join(', ') : match.kind}`,
      ])
    }
  }
  for (const problem of meaning.problems) facts.push(['problem', problem])
  return formatFacts(facts)
}

function loadSpec(options: VerifyOptions, compileExpression: ExpressionCompiler): CompiledSpec {
  const file = options.spec ?? `${builtInSpecs()}/${options.provider}.yaml`
  let reading: ReturnType<typeof readSpecFile>
  try {
    reading = readSpecFile(file)
  } catch (error) {
    throw new GatewayError({
      code: 'provider_unknown',
      message: `There is no spec ${options.spec === undefined ? `of "${options.provider}"` : file}.`,
      hint: 'postern trigger --list shows the built-in ones; --spec FILE names your own.',
      cause: error,
    })
  }
  if (reading.loaded === null) {
    throw new GatewayError({
      code: 'spec_invalid',
      message: reading.findings.map(describeFinding).join('\n'),
      hint: `Run: postern lint ${file}`,
    })
  }
  return compileSpec(reading.loaded.spec, file, { compileExpression })
}

function readRequest(options: VerifyOptions): InboundRequest {
  if (!URL.canParse(options.requestUrl)) throw usage(`--url is not a URL: ${options.requestUrl}`)
  const raw: string[] = []
  for (const header of options.header ?? []) raw.push(...pairOf(header, ':', '--header'))
  const rawBody = options.bodyFile === undefined ? Buffer.alloc(0) : readBytes(options.bodyFile)
  return { method: options.method.toUpperCase(), url: options.requestUrl, headers: new HeaderList(raw), rawBody }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: `The body cannot be read from ${file}.`,
      hint: 'Name a file that exists.',
      cause: error,
    })
  }
}

function readSecrets(texts: readonly string[], spec: CompiledSpec): Map<string, Secret[]> {
  const secrets = new Map<string, Secret[]>()
  const known = Object.keys(spec.document.secrets ?? {})
  for (const text of texts) {
    const [name, value] = pairOf(text, '=', '--secret')
    if (!known.includes(name))
      throw usage(`the spec of ${spec.provider} names no secret "${name}"; it names ${known.join(', ') || 'none'}`)
    secrets.set(name, [...(secrets.get(name) ?? []), new Secret(value)])
  }
  return secrets
}

function defaultOptions(spec: CompiledSpec): Record<string, string> {
  const options: Record<string, string> = {}
  for (const [name, option] of Object.entries(spec.document.options ?? {}))
    if (option.default !== undefined) options[name] = option.default
  return options
}

function readConnection(text: string): ExampleConnection {
  const parsed = parseLossless(text)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || !('connection_id' in parsed.value)) {
    throw usage('--connection is JSON with at least "connection_id"')
  }
  return parsed.value as ExampleConnection
}

/** Name and value; only the blank after a header's colon is not part of the value. */
function pairOf(text: string, separator: ':' | '=', option: string): [string, string] {
  const at = text.indexOf(separator)
  if (at < 1) throw usage(`${option} needs name${separator === ':' ? ': ' : '='}value`)
  const value = text.slice(at + 1)
  return [text.slice(0, at), separator === ':' ? value.replace(/^ /, '') : value]
}

function parseNow(text: string): number {
  const time = Date.parse(text)
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(time))
    throw new InvalidArgumentError('Give an ISO 8601 time such as 2026-03-02T10:00:00Z.')
  return time
}

function usage(message: string): GatewayError {
  return new GatewayError({ code: 'usage_invalid', message, hint: 'postern verify --help shows an example.' })
}
