/**
 * Migration 3: syncs, their runs, their triggers, and the cache of records.
 *
 * Shapes that the rest builds on:
 * - A record set is the cache of one model of one connection. Its records have `seq = set_seq * 2^26 + number`, so a set is a range of
 *   rows, ids a run has seen are bits, and a set that was emptied or lost its connection is deleted behind the scenes.
 * - Times of change never go back within a set, so `records_changes` is both the order of the change stream and the index by time.
 * - `wake_at` of a schedule and `due_at` of a lane are null unless there is something to claim, or a lease that can lapse.
 */
import type { Migration } from '../migrate.ts'

export const syncs: Migration = {
  number: 3,
  name: 'syncs',
  sql: `
CREATE TABLE sync_schedules (
  seq INTEGER PRIMARY KEY,
  integration TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  sync TEXT NOT NULL,
  model TEXT NOT NULL,
  declared INTEGER NOT NULL,             -- 0: kept, but never claimed
  paused INTEGER NOT NULL,
  every_ms INTEGER NOT NULL,             -- as declared
  override_ms INTEGER,
  due_at INTEGER NOT NULL,               -- by the schedule
  request TEXT,                          -- JSON: the wish that is not claimed yet
  claim TEXT,                            -- JSON: what the run under way, or interrupted, answers
  lease_until INTEGER,                   -- null: not leased
  resume_at INTEGER,                     -- with a claim and no lease: when it goes on
  fence INTEGER NOT NULL DEFAULT 0,      -- raised by every claim
  rate_until INTEGER NOT NULL DEFAULT 0, -- no claim before; the same in all rows of a connection
  wake_at INTEGER,                       -- when it can be claimed, from all of the above
  run_seq INTEGER,                       -- the run that has begun and not ended
  last_full_at INTEGER,
  last_success_at INTEGER,
  last_trigger_at INTEGER,
  missed_webhooks INTEGER NOT NULL DEFAULT 0,
  checkpoint TEXT NOT NULL               -- JSON object
) STRICT;
CREATE UNIQUE INDEX sync_schedules_by_key ON sync_schedules (integration, connection_id, sync);
CREATE INDEX sync_schedules_awake ON sync_schedules (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX sync_schedules_leased ON sync_schedules (lease_until) WHERE lease_until IS NOT NULL;

-- When an event last triggered a sync for any connection.
CREATE TABLE sync_trigger_times (
  integration TEXT NOT NULL,
  sync TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (integration, sync)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_runs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  integration TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  sync TEXT NOT NULL,
  model TEXT NOT NULL,
  type TEXT NOT NULL,                    -- INITIAL, INCREMENTAL, WEBHOOK
  cause TEXT NOT NULL,                   -- schedule, webhook, request
  is_full INTEGER NOT NULL,
  triggers INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  state TEXT NOT NULL,                   -- running, waiting, succeeded, failed
  waits_until INTEGER,
  reason TEXT,
  finished_at INTEGER,
  resumptions INTEGER NOT NULL DEFAULT 0,
  pages INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0,
  added INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  ignored INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  swept INTEGER NOT NULL DEFAULT 0,      -- the row up to which missing records were looked for
  notes TEXT NOT NULL DEFAULT '[]',      -- JSON array of text
  checkpoint_before TEXT NOT NULL,       -- JSON object, as the next three
  checkpoint_after TEXT,
  failure TEXT,
  progress TEXT                          -- null before the first batch
) STRICT;
CREATE INDEX sync_runs_by_sync ON sync_runs (integration, connection_id, sync);
CREATE INDEX sync_runs_by_integration ON sync_runs (integration);
CREATE INDEX sync_runs_by_connection ON sync_runs (connection_id);
CREATE INDEX sync_runs_not_succeeded ON sync_runs (state) WHERE state <> 'succeeded';

CREATE TABLE record_sets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: leftovers of a removed set belong to nobody
  integration TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  model TEXT NOT NULL,
  is_dropped INTEGER NOT NULL DEFAULT 0, -- 1: nobody's any more, its records are being deleted
  next_number INTEGER NOT NULL DEFAULT 0,
  last_change INTEGER NOT NULL DEFAULT 0,
  changed_at INTEGER NOT NULL DEFAULT 0,
  live_count INTEGER NOT NULL DEFAULT 0, -- records that are not deleted
  pruned_at INTEGER NOT NULL DEFAULT 0,  -- place in the change stream up to which all payloads are pruned
  pruned_change INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX record_sets_by_model ON record_sets (integration, connection_id, model) WHERE is_dropped = 0;
CREATE INDEX record_sets_dropped ON record_sets (is_dropped) WHERE is_dropped = 1;

CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  set_seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  hash BLOB NOT NULL,                    -- empty when pruned
  run_seq INTEGER NOT NULL,              -- the run that changed it last
  change INTEGER NOT NULL,               -- rises with every change in the set
  action TEXT NOT NULL,                  -- ADDED, UPDATED, DELETED
  first_seen_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  pruned_at INTEGER,
  payload BLOB NOT NULL                  -- JSON text; empty when pruned
) STRICT;
CREATE UNIQUE INDEX records_by_id ON records (set_seq, id);
CREATE INDEX records_changes ON records (set_seq, modified_at, change, action);

-- Which records of its set a run has seen: a bit each, 2048 to a row. 100,000 records are 49 rows of 256 bytes.
CREATE TABLE sync_seen (
  run_seq INTEGER NOT NULL,
  chunk INTEGER NOT NULL,                -- seq of its records / 2048
  bits BLOB NOT NULL,
  PRIMARY KEY (run_seq, chunk)
) STRICT, WITHOUT ROWID;

-- A lane holds the triggers of one sync and connection, which are worked off together.
CREATE TABLE sync_lanes (
  seq INTEGER PRIMARY KEY,
  integration TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  sync TEXT NOT NULL,
  due_at INTEGER,                        -- null when nothing waits; leased: when the lease lapses
  is_leased INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  postponements INTEGER NOT NULL DEFAULT 0,
  claimed_to INTEGER,                    -- the last trigger of the last claim, until they are done
  applied TEXT                           -- JSON: the run and what it came to
) STRICT;
CREATE UNIQUE INDEX sync_lanes_by_key ON sync_lanes (integration, connection_id, sync);
CREATE INDEX sync_lanes_due ON sync_lanes (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE sync_triggers (
  seq INTEGER PRIMARY KEY,
  lane_seq INTEGER NOT NULL,
  trigger TEXT NOT NULL,                 -- JSON: all of it but the bytes of its records
  bytes BLOB NOT NULL                    -- of each record the hash and the payload
) STRICT;
CREATE INDEX sync_triggers_by_lane ON sync_triggers (lane_seq);

CREATE TABLE missed_webhooks (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  integration TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  sync TEXT NOT NULL,
  run_id TEXT NOT NULL,
  model TEXT NOT NULL,
  record_id TEXT NOT NULL,
  action TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  confirm_at INTEGER                     -- a suspicion until then; null: confirmed
) STRICT;
CREATE INDEX missed_webhooks_suspected ON missed_webhooks (confirm_at) WHERE confirm_at IS NOT NULL;
CREATE INDEX missed_webhooks_suspected_by_record ON missed_webhooks (integration, connection_id, sync, record_id)
  WHERE confirm_at IS NOT NULL;
CREATE INDEX missed_webhooks_by_connection ON missed_webhooks (connection_id);
CREATE INDEX missed_webhooks_by_integration ON missed_webhooks (integration);
`,
}
