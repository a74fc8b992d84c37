/**
 * Migration 1: requests with their events, deliveries and attempts, and connections with their identifiers.
 *
 * Shapes that the rest of the adapter builds on:
 * - `requests.seq` numbers requests in order of commit. The children of a request have `seq = request_seq * 2^20 + n`: events and
 *   deliveries of a request are a rowid range, `seq >> 20` is the request, and no index on a foreign key is written or kept.
 *   Deleting the oldest requests is: their `seq` from `request_index` under '*', a range delete each of attempts, deliveries and
 *   events, and the entries of the trailing indexes by their full keys, which the rows tell.
 * - Only indexes that grow at their end are written with a request. Those with scattered keys (`request_index`, `dedupe_keys`)
 *   trail behind and are merged in sorted batches, because a page dirtied at random costs more than the row itself: 64 requests
 *   in a group cost 22 us each without them and 60 us each with them (100,000 rows stored, 2 cores, NVMe).
 * - `deliveries.due_at` is null unless the delivery waits or is leased, so the partial index holds only what is still to be done,
 *   however many millions are delivered.
 * - Large columns come last: a list reads the head of the row and never the body's overflow pages.
 */
import type { Migration } from '../migrate.ts'

export const requestsAndConnections: Migration = {
  number: 1,
  name: 'requests_and_connections',
  sql: `
CREATE TABLE requests (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  integration TEXT NOT NULL,
  provider TEXT NOT NULL,
  outcome TEXT NOT NULL,                 -- accepted, duplicate, refused, handshake
  received_at INTEGER NOT NULL,          -- ms since the epoch, as all times
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  answer_status INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  scheme TEXT,
  secret_fingerprint TEXT,
  clock_skew_ms INTEGER,
  refusal_code TEXT,
  refusal_detail TEXT,
  handshake TEXT,
  problems TEXT,                         -- JSON array of text, null when there are none
  event_count INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  remote_address TEXT,
  headers TEXT NOT NULL,                 -- JSON object
  payload_kind TEXT,                     -- json, text; null when nothing is forwarded
  payload_content_type TEXT,
  payload_batch_path TEXT,               -- JSON array
  payload_headers TEXT,                  -- JSON object
  payload_bytes BLOB,                    -- null when they are the body's
  body BLOB NOT NULL
) STRICT;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL,          -- the request's
  position INTEGER NOT NULL,
  type TEXT,
  dedupe_key TEXT,
  occurred_at INTEGER,
  status TEXT NOT NULL,                  -- matched, unmatched, duplicate, skipped
  matched_by TEXT,
  detail TEXT,
  connections TEXT                       -- JSON array, null when there are none
) STRICT;

-- What an operator looks for; the rule, matched, is found through its request.
CREATE INDEX events_not_matched ON events (status, received_at) WHERE status <> 'matched';

CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,           -- the request's received_at
  destination TEXT NOT NULL,
  connection_id TEXT,
  body TEXT NOT NULL,                    -- wrapped, raw
  url_override TEXT,
  state TEXT NOT NULL,
  due_at INTEGER,                        -- pending: due then; in_flight: the lease lapses then; else null
  fence INTEGER NOT NULL,                -- raised by every claim
  tries INTEGER NOT NULL DEFAULT 0,      -- attempts since the retry schedule last began
  attempt_count INTEGER NOT NULL DEFAULT 0,
  replayed INTEGER NOT NULL DEFAULT 0,   -- 1 until the first attempt after a replay
  death_reason TEXT,
  finished_at INTEGER,
  last_status INTEGER,
  last_error TEXT,
  event_ids TEXT NOT NULL,               -- JSON array
  positions TEXT                         -- JSON array, null keeps the payload as it is
) STRICT;

CREATE INDEX deliveries_due ON deliveries (destination, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_not_delivered ON deliveries (state, created_at) WHERE state <> 'delivered';

CREATE TABLE attempts (
  seq INTEGER PRIMARY KEY,
  delivery_seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  trigger TEXT NOT NULL,                 -- auto, manual
  url TEXT NOT NULL,
  outcome TEXT NOT NULL,                 -- accepted, retryable, permanent
  reason TEXT,
  status INTEGER,
  detail TEXT,
  retry_at INTEGER,
  response_head TEXT NOT NULL
) STRICT;

CREATE INDEX attempts_by_delivery ON attempts (delivery_seq);

-- Requests by subject: '*', 'integration:<key>', 'connection:<id>'. Holds every request up to the mark request_index, and perhaps
-- some beyond it; those beyond are found in the table itself.
CREATE TABLE request_index (
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  request_seq INTEGER NOT NULL,
  PRIMARY KEY (subject, outcome, received_at, request_seq)
) STRICT, WITHOUT ROWID;

-- Events by a 53-bit hash of integration and dedupe key, up to the mark dedupe_keys; a hit is confirmed on the event's own row.
CREATE TABLE dedupe_keys (
  hash INTEGER NOT NULL,
  event_seq INTEGER NOT NULL,
  PRIMARY KEY (hash, event_seq)
) STRICT, WITHOUT ROWID;

-- How far a trailing index has come, as the seq of its last row.
CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO marks VALUES ('request_index', 0), ('dedupe_keys', 0);

-- Rows by outcome and state, kept up to date in the transaction that changes them.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row, written to learn whether a write would succeed.
CREATE TABLE probe (
  checked_at INTEGER NOT NULL,
  padding BLOB
) STRICT;
INSERT INTO probe VALUES (0, NULL);

CREATE TABLE connections (
  seq INTEGER PRIMARY KEY,
  connection_id TEXT NOT NULL,
  integration TEXT NOT NULL,
  provider TEXT NOT NULL,
  webhook_url_override TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  connection_config TEXT NOT NULL,       -- JSON object, as the next two
  metadata TEXT NOT NULL,
  tags TEXT NOT NULL,
  credentials BLOB                       -- encrypted before it comes here
) STRICT;

CREATE UNIQUE INDEX connections_by_id ON connections (connection_id, integration);
CREATE INDEX connections_by_integration ON connections (integration);

CREATE TABLE connection_identifiers (
  integration TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  PRIMARY KEY (integration, field, value, connection_id)
) STRICT, WITHOUT ROWID;

-- What held deliveries wait for: a connection with this identifier. An entry outlives the wait; only state 'held' counts.
CREATE TABLE held_identifiers (
  integration TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  delivery_seq INTEGER NOT NULL,
  PRIMARY KEY (integration, field, value, delivery_seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX connection_identifiers_by_connection ON connection_identifiers (connection_id, integration);
`,
}
