/**
 * One question to a provider's API and its answer as JSON, with everything that lies between: the connection's pace, its credentials,
 * short retries of what is transient, and the provider's limits. What would take longer than a run may wait in memory comes back as
 * `wait`, and the run is postponed.
 */
import pRetry from 'p-retry'
import type { SyncView } from '../../domain/expression.ts'
import type { ConnectionId } from '../../domain/ids.ts'
import { parseLossless } from '../../domain/json-text.ts'
import type { SyncFailure } from '../../domain/sync.ts'
import type { CompiledRequest } from '../../spec/compiled-sync.ts'
import type { Clock } from '../ports.ts'
import { authorize, type CredentialKeeper, type LiveCredentials } from './credentials.ts'
import type { ActiveSync } from './directory.ts'
import { fail, shownAnswer, withoutSecrets } from './failure.ts'
import { limitOf, retryAfterMs } from './limits.ts'
import type { Pace } from './pace.ts'
import type { ApiAnswer, ApiClient } from './ports/api-client.ts'
import { type Placed, prepareCall, type PreparedCall } from './request.ts'

export interface RetryPolicy {
  readonly retries: number
  /** Before the second try; doubled for each further one, and varied at random. */
  readonly minTimeoutMs: number
  /** A longer wait postpones the run instead. */
  readonly maxWaitMs: number
}

export const DEFAULT_RETRY: RetryPolicy = { retries: 4, minTimeoutMs: 500, maxWaitMs: 20_000 }

export interface ApiRequest {
  readonly active: ActiveSync
  readonly connectionId: ConnectionId
  readonly request: CompiledRequest
  readonly view: SyncView
  readonly placed: Placed | null
  readonly signal: AbortSignal
  /** Counts every call that is made. */
  readonly onCall: () => void
}

export interface JsonAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for an empty body. */
  readonly body: unknown
  /** The URL that was asked, without credentials. */
  readonly url: URL
  readonly bytes: Uint8Array
  /** What was asked, for the detector of loops. */
  readonly question: string
}

export type ApiResult =
  | { readonly kind: 'answer'; readonly answer: JsonAnswer }
  | { readonly kind: 'wait'; readonly until: number; readonly reason: string }
  | { readonly kind: 'failure'; readonly failure: SyncFailure }

export type AskApi = (request: ApiRequest) => Promise<ApiResult>

export interface ApiDeps {
  readonly client: ApiClient
  readonly credentials: CredentialKeeper
  readonly pace: Pace
  readonly clock: Clock
  readonly retry: RetryPolicy
}

/** A page of 500 objects has some hundred KB. */
const MAX_ANSWER_BYTES = 32 * 1_048_576

/** Thrown inside p-retry for what may be better the next time. */
class TransientFailure extends Error {
  readonly result: ApiResult
  constructor(result: ApiResult) {
    super('transient')
    this.result = result
  }
}

export function createApi(deps: ApiDeps): AskApi {
  const { client, credentials, pace, clock, retry } = deps

  return async function ask(request) {
    const { active, connectionId, view, signal } = request
    const prepared = await prepareCall(request.request, view, request.placed)
    if (!prepared.ok) return failed(prepared.failure)
    const obtained = await credentials.obtain({ active, connectionId, view })
    if (!obtained.ok) return failed(obtained.failure)
    let live = obtained.value
    let hasRefreshed = false
    try {
      return await pRetry(
        async () => {
          const result = await askOnce(request, prepared.value, live)
          if (result !== 'unauthorized') return result
          if (hasRefreshed) return failed(unauthorized(connectionId))
          hasRefreshed = true
          const fresh = await credentials.obtain({ active, connectionId, view, refused: live })
          if (!fresh.ok) return failed(fresh.failure)
          live = fresh.value
          const again = await askOnce(request, prepared.value, live)
          return again === 'unauthorized' ? failed(unauthorized(connectionId)) : again
        },
        {
          retries: retry.retries,
          minTimeout: retry.minTimeoutMs,
          maxTimeout: retry.maxWaitMs,
          factor: 2,
          randomize: true,
          unref: true,
          signal,
          shouldRetry: ({ error }) => error instanceof TransientFailure,
        },
      )
    } catch (error) {
      if (error instanceof TransientFailure) return error.result
      throw error
    }
  }

  async function askOnce(
    request: ApiRequest,
    call: PreparedCall,
    live: LiveCredentials,
  ): Promise<ApiResult | 'unauthorized'> {
    const { active, connectionId } = request
    const { declaration } = active
    const connection = `${active.integration}\n${connectionId}`
    const waitMs = pace.reserve(connection, declaration.rate)
    if (waitMs > retry.maxWaitMs) return wait(waitMs, 'the connection may not make calls before')
    if (waitMs > 0) await pause(clock, waitMs, request.signal)
    request.onCall()
    const authorized = authorize(call, declaration.auth, live)
    const answer = await client.call({
      ...authorized,
      url: authorized.url.href,
      maxBytes: MAX_ANSWER_BYTES,
      signal: request.signal,
    })
    if (answer.kind === 'unanswered') return unanswered(answer, call, live)
    const limit = limitOf(answer, declaration.rateLimit, clock.now())
    if (limit.until !== null) pace.blockUntil(connection, limit.until)
    if (limit.isRefusal) {
      const waitedMs = (limit.until ?? clock.now()) - clock.now()
      if (waitedMs > retry.maxWaitMs) return wait(waitedMs, `the provider answered ${answer.status}: too many calls`)
      // The pace holds the next try back until the limit opens.
      throw new TransientFailure(wait(Math.max(waitedMs, 30_000), `the provider keeps answering ${answer.status}`))
    }
    if (answer.status === 401 && declaration.auth.kind !== 'none') return 'unauthorized'
    const result = understand(answer, call, live)
    if (answer.status >= 500 || answer.status === 408 || answer.status === 425) {
      const afterMs = retryAfterMs(answer.headers['retry-after'], clock.now())
      if (afterMs !== null && afterMs > retry.maxWaitMs) return wait(afterMs, `the provider answered ${answer.status}`)
      if (afterMs !== null) pace.blockUntil(connection, clock.now() + afterMs)
      throw new TransientFailure(result)
    }
    return result
  }

  function wait(ms: number, reason: string): ApiResult {
    return { kind: 'wait', until: clock.now() + ms, reason }
  }
}

function unanswered(
  answer: Extract<ApiAnswer, { kind: 'unanswered' }>,
  call: PreparedCall,
  live: LiveCredentials,
): ApiResult {
  const place = `${call.method} ${call.url.origin}${call.url.pathname}`
  const message = withoutSecrets(`${place}: ${answer.detail}`, live.secrets)
  switch (answer.reason) {
    case 'blocked_address':
      return failed(fail('blocked_address', message).failure)
    case 'invalid_url':
      return failed(fail('request_invalid', message).failure)
    case 'timeout':
      throw new TransientFailure(failed(fail('request_timeout', message).failure))
    case 'network':
      throw new TransientFailure(failed(fail('request_failed', message).failure))
  }
}

function understand(
  answer: Extract<ApiAnswer, { kind: 'answered' }>,
  call: PreparedCall,
  live: LiveCredentials,
): ApiResult {
  const shown = shownAnswer(answer, live.secrets)
  const place = withoutSecrets(`${call.method} ${call.url.origin}${call.url.pathname}`, live.secrets)
  if (answer.status < 200 || answer.status >= 300) {
    const hint = answer.status < 400 ? { hint: 'Redirects are not followed; name the final URL.' } : {}
    return failed(fail('answer_status', `${place} answered ${answer.status}`, { answer: shown, ...hint }).failure)
  }
  if (answer.isCut) {
    const message = `${place} answered more than ${MAX_ANSWER_BYTES} bytes`
    return failed(fail('answer_too_large', message, { hint: 'Ask for fewer items of a page.' }).failure)
  }
  const parsed = answer.body.length === 0 ? { ok: true as const, value: undefined } : parseBody(answer.body)
  if (!parsed.ok) {
    const isPage = /html/i.test(shown.contentType ?? '') || /^\s*</.test(shown.body)
    return failed(
      fail('answer_not_json', `${place} answered ${isPage ? 'an HTML page' : 'something that is not JSON'}`, {
        answer: shown,
        hint: isPage ? 'Such pages are often logins or maintenance notes; check the URL and the credentials.' : '',
      }).failure,
    )
  }
  const question = `${call.method} ${call.url.href} ${call.body === null ? '' : Buffer.from(call.body).toString('base64')}`
  return {
    kind: 'answer',
    answer: {
      status: answer.status,
      headers: answer.headers,
      body: parsed.value,
      url: call.url,
      bytes: answer.body,
      question,
    },
  }
}

function parseBody(body: Uint8Array): { ok: true; value: unknown } | { ok: false } {
  const parsed = parseLossless(new TextDecoder().decode(body)) // drops a byte order mark
  return parsed.ok ? parsed : { ok: false }
}

function unauthorized(connectionId: ConnectionId): SyncFailure {
  return fail('credentials_refused', `the provider refuses the credentials of ${connectionId}`, {
    hint: 'Authorize the connection again and store its credentials: PATCH /connections/{id}.',
  }).failure
}

function failed(failure: SyncFailure): ApiResult {
  return { kind: 'failure', failure }
}

/** Waits on the gateway's clock; rejects when the run is told to stop. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reasonOf(signal))
      return
    }
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      timer.cancel()
      reject(reasonOf(signal))
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped')
}
