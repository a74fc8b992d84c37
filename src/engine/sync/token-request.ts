/**
 * Asks a token endpoint for a new access token: by refresh token where there is one (RFC 6749 §6), otherwise by the client's own
 * credentials (§4.4). A 4xx is the provider's last word: the connection has to be authorized again. Anything else is tried again.
 */
import pRetry from 'p-retry'
import type { JsonObject } from '../../domain/connection.ts'
import type { SyncView } from '../../domain/expression.ts'
import type { CompiledAuth } from '../../spec/compiled-sync.ts'
import type { Clock } from '../ports.ts'
import type { RetryPolicy } from './api.ts'
import { textOf } from './credentials.ts'
import type { ActiveSync } from './directory.ts'
import { fail, ok, type Outcome, shownAnswer } from './failure.ts'
import type { ApiAnswer, ApiCall, ApiClient } from './ports/api-client.ts'
import { urlFrom } from './request.ts'

type OAuth2 = Extract<CompiledAuth, { kind: 'oauth2' }>

/** The members of the credentials that change. */
export type TokenRequester = (request: {
  readonly auth: OAuth2
  readonly active: ActiveSync
  readonly values: JsonObject
  readonly view: SyncView
}) => Promise<Outcome<JsonObject>>

const TIMEOUT_MS = 20_000
const MAX_BYTES = 262_144

export function createTokenRequester(deps: { client: ApiClient; clock: Clock; retry: RetryPolicy }): TokenRequester {
  const { client, clock, retry } = deps
  return async ({ auth, active, values, view }) => {
    const url = await urlFrom(auth.tokenUrl, view)
    if (!url.ok) return url
    const { refreshToken, clientId, clientSecret } = clientOf(auth, active, values)
    if (refreshToken === null && (clientId === null || clientSecret === null)) {
      return fail('credentials_missing', 'there is neither a refresh token nor a client id with its secret', {
        hint: `Authorize the connection again, or set the option ${auth.clientIdOption} and the secret ${auth.clientSecret}.`,
      })
    }
    const call = tokenCall({ auth, url: url.value, refreshToken, clientId, clientSecret })
    const secrets = [refreshToken, clientSecret].filter((secret) => secret !== null)
    const answer = await lastAnswer(client, call, retry)
    if (answer.kind === 'unanswered') {
      return fail(answer.reason === 'blocked_address' ? 'blocked_address' : 'request_failed', answer.detail, {
        hint: `The token endpoint is ${url.value.origin}.`,
      })
    }
    const granted = answer.status === 200 ? parseGrant(answer.body) : null
    const token = granted === null ? null : textOf(granted['access_token'])
    if (granted !== null && token !== null) return ok(changedBy(granted, token, values, clock.now()))
    const isFinal = answer.status >= 400 && answer.status < 500 && answer.status !== 429
    return fail(
      isFinal ? 'credentials_refused' : 'answer_status',
      `the token endpoint answered ${answer.status}${granted === null ? '' : ' without a token'}`,
      {
        hint: isFinal ? 'The connection has to be authorized again.' : 'The next run tries again.',
        answer: shownAnswer(answer, secrets),
      },
    )
  }
}

function clientOf(auth: OAuth2, active: ActiveSync, values: JsonObject) {
  const own = values['config_override']
  const override: JsonObject = typeof own === 'object' && own !== null && !Array.isArray(own) ? own : {}
  return {
    refreshToken: textOf(values['refresh_token']),
    clientId:
      textOf(override['client_id']) ?? textOf(values['client_id']) ?? active.options[auth.clientIdOption] ?? null,
    clientSecret:
      textOf(override['client_secret']) ??
      textOf(values['client_secret']) ??
      active.secrets.get(auth.clientSecret)?.[0]?.reveal() ??
      null,
  }
}

function tokenCall(input: {
  auth: OAuth2
  url: URL
  refreshToken: string | null
  clientId: string | null
  clientSecret: string | null
}): ApiCall {
  const { auth, url, refreshToken, clientId, clientSecret } = input
  const form = new URLSearchParams({ grant_type: refreshToken === null ? 'client_credentials' : 'refresh_token' })
  if (refreshToken !== null) form.set('refresh_token', refreshToken)
  if (auth.scope !== null) form.set('scope', auth.scope)
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Postern',
  }
  if (clientId !== null && clientSecret !== null && auth.clientAuth === 'basic') {
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
  } else {
    if (clientId !== null) form.set('client_id', clientId)
    if (clientSecret !== null) form.set('client_secret', clientSecret)
  }
  return {
    method: 'POST',
    url: url.href,
    headers,
    body: Buffer.from(form.toString()),
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  }
}

/** Networks and servers that fail are tried again; what the last try came to is the result. */
async function lastAnswer(client: ApiClient, call: ApiCall, retry: RetryPolicy): Promise<ApiAnswer> {
  let answer: ApiAnswer | undefined
  try {
    await pRetry(
      async () => {
        answer = await client.call(call)
        const isTransient =
          answer.kind === 'unanswered'
            ? answer.reason === 'network' || answer.reason === 'timeout'
            : answer.status >= 500 || answer.status === 429
        if (isTransient) throw new Error('transient')
      },
      { retries: retry.retries, minTimeout: retry.minTimeoutMs, factor: 2, randomize: true, unref: true },
    )
  } catch (error) {
    if (answer === undefined) throw error
  }
  return answer!
}

function parseGrant(body: Uint8Array): JsonObject | null {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}

/** A token keeps the name it was stored under: `token` for client credentials of the peer. */
function changedBy(granted: JsonObject, token: string, values: JsonObject, now: number): JsonObject {
  const name = textOf(values['token']) !== null && textOf(values['access_token']) === null ? 'token' : 'access_token'
  const lifetime = Number(granted['expires_in'])
  const refreshToken = textOf(granted['refresh_token'])
  return {
    [name]: token,
    expires_at: lifetime > 0 ? new Date(now + lifetime * 1_000).toISOString() : null,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
  }
}
