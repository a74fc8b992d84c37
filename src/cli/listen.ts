/**
 * `postern listen`: a receiver for the first five minutes. It takes what the gateway forwards, says whether the signatures hold, and
 * prints one line and the payload of each. What does not verify is answered 401, as an app should answer it.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { styleText } from 'node:util'
import { GatewayError } from '../domain/errors.ts'
import { parseLossless } from '../domain/json-text.ts'
import { Secret } from '../domain/secret.ts'
import { isRecord } from './client.ts'
import { type DefineCommand, type ConfigOptions, addConfigOption, addExamples, collect, parsePort } from './command.ts'
import type { CliIo } from './io.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, severalLines } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Signals, untilStopped } from './signals.ts'
import { type ForwardCheck, verifyForward } from './verify-forward.ts'

interface ListenOptions extends ConfigOptions {
  readonly port: number
  readonly host: string
  readonly secret?: readonly string[]
}

/** More than any provider sends; the gateway's own bound is 5 MiB by default. */
const MAX_BODY_BYTES = 32 * 1024 * 1024

export const defineListen: DefineCommand = (command, { io, run }) => {
  command.option('-p, --port <port>', 'port to listen on; 0 takes a free one', parsePort, 3_000)
  command.option('--host <address>', 'address to listen on', '127.0.0.1')
  command.option(
    '--secret <secret>',
    "the gateway's signing secret; may be repeated (otherwise from the configuration or the data directory)",
    collect,
  )
  addConfigOption(command)
  command.option('--json', 'print one JSON document per line and forward, and nothing else')
  command.action(run((options: ListenOptions) => listen(options, io, process)))
  addExamples(command, ['postern listen', 'postern listen --port 4000 --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])
}

/** Receives until it is told to stop. Rejects when the port cannot be had. */
export async function listen(options: ListenOptions, io: CliIo, signals: Signals): Promise<ExitCode> {
  const secrets =
    options.secret === undefined ? await configuredSecrets(options, io) : options.secret.map((text) => new Secret(text))
  const server = createServer(
    (request, response) => void receive(request, response, { secrets, io, json: options.json === true }),
  )
  await bind(server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  io.err(`Listening on http://${host}:${port}; point a destination there. Stop with Ctrl-C.`)
  await untilStopped(signals)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  return EXIT.ok
}

async function configuredSecrets(options: ConfigOptions, io: CliIo): Promise<readonly Secret[]> {
  const { findSigningSecrets } = await import('./find-gateway.ts')
  return findSigningSecrets(options, io)
}

function bind(server: Server, { port, host }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new GatewayError({
          code: 'usage_invalid',
          message: `Cannot listen on ${host}:${port} (${cause.code ?? cause.message}).`,
          hint: 'Take another port: postern listen --port 0',
          cause,
        }),
      )
    })
    server.listen(port, host, resolve)
  })
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  { secrets, io, json }: { secrets: readonly Secret[]; io: CliIo; json: boolean },
): Promise<void> {
  const body = await readBody(request)
  if (body === null) {
    response.writeHead(413, { connection: 'close' }).end()
    return
  }
  const check = verifyForward({ headers: request.headers, body, secrets, now: Date.now() })
  const isGenuine = check.standard === 'verified' && check.hmac === 'verified'
  response.writeHead(isGenuine ? 200 : 401, { 'content-type': 'application/json' })
  response.end(JSON.stringify(isGenuine ? { received: true } : { error: check }))
  const text = body.toString('utf8')
  if (json)
    io.out(
      JSON.stringify({
        received_at: new Date().toISOString(),
        verified: isGenuine,
        signatures: check,
        headers: request.headers,
        body: text,
      }),
    )
  else io.out(describe(request, text, check, io.color))
}

/** Null when it is too large or breaks off. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_BODY_BYTES) return null
      chunks.push(chunk)
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}

/** `12:00:01  github-prod → acme  verified  dlv_…` and under it the body, laid out. */
function describe(request: IncomingMessage, text: string, check: ForwardCheck, color: boolean): string {
  const parsed = parseLossless(text)
  const envelope = parsed.ok && isRecord(parsed.value) && 'providerConfigKey' in parsed.value ? parsed.value : null
  const head = [
    new Date().toISOString().slice(11, 19),
    envelope === null
      ? 'unattributed'
      : `${oneLine(envelope['providerConfigKey'])} → ${oneLine(envelope['connectionId'])}`,
    verdictOf(check, color),
    oneLine(request.headers['webhook-id']),
  ].join('  ')
  return `${head}\n${severalLines(parsed.ok ? prettyJson(text) : text)}`
}

function verdictOf({ standard, hmac }: ForwardCheck, color: boolean): string {
  const isGenuine = standard === 'verified' && hmac === 'verified'
  const text = isGenuine ? 'verified' : `NOT VERIFIED (webhook-signature ${standard}, X-Nango-Hmac-Sha256 ${hmac})`
  return color ? styleText(isGenuine ? 'green' : 'red', text, { validateStream: false }) : text
}
