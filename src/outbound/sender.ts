/**
 * Makes the POST of one delivery attempt and says what it came to. It promises an outcome for whatever the network or the receiver
 * does (never an exception), within the time given, reading at most 16 KB of the answer and following no redirect. Deciding what
 * follows is the engine's part.
 */
import type { Dispatcher } from 'undici'
import type { Outcome } from '../domain/delivery.ts'
import type { OutboundSender } from '../engine/ports.ts'
import { BlockedAddressError } from './guarded-connector.ts'
import type { Resolve } from './guarded-connector.ts'
import { createTransports } from './transports.ts'

export interface SenderOptions {
  /** CIDRs that may be reached although they are not public. */
  readonly allowPrivate: () => readonly string[]
  /** ms since the epoch, to understand a `Retry-After` that is a date. */
  readonly now?: () => number
  readonly connectTimeoutMs?: number
  /** Connections to one origin at most; as many as a destination's `concurrency` may be. */
  readonly connections?: number
  readonly ca?: string
  readonly resolve?: Resolve
}

/** What is kept of an answer's body, and what is read of it before the connection is cut. */
const HEAD_BYTES = 1_024
const MAX_READ_BYTES = 16_384
/** Once the status is known the outcome is certain; the rest of the answer is a courtesy to the connection, and gets this long. */
const BODY_GRACE_MS = 2_000
const MAX_KEPT_TARGETS = 1_000

export function createSender(options: SenderOptions): OutboundSender & { close(): Promise<void> } {
  const now = options.now ?? Date.now
  const transports = createTransports({
    connectTimeoutMs: 10_000,
    connections: 1_000,
    ...options,
  })
  const targets = new Map<string, Target | null>()

  /** Most calls go to the few URLs of the configuration, so what is in them is kept: reading one took 3 of an attempt's 90 us. */
  function targetOf(url: string): Target | null {
    let target = targets.get(url)
    if (target === undefined) {
      target = parseTarget(url)
      if (targets.size >= MAX_KEPT_TARGETS) targets.clear()
      targets.set(url, target)
    }
    return target
  }

  return {
    send(call) {
      const target = targetOf(call.url)
      if (target === null) return Promise.resolve(invalidDestination('the URL is not an http or https URL'))
      const { transport } = call
      const guarded = transports.of(transport)
      const isProxied = transport !== undefined && transport.proxy !== null
      const refusal = isProxied ? guarded.refusalOf(target.host) : null
      if (refusal !== null) return Promise.resolve(blockedAddress(refusal))
      return new Promise((resolve) => {
        const post = new Post(call.timeoutMs, now, resolve)
        const headers =
          target.authorization === null ? call.headers : { authorization: target.authorization, ...call.headers }
        guarded.current().dispatch(
          {
            origin: target.origin,
            path: target.path,
            method: 'POST',
            headers,
            body: call.body,
            headersTimeout: 0, // the total time is kept by the post itself
            bodyTimeout: 0,
          },
          post,
        )
      })
    },
    close: () => transports.close(),
  }
}

interface Target {
  readonly origin: string
  readonly host: string
  readonly path: string
  readonly authorization: string | null
}

function parseTarget(text: string): Target | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  return {
    origin: url.origin,
    host: url.hostname,
    path: url.pathname + url.search,
    authorization: basicAuthorization(url),
  }
}

/** A user and password in the URL go out as RFC 7617 says, and nowhere else. */
function basicAuthorization(url: URL): string | null {
  if (url.username === '' && url.password === '') return null
  let user = `${url.username}:${url.password}`
  try {
    user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  } catch {
    // a lone percent sign: meant literally
  }
  return `Basic ${Buffer.from(user).toString('base64')}`
}

function invalidDestination(detail: string): Outcome {
  return { kind: 'permanent', reason: 'invalid_destination', durationMs: 0, responseHead: '', detail }
}

function blockedAddress({ message }: BlockedAddressError): Outcome {
  return { kind: 'permanent', reason: 'blocked_address', durationMs: 0, responseHead: '', detail: message }
}

/** One POST under way; undici reports its progress to it. It settles once, and whatever is reported later is ignored. */
class Post implements Dispatcher.DispatchHandler {
  readonly #startedAt = performance.now()
  readonly #timeoutMs: number
  readonly #now: () => number
  readonly #resolve: (outcome: Outcome) => void
  #timer: NodeJS.Timeout
  #isSettled = false
  #controller: Dispatcher.DispatchController | null = null
  #status = 0
  #retryAfterMs: number | undefined
  #isReadable = true
  #head: Buffer | null = null
  #received = 0

  constructor(timeoutMs: number, now: () => number, resolve: (outcome: Outcome) => void) {
    this.#timeoutMs = timeoutMs
    this.#now = now
    this.#resolve = resolve
    this.#timer = setTimeout(() => this.#timedOut(), timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isSettled) controller.abort(new Error('settled before the connection was ready'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return // 1xx are no answer yet, and the clock runs on
    this.#status = status
    if (status >= 300) this.#retryAfterMs = parseRetryAfter(headers['retry-after'], this.#now())
    const encoding = headers['content-encoding']
    this.#isReadable = encoding === undefined || encoding === 'identity' // nothing is ever decompressed
    clearTimeout(this.#timer)
    const leftMs = this.#timeoutMs - (performance.now() - this.#startedAt)
    this.#timer = setTimeout(() => this.#cut(), Math.min(BODY_GRACE_MS, Math.max(leftMs, 0)))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return
    if (this.#head === null) this.#head = chunk.subarray(0, HEAD_BYTES)
    else if (this.#head.length < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)])
    }
    this.#received += chunk.length
    if (this.#received > MAX_READ_BYTES) this.#cut()
  }

  onResponseEnd(): void {
    this.#settle(this.#answered())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isSettled) return
    this.#settle(this.#status === 0 ? this.#failed(error) : this.#answered())
  }

  #timedOut(): void {
    const doing = this.#controller === null ? 'no connection' : 'no answer'
    this.#settle({
      kind: 'retryable',
      reason: 'timeout',
      durationMs: this.#durationMs(),
      responseHead: '',
      detail: `${doing} within ${this.#timeoutMs} ms`,
    })
    this.#controller?.abort(new Error('timed out'))
  }

  /** Takes the outcome that the status has already decided, and gives up the rest of the answer with its connection. */
  #cut(): void {
    this.#settle(this.#answered())
    this.#controller?.abort(new Error('answer cut off'))
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#resolve(outcome)
  }

  #durationMs(): number {
    return Math.round((performance.now() - this.#startedAt) * 100) / 100
  }

  #answered(): Outcome {
    const status = this.#status
    const facts = { status, durationMs: this.#durationMs(), responseHead: this.#headText() }
    if (status >= 200 && status < 300) return { kind: 'accepted', ...facts }
    if (status === 410) return { kind: 'permanent', reason: 'gone', ...facts, detail: 'answered 410 Gone' }
    const hint = status < 400 ? '; redirects are never followed, so name the final URL in the destination' : ''
    return {
      kind: 'retryable',
      reason: 'status',
      ...facts,
      ...(this.#retryAfterMs === undefined ? {} : { retryAfterMs: this.#retryAfterMs }),
      detail: `answered ${status}${hint}`,
    }
  }

  #failed(error: Error): Outcome {
    const facts = { durationMs: this.#durationMs(), responseHead: '' }
    if (error instanceof BlockedAddressError) {
      return { kind: 'permanent', reason: 'blocked_address', ...facts, detail: error.message }
    }
    const { code, text } = describe(error)
    if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
      return { kind: 'permanent', reason: 'invalid_destination', ...facts, detail: text }
    }
    const reason = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' ? 'timeout' : 'network'
    return { kind: 'retryable', reason, ...facts, detail: text }
  }

  #headText(): string {
    if (this.#head === null || !this.#isReadable) return ''
    // In streaming mode a character cut in two at the end is left out. Control characters would only harm terminals and logs.
    const text = new TextDecoder().decode(this.#head, { stream: true })
    return text.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd')
  }
}

/** The system's code and words; several addresses tried in vain come as one error holding one for each. */
function describe(error: Error): { code: string; text: string } {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  const inner = first instanceof Error ? first : error
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.name
  return { code, text: inner.message.includes(code) ? inner.message : `${code}: ${inner.message}` }
}

const LONGEST_RETRY_AFTER_MS = 366 * 24 * 3_600_000

/** Seconds or an HTTP date (RFC 9110 §10.2.3), in ms from now; undefined where it is neither. */
export function parseRetryAfter(value: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(value) ? value[0] : value)?.trim()
  if (text === undefined) return undefined
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : text.endsWith('GMT') ? Date.parse(text) - now : Number.NaN
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), LONGEST_RETRY_AFTER_MS)
}
