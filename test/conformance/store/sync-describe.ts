/**
 * What every store promises to syncs (src/engine/sync/ports/), as tests. An adapter passes all of them or names its exceptions where it
 * calls this.
 */
import { describe } from 'vitest'
import type { OpenSyncStore } from './sync-given.ts'
import { syncRecords } from './sync-records.ts'
import { syncRuns } from './sync-runs.ts'
import { syncSchedules } from './sync-schedules.ts'
import { syncTriggers } from './sync-triggers.ts'

export function describeSyncStore(name: string, open: OpenSyncStore): void {
  describe(`${name}: schedules of syncs`, () => syncSchedules(open))
  describe(`${name}: runs of syncs`, () => syncRuns(open))
  describe(`${name}: records`, () => syncRecords(open))
  describe(`${name}: triggers, gaps and credentials`, () => syncTriggers(open))
}
