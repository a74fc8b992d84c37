/**
 * The secrets in force: those of the configuration and those that are kept in the store. A captured secret never takes the place of
 * another, configured or captured; it is believed from the moment it is on disk.
 */
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import { Secret } from '../../domain/secret.ts'
import { fingerprintOf } from '../../verify/fingerprint.ts'
import type { ConnectionSecret, ConnectionSecrets } from '../../verify/verifier.ts'
import type { Clock, Journal } from '../ports.ts'
import type { CapturedSecret } from '../receive/handshake.ts'
import type { IntegrationSettings } from '../settings.ts'
import type { Vault } from '../vault.ts'
import type { KeptSecret, SecretStore } from './ports.ts'

/** More connections than this behind one hint are a misconfiguration, and each costs a signature. */
const MAX_HINTED_CONNECTIONS = 20

export interface SecretFacts {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId | null
  readonly name: string
  readonly position: number
  readonly source: KeptSecret['source']
  readonly createdAt: number
  /** Null where no encryption key in force opens it. */
  readonly fingerprint: string | null
}

export interface Keyring {
  /** Reads what was captured before. Call it before the first request. */
  load(): Promise<void>
  /** The integration's secrets: the configured ones, and behind them what was captured. */
  secretsOf(integration: Pick<IntegrationSettings, 'key' | 'secrets'>): ReadonlyMap<string, readonly Secret[]>
  /** For verification: secrets of single connections, by an unverified hint. */
  connectionSecrets(integration: IntegrationKey): ConnectionSecrets
  /** Keeps a captured secret; false where there is one already. Resolves when it is on disk. */
  keep(integration: IntegrationKey, captured: CapturedSecret): Promise<boolean>
  /** Sets a connection's secrets by name; an empty list deletes. Resolves when they are on disk. */
  setConnectionSecrets(
    integration: IntegrationKey,
    connectionId: ConnectionId,
    secrets: ReadonlyMap<string, readonly Secret[]>,
  ): Promise<void>
  list(integration: IntegrationKey | null): Promise<readonly SecretFacts[]>
  /** A kept secret itself, for the person who has to give it to the provider; null when there is none. */
  reveal(place: {
    integration: IntegrationKey
    connectionId: ConnectionId | null
    name: string
  }): Promise<Secret | null>
  /** Forgets kept secrets of this name; says how many. */
  forget(place: { integration: IntegrationKey; connectionId: ConnectionId | null; name: string }): Promise<number>
}

export function createKeyring(parts: { store: SecretStore; vault: Vault; clock: Clock; journal: Journal }): Keyring {
  const { store, vault, clock, journal } = parts
  /** Captured secrets that serve a whole integration, by integration and name. */
  let captured = new Map<IntegrationKey, Map<string, Secret[]>>()
  /** Merged maps, so that a request costs no copy; thrown away whole when anything is captured or forgotten. */
  let merged = new WeakMap<ReadonlyMap<string, readonly Secret[]>, ReadonlyMap<string, readonly Secret[]>>()

  const load = async (): Promise<void> => {
    const found = new Map<IntegrationKey, Map<string, Secret[]>>()
    for (const kept of await store.listSecrets(null)) {
      if (kept.connectionId !== null) continue
      const secret = open(kept)
      if (secret === null) continue
      const byName = found.get(kept.integration) ?? new Map<string, Secret[]>()
      byName.set(kept.name, [...(byName.get(kept.name) ?? []), secret])
      found.set(kept.integration, byName)
    }
    captured = found
    merged = new WeakMap()
  }

  const open = (kept: KeptSecret): Secret | null => {
    const text = vault.open(kept.sealed, placeOf(kept))
    if (text === null) {
      journal.error('secret.unreadable', {
        integration: kept.integration,
        connection_id: kept.connectionId,
        name: kept.name,
      })
      return null
    }
    return new Secret(text)
  }

  return {
    load,
    secretsOf(integration) {
      const own = captured.get(integration.key)
      if (own === undefined) return integration.secrets
      let all = merged.get(integration.secrets)
      if (all === undefined) {
        const joined = new Map(integration.secrets)
        for (const [name, secrets] of own) joined.set(name, [...(joined.get(name) ?? []), ...secrets])
        all = joined
        merged.set(integration.secrets, all)
      }
      return all
    },
    connectionSecrets: (integration) => ({
      find({ field, values, name }) {
        const answer = store.findConnectionSecrets({ integration, field, values }, name, MAX_HINTED_CONNECTIONS)
        return answer instanceof Promise ? answer.then((kept) => grouped(kept, open)) : grouped(answer, open)
      },
    }),
    async keep(integration, { name, value, connection }) {
      const place = { integration, connectionId: connection ?? null, name, position: 0 }
      const isKept = await store.keepCapturedSecret({
        ...place,
        sealed: vault.seal(value.reveal(), placeOf(place)),
        source: 'captured',
        createdAt: clock.now(),
      })
      if (isKept && connection === undefined) await load()
      const facts = { integration, connection_id: connection ?? null, name, fingerprint: fingerprintOf(value) }
      journal.warn(isKept ? 'secret.captured' : 'secret.not_replaced', facts)
      return isKept
    },
    async setConnectionSecrets(integration, connectionId, secrets) {
      const now = clock.now()
      await store.replaceConnectionSecrets({
        integration,
        connectionId,
        names: [...secrets.keys()],
        secrets: [...secrets].flatMap(([name, live]) =>
          live.map((secret, position) => {
            const place = { integration, connectionId, name, position }
            return {
              ...place,
              sealed: vault.seal(secret.reveal(), placeOf(place)),
              source: 'given' as const,
              createdAt: now,
            }
          }),
        ),
      })
    },
    async list(integration) {
      const kept = await store.listSecrets(integration)
      return kept.map((one) => {
        const secret = open(one)
        const { sealed: _sealed, ...facts } = one
        return { ...facts, fingerprint: secret === null ? null : fingerprintOf(secret) }
      })
    },
    async reveal({ integration, connectionId, name }) {
      const kept = await store.listSecrets(integration)
      const found = kept.find((one) => one.connectionId === connectionId && one.name === name)
      return found === undefined ? null : open(found)
    },
    async forget(place) {
      const count = await store.deleteSecrets(place)
      if (place.connectionId === null) await load()
      return count
    },
  }
}

function grouped(kept: readonly KeptSecret[], open: (kept: KeptSecret) => Secret | null): ConnectionSecret[] {
  const byConnection = new Map<ConnectionId, Secret[]>()
  for (const one of kept) {
    const secret = open(one)
    if (one.connectionId === null || secret === null) continue
    byConnection.set(one.connectionId, [...(byConnection.get(one.connectionId) ?? []), secret])
  }
  return [...byConnection].map(([connectionId, secrets]) => ({ connectionId, secrets }))
}

/** Bound to the sealed bytes, so that a secret copied to another row does not open there. */
function placeOf({
  integration,
  connectionId,
  name,
  position,
}: Pick<KeptSecret, 'integration' | 'connectionId' | 'name' | 'position'>): string {
  return JSON.stringify(['secret', integration, connectionId, name, position])
}
