/** Which syncs are declared, under the configuration in force. */
import type { DestinationName, IntegrationKey, SyncName } from '../../domain/ids.ts'
import type { Secret } from '../../domain/secret.ts'
import type { CompiledSync } from '../../spec/compiled-sync.ts'
import type { IntegrationSettings, SettingsSource } from '../settings.ts'

/** A declared sync with what its integration adds. */
export interface ActiveSync {
  readonly integration: IntegrationKey
  readonly provider: string
  readonly declaration: CompiledSync
  readonly options: Readonly<Record<string, string>>
  readonly secrets: ReadonlyMap<string, readonly Secret[]>
  /** Where the app is told of runs. */
  readonly destinations: readonly DestinationName[]
}

export interface SyncDirectory {
  find(integration: string, sync: string): ActiveSync | null
  syncsOf(integration: string): readonly ActiveSync[]
  /** Integrations that have syncs. */
  integrations(): readonly IntegrationKey[]
}

/** `syncsOf` gives the compiled syncs of an integration; absent or empty for most. */
export function createSyncDirectory(input: {
  settings: SettingsSource
  syncsOf: (integration: IntegrationSettings) => ReadonlyMap<SyncName, CompiledSync> | undefined
}): SyncDirectory {
  const { settings, syncsOf } = input

  function activate(integration: IntegrationSettings, declaration: CompiledSync): ActiveSync {
    return {
      integration: integration.key,
      provider: integration.spec.provider,
      declaration,
      options: integration.options,
      secrets: integration.secrets,
      destinations: integration.forward,
    }
  }

  return {
    find(key, sync) {
      const integration = settings.current().integrations.get(key)
      const declaration = integration === undefined ? undefined : syncsOf(integration)?.get(sync as SyncName)
      return integration === undefined || declaration === undefined ? null : activate(integration, declaration)
    },
    syncsOf(key) {
      const integration = settings.current().integrations.get(key)
      const syncs = integration === undefined ? undefined : syncsOf(integration)
      return integration === undefined || syncs === undefined
        ? []
        : [...syncs.values()].map((declaration) => activate(integration, declaration))
    },
    integrations() {
      const found: IntegrationKey[] = []
      for (const integration of settings.current().integrations.values()) {
        if ((syncsOf(integration)?.size ?? 0) > 0) found.push(integration.key)
      }
      return found
    },
  }
}
