/** Migration 4: secrets that no configuration names, of single connections and captured from handshakes; encrypted before they come here. */
import type { Migration } from '../migrate.ts'

export const secrets: Migration = {
  number: 4,
  name: 'secrets',
  sql: `
CREATE TABLE secrets (
  integration TEXT NOT NULL,
  connection_id TEXT NOT NULL,           -- '' for one that serves the whole integration
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  source TEXT NOT NULL,                  -- given, captured
  created_at INTEGER NOT NULL,
  PRIMARY KEY (integration, connection_id, name, position)
) STRICT, WITHOUT ROWID;
`,
}
