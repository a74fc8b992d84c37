/**
 * The syncs of an integration: those of its provider's spec, changed and added to by the configuration, checked as one and compiled.
 * What is wrong only in their sum (a member that nobody gives, two that do not fit) is a finding at the integration.
 */
import type { ResolvedIntegration } from '../config/resolved-config.ts'
import type { DocumentPath, Remark } from '../document/yaml-document.ts'
import type { SyncName } from '../domain/ids.ts'
import type { ProviderSpec, SyncDeclaration } from '../domain/provider-spec.gen.ts'
import type { CompiledSync } from '../spec/compiled-sync.ts'
import { compileSync, mergeSyncs, type SyncCompiler } from '../spec/compile-sync.ts'
import { lintSyncs } from '../spec/lint-sync.ts'

export interface IntegrationSyncs {
  /** Empty when there is an error among the remarks. */
  readonly syncs: ReadonlyMap<SyncName, CompiledSync>
  /** With paths from the root of the configuration. */
  readonly remarks: readonly Remark[]
}

const NONE: IntegrationSyncs = { syncs: new Map(), remarks: [] }

export function integrationSyncs(
  integration: ResolvedIntegration,
  spec: ProviderSpec,
  compile: SyncCompiler,
): IntegrationSyncs {
  const merged = mergeSyncs(spec.syncs ?? {}, integration.syncs)
  const path: DocumentPath = ['integrations', integration.key, 'syncs']
  const remarks: Remark[] = []
  for (const [name, override] of Object.entries(integration.syncs)) {
    if (override !== false || spec.syncs?.[name] !== undefined) continue
    remarks.push({
      path: [...path, name],
      code: 'config_unknown_sync',
      severity: 'warning',
      message: `the spec of ${integration.provider} has no sync "${name}" to switch off`,
      hint: `It has: ${Object.keys(spec.syncs ?? {}).join(', ') || 'none'}.`,
    })
  }
  if (merged.size === 0) return { ...NONE, remarks }
  lintSyncs(Object.fromEntries(merged), path, (remark) => remarks.push(remark))
  if (remarks.some(({ severity = 'error' }) => severity === 'error')) return { ...NONE, remarks }
  const syncs = new Map<SyncName, CompiledSync>()
  for (const [name, declaration] of merged) syncs.set(name as SyncName, compileSync(name, declaration, compile))
  return { syncs, remarks }
}

/** Options and secrets that the integration's own syncs ask for, whatever the spec names. */
export function namesOfSyncs(syncs: Iterable<SyncDeclaration | false>): { options: Set<string>; secrets: Set<string> } {
  const options = new Set<string>()
  const secrets = new Set<string>()
  for (const sync of syncs) {
    if (sync === false) continue
    for (const found of JSON.stringify(sync).matchAll(/\boptions\.([A-Za-z_][A-Za-z0-9_]*)/g)) options.add(found[1]!)
    if (typeof sync.auth !== 'object' || !('oauth2' in sync.auth)) continue
    options.add(sync.auth.oauth2.client_id ?? 'client_id')
    secrets.add(sync.auth.oauth2.client_secret ?? 'client_secret')
  }
  return { options, secrets }
}
