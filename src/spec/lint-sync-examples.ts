/** Whether a spec proves its syncs: each has examples, told apart by name, and what its webhooks are expected to set off is there. */
import type { ProviderSpec } from '../domain/provider-spec.gen.ts'
import { suggest } from '../domain/suggestion.ts'
import type { Report } from './lint.ts'

export function lintSyncExamples({ syncs = {}, examples }: ProviderSpec, report: Report): void {
  for (const [name, { examples: own = [] }] of Object.entries(syncs)) {
    if (own.length === 0) {
      report({
        path: ['syncs', name],
        atKey: true,
        code: 'sync_without_example',
        severity: 'warning',
        message: `no example shows what the sync "${name}" asks for and what records come of it`,
        hint: 'Add one under examples:, with a recorded answer. postern sync try shows what it comes to.',
      })
    }
    for (const [at, example] of own.entries()) {
      if (own.findIndex((one) => one.name === example.name) === at) continue
      report({
        path: ['syncs', name, 'examples', at, 'name'],
        code: 'sync_ambiguous_example',
        message: `two examples of the sync are called "${example.name}"`,
        hint: 'Give each a name of its own.',
      })
    }
  }
  for (const [at, { expect }] of examples.entries()) {
    for (const [place, trigger] of (expect.syncs ?? []).entries()) {
      const path = ['examples', at, 'expect', 'syncs', place]
      if (!Object.hasOwn(syncs, trigger.sync)) {
        report({
          path: [...path, 'sync'],
          code: 'sync_unknown',
          message: `there is no sync "${trigger.sync}"`,
          hint: suggest(trigger.sync, Object.keys(syncs)) ?? 'Declare it under syncs.',
        })
      }
      const kinds = (['run', 'fetch', 'upsert', 'delete'] as const).filter((kind) => trigger[kind] !== undefined)
      if (kinds.length === 1) continue
      report({
        path,
        code: 'sync_ambiguous_expectation',
        message: kinds.length === 0 ? 'it does not say what is asked of the sync' : `it has ${kinds.join(' and ')}`,
        hint: 'Give one of run, fetch, upsert and delete.',
      })
    }
  }
}
