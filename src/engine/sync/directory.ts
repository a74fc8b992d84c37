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

export function createSyncDirectory(settings: SettingsSource): SyncDirectory {
  function activate(integration: IntegrationSettings, declaration: CompiledSync): ActiveSync {
    return {
      integration: integration.key,
      provider: integration.spec.provider,
      declaration,
      options: integration.options,
      secrets: integration.secrets,
      destinations: integration.syncNotices ?? integration.forward,
    }
  }

  return {
    find(key, sync) {
      const integration = settings.current().integrations.get(key)
      const declaration = integration?.syncs?.get(sync as SyncName)
      return integration === undefined || declaration === undefined ? null : activate(integration, declaration)
    },
    syncsOf(key) {
      const integration = settings.current().integrations.get(key)
      if (integration?.syncs === undefined) return []
      return [...integration.syncs.values()].map((declaration) => activate(integration, declaration))
    },
    integrations: () => settings.current().syncing ?? [],
  }
}
