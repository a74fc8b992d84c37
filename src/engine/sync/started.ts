/**
 * Which syncs may run for any connection at all. Built-in declarations wait for somebody to start them, and until then an event must
 * not cost a look at its connections and a commit. A sync that was paused again counts as started until the next start of the process:
 * the store knows better, and answers with nothing to do.
 */
import type { ActiveSync } from './directory.ts'

export interface StartedSyncs {
  /** Null stands for all of the integration. */
  add(integration: string, syncs: readonly string[] | null): void
  has(active: ActiveSync): boolean
}

export function createStartedSyncs(): StartedSyncs {
  /** By integration; null stands for all of its syncs. */
  const known = new Map<string, Set<string> | null>()
  return {
    add(integration, syncs) {
      const before = known.get(integration)
      if (before === null) return
      known.set(integration, syncs === null ? null : new Set([...(before ?? []), ...syncs]))
    },
    has({ integration, declaration }) {
      const syncs = known.get(integration)
      return syncs === null || syncs?.has(declaration.name) === true
    },
  }
}
