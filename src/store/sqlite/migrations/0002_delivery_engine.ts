/**
 * Migration 2: what the delivery engine needs beside the queue.
 *
 * - First tries and retries stand in partial indexes of their own, so that a backlog of retries is never walked to find what is new.
 *   A delivery is in one of the two, so storing a request writes as many index entries as before.
 * - `order_key` is null unless the destination keeps the order of connections: `<integration>\n<connection>`. Of the unfinished
 *   deliveries with one key only the first is due; the others are pending with `due_at` null. The index holds ordered ones only.
 * - Counters for each destination, under `destinations.<state>:<name>`.
 */
import type { Migration } from '../migrate.ts'

export const deliveryEngine: Migration = {
  number: 2,
  name: 'delivery_engine',
  sql: `
ALTER TABLE deliveries ADD COLUMN order_key TEXT;
ALTER TABLE attempts ADD COLUMN next_reason TEXT; -- schedule, retry_after, a death reason; null after success

DROP INDEX deliveries_due;
CREATE INDEX deliveries_first_due ON deliveries (destination, due_at)
  WHERE due_at IS NOT NULL AND tries = 0 AND replayed = 0;
CREATE INDEX deliveries_again_due ON deliveries (destination, due_at)
  WHERE due_at IS NOT NULL AND (tries > 0 OR replayed > 0);
CREATE INDEX deliveries_in_order ON deliveries (destination, order_key, seq)
  WHERE order_key IS NOT NULL AND state IN ('pending', 'in_flight');
CREATE INDEX held_identifiers_by_delivery ON held_identifiers (delivery_seq);

CREATE TABLE destination_pauses (
  destination TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  reason TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE replays (
  id TEXT PRIMARY KEY,                   -- ids rise with time
  state TEXT NOT NULL,                   -- planned, running, done, cancelled
  document TEXT NOT NULL                 -- JSON object: the whole replay
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_by_state ON replays (state, id);

INSERT INTO counters (name, value)
  SELECT 'destinations.' || state || ':' || destination, count(*) FROM deliveries GROUP BY state, destination;
`,
}
