/**
 * Migration 6: the entries of connections in `request_index` stand in blocks of 32,768 requests.
 *
 * With 100,000 connections in the index of 1,000,000 requests nearly every entry dirtied a page of its own: 3.3 pages written for
 * each accepted request, 1.2 in an empty database, and twice the work. Entries of the newest block share some two hundred pages, however many
 * blocks there are. A search goes through the blocks from the newest to the oldest; `request_blocks` says of which times each is,
 * because a clock that was set back makes them overlap. What all requests have in common, '*' and their integration, stands
 * undivided in block 0: those entries grow at few places.
 */
import type { Migration } from '../migrate.ts'

export const requestBlocks: Migration = {
  number: 6,
  name: 'request_blocks',
  sql: `
CREATE TABLE request_index_in_blocks (
  block INTEGER NOT NULL,                -- connections: 1 + request_seq / 2^15; others: 0
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  request_seq INTEGER NOT NULL,
  PRIMARY KEY (block, subject, outcome, received_at, request_seq)
) STRICT, WITHOUT ROWID;

INSERT INTO request_index_in_blocks
  SELECT iif(subject GLOB 'connection:*', 1 + (request_seq >> 15), 0), subject, outcome, received_at, request_seq
  FROM request_index ORDER BY 1, 2, 3, 4, 5;

DROP TABLE request_index;
ALTER TABLE request_index_in_blocks RENAME TO request_index;

-- Of each block but 0 the times within which its requests were received.
CREATE TABLE request_blocks (
  block INTEGER PRIMARY KEY,
  oldest_at INTEGER NOT NULL,
  newest_at INTEGER NOT NULL
) STRICT;

INSERT INTO request_blocks
  SELECT block, min(received_at), max(received_at) FROM request_index WHERE block > 0 GROUP BY block;
`,
}
