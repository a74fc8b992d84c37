/** What the events of an example ask of the spec's syncs: found by the gateway's own code, collected instead of stored. */
import type { Connection } from '../../../domain/connection.ts'
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'
import type { ExampleConnection, ProviderSpec } from '../../../domain/provider-spec.gen.ts'
import type { Interpretation } from '../../../engine/receive/interpret.ts'
import type { IntegrationSettings } from '../../../engine/settings.ts'
import type { SyncTrigger } from '../../../engine/sync/ports/trigger-store.ts'
import { createTriggers } from '../../../engine/sync/triggers.ts'
import { createSyncExpressionCompiler } from '../../../expression/compile.ts'
import { compileSync } from '../../../spec/compile-sync.ts'
import type { CompiledSync } from '../../../spec/compiled-sync.ts'

/** In the words of `expect.syncs`: one of `run`, `fetch`, `upsert` and `delete`. */
export interface SeenTrigger {
  readonly sync: string
  readonly connection: string
  readonly run?: true
  readonly fetch?: readonly string[]
  readonly upsert?: readonly unknown[]
  readonly delete?: readonly string[]
  readonly forward?: true
}

export interface SeenTriggers {
  readonly triggers: readonly SeenTrigger[]
  /** What the gateway would have logged. */
  readonly problems: readonly string[]
}

export type FindTriggers = (input: {
  readonly integration: IntegrationSettings
  readonly meaning: Interpretation & { readonly kind: 'accepted' }
  readonly connections: readonly ExampleConnection[]
  readonly now: number
}) => Promise<SeenTriggers>

/** For one spec, whose syncs are compiled when the first example asks for them. */
export function createFindTriggers({ syncs = {} }: ProviderSpec): FindTriggers {
  let compiled: readonly CompiledSync[] | undefined
  const compiledSyncs = (): readonly CompiledSync[] => {
    const compile = createSyncExpressionCompiler()
    return (compiled ??= Object.entries(syncs).map(([name, declaration]) => compileSync(name, declaration, compile)))
  }
  return async ({ integration, meaning, connections, now }) => {
    const found: SyncTrigger[] = []
    const problems: string[] = []
    const { key, options, secrets, forward, spec } = integration
    const accept = createTriggers({
      isStarted: () => true,
      store: {
        addTriggers({ triggers }) {
          found.push(...triggers)
          return Promise.resolve()
        },
      },
      connections: {
        getConnection(_key, id) {
          const given = connections.find((connection) => connection.connection_id === id)
          return Promise.resolve(given === undefined ? null : connectionOf(given, integration))
        },
      },
      directory: {
        syncsOf: () =>
          compiledSyncs().map((declaration) => ({
            integration: key,
            provider: spec.provider,
            declaration,
            options,
            secrets,
            destinations: forward,
          })),
      },
      clock: { now: () => now },
      journal: { warn: (_name, { sync, detail }) => void problems.push(`${String(sync)}: ${String(detail)}`) },
      wake: () => undefined,
    })
    await accept({ integration: key, events: meaning.events, views: meaning.views, duplicates: new Set() })
    return { triggers: found.map(seenTrigger), problems }
  }
}

function connectionOf(
  given: ExampleConnection,
  integration: { key: IntegrationKey; spec: { provider: string } },
): Connection {
  return {
    connectionId: given.connection_id as ConnectionId,
    integration: integration.key,
    provider: integration.spec.provider,
    connectionConfig: given.connection_config ?? {},
    metadata: given.metadata ?? {},
    tags: given.tags ?? {},
    webhookUrlOverride: given.webhook_url_override ?? null,
    createdAt: 0,
    updatedAt: 0,
  }
}

function seenTrigger({ key, action, forwardsResult }: SyncTrigger): SeenTrigger {
  const common = { sync: key.sync, connection: key.connectionId }
  const forward = forwardsResult ? { forward: true as const } : {}
  switch (action.kind) {
    case 'run':
      return { ...common, run: true }
    case 'fetch':
      return { ...common, fetch: action.ids, ...forward }
    case 'upsert':
      return { ...common, upsert: action.records.map(({ payload }) => recordOf(payload)), ...forward }
    case 'delete':
      return { ...common, delete: action.ids }
  }
}

function recordOf(payload: Uint8Array): unknown {
  return JSON.parse(Buffer.from(payload).toString('utf8'))
}
