/**
 * Sends one example: creates its connections where that is wanted, makes the signed request, sends it, and asks the gateway's log what
 * became of it. The log is asked on the way out and only helps: without an API key the answer of the gateway still stands. What is
 * printed of the request is masked by the gateway's own rule (`engine/receive/redact.ts`), which knows the headers that are secret.
 */
import type { Example } from '../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../domain/request.ts'
import { redactHeaders } from '../engine/receive/redact.ts'
import type { IntegrationSettings } from '../engine/settings.ts'
import { chooseExample } from './choose-example.ts'
import { type GatewayClient, type JsonRecord, connectClient, recordsIn, unreachable } from './client.ts'
import { curlText } from './curl-text.ts'
import { expectedStatus, slugOf } from './examples.ts'
import type { CliIo } from './io.ts'
import { readLocalSettings } from './local-settings.ts'
import { oneLine, severalLines } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { signExample } from './sign-example.ts'
import { formatFacts } from './table.ts'
import type { TriggerOptions } from './trigger.ts'

interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly body: string
}

/** Resolves with 0 when the gateway answered as the spec says it should, else with 1. */
export async function triggerExample(
  wanted: string,
  options: TriggerOptions,
  io: CliIo,
  clock: { now: () => number },
): Promise<ExitCode> {
  const local = readLocalSettings(options, io)
  const { integration, example } = chooseExample(wanted, options.integration, local)
  const client = await connectClient(options, io)
  const token = integration.ingressTokens[0]
  const target = `/webhook/${integration.key}${token === undefined ? '' : `/${token.reveal()}`}`
  // Providers that sign the URL sign the public one; without one the gateway goes by the Host header.
  const publicUrl = local.settings.publicUrl ?? `http://${new URL(client.baseUrl).host}`
  const request = await signExample({
    integration,
    example,
    url: publicUrl + target,
    now: clock.now(),
    compileExpression: local.compileExpression,
  })
  const url = client.baseUrl + request.url.slice(publicUrl.length)
  if (options.print === true) {
    const headers = request.headers.toRecord()
    const body = Buffer.from(request.rawBody).toString('utf8')
    const document = { request: { method: request.method, url, headers, body } }
    io.out(options.json === true ? JSON.stringify(document, null, 2) : curlText(request, url))
    return EXIT.ok
  }

  if (options.connect === true) await createConnections(client, integration, example, io)
  const startedAt = clock.now()
  const answer = await send(request, url, client.baseUrl)
  const logged = await findInLog(client, integration, startedAt)
  const expected = expectedStatus(integration.spec, example)
  const isAsExpected = expected === null ? answer.status >= 200 && answer.status < 300 : answer.status === expected
  if (options.json === true) {
    const document = {
      example: `${integration.spec.provider}/${slugOf(example.name)}`,
      integration: integration.key,
      request: { method: request.method, url, headers: redactHeaders(request, integration.spec) },
      answer: { status: answer.status, content_type: answer.contentType, body: answer.body },
      expected_status: expected, // null: any success
      logged,
    }
    io.out(JSON.stringify(document, null, 2))
  } else {
    io.out(`${request.method} ${url}\n${answer.status} ${severalLines(answer.body)}`.trimEnd())
    if (logged !== null) io.out(formatFacts([['request', `${oneLine(logged['id'])}  ${oneLine(logged['outcome'])}`]]))
    remark({ io, logged, example, expected, isAsExpected, options })
  }
  return isAsExpected ? EXIT.ok : EXIT.failed
}

async function createConnections(
  client: GatewayClient,
  integration: IntegrationSettings,
  example: Example,
  io: CliIo,
): Promise<void> {
  for (const connection of example.given?.connections ?? []) {
    const { status } = await client.call('POST', '/connections', {
      body: { ...connection, provider_config_key: integration.key },
    })
    io.err(`connection ${connection.connection_id} of ${integration.key} ${status === 201 ? 'added' : 'replaced'}`)
  }
}

async function send(request: InboundRequest, url: string, baseUrl: string): Promise<Answer> {
  const { request: call } = await import('undici')
  try {
    const response = await call(url, {
      method: request.method as 'POST',
      headers: [...request.headers.pairs()].flat(),
      body: request.rawBody.length === 0 ? null : request.rawBody,
      headersTimeout: 30_000,
      bodyTimeout: 30_000,
      reset: true,
    })
    const type = response.headers['content-type']
    return {
      status: response.statusCode,
      contentType: typeof type === 'string' ? type : null,
      body: await response.body.text(),
    }
  } catch (cause) {
    throw unreachable(baseUrl, cause)
  }
}

/** The gateway's record of it. Refusals are written a moment after the answer, so one look may come too early. */
async function findInLog(
  client: GatewayClient,
  integration: IntegrationSettings,
  startedAt: number,
): Promise<JsonRecord | null> {
  const query = { integration: integration.key, since: new Date(startedAt).toISOString(), limit: 1 }
  try {
    for (let look = 1; look <= 5; look += 1) {
      const [newest] = recordsIn((await client.call('GET', '/api/v1/requests', { query })).document, 'requests')
      if (newest !== undefined) return newest
      await new Promise((resolve) => setTimeout(resolve, 20 * look))
    }
  } catch {
    // No key, or a gateway that keeps its API elsewhere.
  }
  return null
}

/** What a person may wonder about next. */
function remark(input: {
  io: CliIo
  logged: JsonRecord | null
  example: Example
  expected: number | null
  isAsExpected: boolean
  options: TriggerOptions
}): void {
  const { io, logged, example, expected, isAsExpected, options } = input
  if (!isAsExpected) io.err(`The spec expects ${expected ?? 'a success'} here.`)
  if (logged?.['outcome'] === 'duplicate') {
    io.err('It was sent before within the dedupe window, so it is not forwarded once more.')
  }
  const count = (example.given?.connections ?? []).length
  if (isAsExpected && count > 0 && options.connect !== true) {
    io.err(
      `The example belongs to ${count === 1 ? 'a connection' : `${count} connections`}; --connect creates ${count === 1 ? 'it' : 'them'} first.`,
    )
  }
}
