/**
 * The HTTP client of a running gateway, for the commands that look into one. Where it is and what key it wants is found in this
 * order: the option, the environment, the configuration with the data directory it names. A gateway that cannot be reached and one
 * that answers with an error both come out as a `GatewayError` that says what to do.
 */
import { ERROR_CODES, type ErrorCode, GatewayError } from '../domain/errors.ts'
import { parseLossless } from '../domain/json-text.ts'
import type { ClientOptions } from './command.ts'
import type { CliIo } from './io.ts'

export interface GatewayClient {
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** Makes one call. Rejects with the gateway's own error where the answer is not 2xx. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, input?: CallInput): Promise<ApiAnswer>
}

export interface CallInput {
  /** What is undefined stays out; a list is one parameter for each of its items. */
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>
  readonly body?: unknown
  /** Beside those of every call; what is undefined stays out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** A status beside 2xx that is an answer and no error. */
  readonly alsoAccept?: number
}

export interface ApiAnswer {
  readonly status: number
  /** The JSON as it came, for `--json`. */
  readonly text: string
  /** Decoded; integers beyond 2^53 are text with their exact digits. */
  readonly document: JsonRecord
}

export type JsonRecord = Readonly<Record<string, unknown>>

/** A gateway that is alive answers at once; one that is not should not keep anybody waiting. */
const TIMEOUT_MS = 30_000

export async function connectClient(options: ClientOptions, io: CliIo): Promise<GatewayClient> {
  const url = options.url ?? given(io, 'POSTERN_URL')
  const apiKey = options.apiKey ?? given(io, 'POSTERN_API_KEY')
  if (url !== undefined && apiKey !== undefined) return createClient(url, apiKey)
  const { findGateway } = await import('./find-gateway.ts')
  const found = findGateway(options, io)
  return createClient(url ?? found.url ?? unknownPort(), apiKey ?? found.apiKey)
}

export function createClient(url: string, apiKey: string): GatewayClient {
  const baseUrl = parseBaseUrl(url)
  return {
    baseUrl,
    async call(method, path, input = {}) {
      const { request } = await import('undici')
      const target = `${baseUrl}${path}${queryText(input.query)}`
      let status: number
      let text: string
      try {
        const response = await request(target, {
          method,
          headers: {
            accept: 'application/json',
            authorization: `Bearer ${apiKey}`,
            ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
            ...presentIn(input.headers ?? {}),
          },
          body: input.body === undefined ? null : JSON.stringify(input.body),
          headersTimeout: TIMEOUT_MS,
          bodyTimeout: TIMEOUT_MS,
          reset: true, // one call or two and the command is over: nothing to keep open
        })
        status = response.statusCode
        text = await response.body.text()
      } catch (cause) {
        throw unreachable(baseUrl, cause)
      }
      const document = readDocument(text)
      if ((status < 200 || status > 299) && status !== input.alsoAccept) throw refusal(baseUrl, status, document)
      if (document === null) throw notPostern(baseUrl, status)
      return { status, text, document }
    },
  }
}

/** An empty variable is how shells and compose files say "none". */
function given(io: CliIo, name: string): string | undefined {
  const value = io.env[name]
  return value === '' ? undefined : value
}

function unknownPort(): never {
  throw new GatewayError({
    code: 'usage_invalid',
    message: 'The configuration has server.port 0, so only the running gateway knows where it listens.',
    hint: 'Take the address that it printed, and give it with --url or POSTERN_URL.',
  })
}

/** The records of a member that is a list; what else is in it is left out. */
export function recordsIn(record: JsonRecord, name: string): JsonRecord[] {
  const items = record[name]
  return Array.isArray(items) ? items.filter(isRecord) : []
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The gateway cannot be reached: said in the same words by every command. */
export function unreachable(baseUrl: string, cause: unknown): GatewayError {
  return new GatewayError({
    code: 'gateway_unreachable',
    message: `No gateway answers at ${baseUrl} (${reasonOf(cause)}).`,
    hint: 'Start one with: postern serve. If it runs elsewhere, name it with --url or POSTERN_URL.',
    details: { url: baseUrl },
    cause,
  })
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = (cause as NodeJS.ErrnoException).code
  return code === 'ECONNREFUSED' ? 'connection refused' : cause.message === '' ? (code ?? cause.name) : cause.message
}

function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: `"${text}" is not the URL of a gateway.`,
      hint: 'Write it with its scheme, as in --url http://127.0.0.1:8080',
    })
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function presentIn(headers: NonNullable<CallInput['headers']>): Record<string, string> {
  const present: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) present[name] = value
  return present
}

function queryText(query: CallInput['query']): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) for (const one of [value].flat()) parameters.append(name, String(one))
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`
}

function readDocument(text: string): JsonRecord | null {
  const parsed = parseLossless(text === '' ? '{}' : text)
  return parsed.ok && isRecord(parsed.value) ? parsed.value : null
}

/** The error that the gateway itself sends, with its own code where this version knows it. */
function refusal(baseUrl: string, status: number, document: JsonRecord | null): GatewayError {
  const error = document?.['error']
  if (!isRecord(error) || !isErrorCode(error['code'])) return notPostern(baseUrl, status)
  return new GatewayError({
    code: error['code'],
    message: typeof error['message'] === 'string' ? error['message'] : `The gateway answered ${status}.`,
    hint:
      error['code'] === 'api_unauthorized'
        ? UNAUTHORIZED_HINT
        : typeof error['hint'] === 'string'
          ? error['hint']
          : undefined,
    details: isRecord(error['details']) ? error['details'] : {},
  })
}

const UNAUTHORIZED_HINT =
  'Give the key with --api-key or POSTERN_API_KEY, or run the command where the configuration and the data directory of the gateway are.'

function notPostern(baseUrl: string, status: number): GatewayError {
  return new GatewayError({
    code: 'gateway_unreachable',
    message: `${baseUrl} answered ${status} with something that is not an answer of Postern's API.`,
    hint: 'Is the address right, and does a proxy in front of it let the API pass?',
    details: { url: baseUrl, status },
  })
}

function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code)
}
