/**
 * The credentials of connections: opened from the store, sent as the declaration says, and OAuth 2 tokens refreshed a minute before they
 * expire or when the provider refuses them. However many runs wait for a token, one call refreshes it; the new one is stored sealed
 * before it is used, because a provider that rotates refresh tokens has already forgotten the old one.
 */
import pRetry from 'p-retry'
import type { JsonObject, JsonValue } from '../../domain/connection.ts'
import type { SyncView } from '../../domain/expression.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import type { CompiledAuth } from '../../spec/compiled-sync.ts'
import type { Clock, Journal } from '../ports.ts'
import type { ActiveSync } from './directory.ts'
import { fail, ok, type Outcome } from './failure.ts'
import type { CredentialStore } from './ports/credential-store.ts'
import type { PreparedCall } from './request.ts'
import type { TokenRequester } from './token-request.ts'

/** What a call is sent with; `secrets` are the texts that must not be shown. */
export interface LiveCredentials {
  readonly values: JsonObject
  readonly secrets: readonly string[]
}

export interface CredentialKeeper {
  /** Ready to be sent: refreshed when they expire soon. `refused` asks for a token other than this one. */
  obtain(request: {
    active: ActiveSync
    connectionId: ConnectionId
    view: SyncView
    refused?: LiveCredentials
  }): Promise<Outcome<LiveCredentials>>
}

export interface CredentialDeps {
  readonly store: CredentialStore
  readonly vault: {
    seal(text: string, place: string): Uint8Array
    open(sealed: Uint8Array, place: string): string | null
  }
  readonly requestToken: TokenRequester
  readonly clock: Clock
  readonly journal: Journal
}

const EXPIRY_MARGIN_MS = 60_000

export function createCredentialKeeper(deps: CredentialDeps): CredentialKeeper {
  const { store, vault, requestToken, clock, journal } = deps
  const refreshing = new Map<string, Promise<Outcome<LiveCredentials>>>()

  async function read(
    integration: IntegrationKey,
    connectionId: ConnectionId,
  ): Promise<Outcome<{ values: JsonObject; version: number } | null>> {
    const kept = await store.readCredentials(integration, connectionId)
    if (kept === null) return ok(null)
    const text = vault.open(kept.sealed, placeOf(integration, connectionId))
    if (text === null) {
      return fail('credentials_unreadable', `the credentials of ${connectionId} cannot be decrypted`, {
        hint: 'Bring back the encryption key they were stored under, or store them again.',
      })
    }
    return ok({ values: JSON.parse(text) as JsonObject, version: kept.version })
  }

  async function refresh(request: Parameters<CredentialKeeper['obtain']>[0]): Promise<Outcome<LiveCredentials>> {
    const { active, connectionId, view, refused } = request
    const { integration, declaration } = active
    const kept = await read(integration, connectionId)
    if (!kept.ok) return kept
    const values = kept.value?.values ?? {}
    // Another process, or whoever was first in line, may have refreshed it meanwhile.
    const isFresh = !expiresSoon(values, clock.now()) && tokenOf(values) !== null
    if (isFresh && (refused === undefined || tokenOf(refused.values) !== tokenOf(values))) return ok(live(values))
    if (declaration.auth.kind !== 'oauth2') return refusedForGood(connectionId)
    const granted = await requestToken({ auth: declaration.auth, active, values, view })
    if (!granted.ok) return granted
    const next: JsonObject = { ...values, ...granted.value }
    const sealed = vault.seal(JSON.stringify(next), placeOf(integration, connectionId))
    if (kept.value !== null) {
      const { version: expectedVersion } = kept.value
      // The old refresh token may be dead by now: a moment of trouble in the store must not cost the connection.
      const isReplaced = await pRetry(
        () => store.replaceCredentials({ integration, connectionId, expectedVersion, sealed }),
        { retries: 5, minTimeout: 100, unref: true },
      )
      journal.record('credentials.refreshed', { integration, connection_id: connectionId, stored: isReplaced })
    }
    return ok(live(next))
  }

  return {
    async obtain(request) {
      const { active, connectionId, refused } = request
      const { auth } = active.declaration
      if (auth.kind === 'none') return ok({ values: {}, secrets: [] })
      const key = `${active.integration}\n${connectionId}`
      const waiting = refreshing.get(key)
      if (waiting !== undefined) return waiting
      if (refused === undefined) {
        const kept = await read(active.integration, connectionId)
        if (!kept.ok) return kept
        const values = kept.value?.values ?? {}
        const isUsable = auth.kind === 'oauth2' ? !expiresSoon(values, clock.now()) : true
        if (isUsable && hasWhatItTakes(auth, values)) return ok(live(values))
        if (auth.kind !== 'oauth2') {
          return fail('credentials_missing', `${connectionId} has no credentials for ${auth.kind} authorization`, {
            hint: 'Store them with the connection: PATCH /connections/{id}.',
          })
        }
      }
      const running = refreshing.get(key) ?? refresh(request).finally(() => refreshing.delete(key))
      refreshing.set(key, running)
      return running
    },
  }
}

function refusedForGood(connectionId: ConnectionId): ReturnType<typeof fail> {
  return fail('credentials_refused', `the provider refuses the credentials of ${connectionId}`, {
    hint: 'Store valid credentials with the connection: PATCH /connections/{id}.',
  })
}

/** Where `POST /connections` seals them. */
function placeOf(integration: IntegrationKey, connectionId: ConnectionId): string {
  return `credentials:${integration}:${connectionId}`
}

/** The call with its authorization. */
export function authorize(call: PreparedCall, auth: CompiledAuth, { values }: LiveCredentials): PreparedCall {
  switch (auth.kind) {
    case 'none':
      return call
    case 'bearer':
      return withHeader(call, 'authorization', `Bearer ${tokenOf(values)}`)
    case 'oauth2':
      return withHeader(call, auth.header, `${auth.prefix}${tokenOf(values)}`)
    case 'header':
      return withHeader(call, auth.name, `${auth.prefix}${keyOf(values)}`)
    case 'basic': {
      const pair = `${textOf(values['username']) ?? ''}:${textOf(values['password']) ?? ''}`
      return withHeader(call, 'authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
    }
    case 'query': {
      const url = new URL(call.url)
      url.searchParams.set(auth.name, keyOf(values) ?? '')
      return { ...call, url }
    }
  }
}

function withHeader(call: PreparedCall, name: string, value: string): PreparedCall {
  return { ...call, headers: { ...call.headers, [name]: value } }
}

function hasWhatItTakes(auth: CompiledAuth, values: JsonObject): boolean {
  if (auth.kind === 'basic') return textOf(values['username']) !== null
  return (auth.kind === 'bearer' || auth.kind === 'oauth2' ? tokenOf(values) : keyOf(values)) !== null
}

/** Under the names that the peer's clients store it. */
function tokenOf(values: JsonObject): string | null {
  return textOf(values['access_token']) ?? textOf(values['token']) ?? keyOf(values)
}

function keyOf(values: JsonObject): string | null {
  return textOf(values['apiKey']) ?? textOf(values['api_key'])
}

export function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** `expires_at` is ISO text, or a number of seconds or ms; without it a token is good until it is refused. */
function expiresSoon(values: JsonObject, now: number): boolean {
  const at = values['expires_at']
  // Seconds since 1970 reach 1e11 in the year 5138; ms passed it in 1973.
  const ms =
    typeof at === 'number' ? (at < 1e11 ? at * 1_000 : at) : typeof at === 'string' ? Date.parse(at) : Number.NaN
  return Number.isNaN(ms) ? false : ms - EXPIRY_MARGIN_MS <= now
}

/** Every text in them may be a secret, but for those that say what they are. */
function live(values: JsonObject): LiveCredentials {
  const secrets = new Set<string>()
  const visit = (value: JsonValue, name: string): void => {
    if (typeof value === 'string') {
      if (!['type', 'expires_at', 'token_type', 'scope', 'username', 'client_id'].includes(name)) secrets.add(value)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) visit(member, key)
    }
  }
  visit(values, '')
  const username = textOf(values['username'])
  const password = textOf(values['password'])
  if (username !== null) {
    secrets.add(Buffer.from(`${username}:${password ?? ''}`).toString('base64'))
    if (password === null) secrets.add(username) // then the user is the key
  }
  return { values, secrets: [...secrets] }
}
