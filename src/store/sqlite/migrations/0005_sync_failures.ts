/**
 * Migration 5: why a sync failed last, and the events that set it off, so that the app is told when that changes and not of every run;
 * and which schedules are paused only because nobody has started them yet.
 */
import type { Migration } from '../migrate.ts'

export const syncFailures: Migration = {
  number: 5,
  name: 'sync_failures',
  sql: `
ALTER TABLE sync_schedules ADD COLUMN last_failure TEXT; -- code of the last run that ended; null: it succeeded
ALTER TABLE sync_lanes ADD COLUMN last_failure TEXT;
ALTER TABLE sync_schedules ADD COLUMN waits INTEGER NOT NULL DEFAULT 0; -- 1: paused until somebody starts it, or the declaration does
`,
}
