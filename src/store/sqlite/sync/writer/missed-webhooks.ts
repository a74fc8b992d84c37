/**
 * Changes that no webhook announced. Each is a suspicion until its time has come, because webhooks may be late; a trigger takes it back,
 * otherwise it is confirmed, counted with its sync, and stays for a while. Runs inside the group's transaction.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { SyncKey } from '../../../../domain/sync.ts'
import type { MissedWebhook } from '../../../../engine/sync/ports/gap-store.ts'
import type { SyncCommands } from '../commands.ts'
import { MISSED_COLUMNS, type MissedRow, missedOf } from '../missed-row.ts'

const KEPT_FOR_MS = 30 * 24 * 3_600_000
const REMOVED_AT_ONCE = 1_000

export class MissedWebhooks {
  readonly #insert: Statement
  readonly #disproveIds: Statement<[string, string, string, string]>
  readonly #disproveAll: Statement<[string, string, string]>
  readonly #due: Statement<[number, number], MissedRow>
  readonly #confirm: Statement<[number]>
  readonly #count: Statement<[string, string, string]>
  readonly #removeOld: Statement<[number, number]>
  readonly #removeAll: Statement<[string, string]>

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT OR IGNORE INTO missed_webhooks (id, integration, connection_id, sync, run_id, model, record_id, action,
         found_at, confirm_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    const suspected =
      'DELETE FROM missed_webhooks WHERE confirm_at IS NOT NULL AND integration = ? AND connection_id = ? AND sync = ?'
    this.#disproveIds = db.prepare(`${suspected} AND record_id IN (SELECT value FROM json_each(?))`)
    this.#disproveAll = db.prepare(suspected)
    this.#due = db.prepare(
      `SELECT ${MISSED_COLUMNS} FROM missed_webhooks WHERE confirm_at <= ? ORDER BY confirm_at LIMIT ? + 0`,
    )
    this.#confirm = db.prepare('UPDATE missed_webhooks SET confirm_at = NULL WHERE seq = ?')
    this.#count = db.prepare(
      `UPDATE sync_schedules SET missed_webhooks = missed_webhooks + 1
       WHERE integration = ? AND connection_id = ? AND sync = ?`,
    )
    this.#removeOld = db.prepare(
      `DELETE FROM missed_webhooks WHERE seq IN (SELECT seq FROM missed_webhooks WHERE seq > 0 ORDER BY seq LIMIT ? + 0)
         AND found_at < ? AND confirm_at IS NULL`,
    )
    this.#removeAll = db.prepare('DELETE FROM missed_webhooks WHERE connection_id = ? AND integration = ?')
  }

  suspect({ missed, confirmAt }: SyncCommands['suspect_missed']): void {
    for (const { id, key, run, model, recordId, action, foundAt } of missed) {
      const { integration, connectionId, sync } = key
      this.#insert.run(id, integration, connectionId, sync, run, model, recordId, action, foundAt, confirmAt)
    }
  }

  /** `ids` null: all suspicions of the sync. */
  disprove({ integration, connectionId, sync }: SyncKey, ids: readonly string[] | null): void {
    if (ids === null) this.#disproveAll.run(integration, connectionId, sync)
    else this.#disproveIds.run(integration, connectionId, sync, JSON.stringify(ids))
  }

  confirm({ now, limit }: SyncCommands['confirm_missed']): MissedWebhook[] {
    const rows = this.#due.all(now, limit)
    for (const row of rows) {
      this.#confirm.run(row.seq)
      this.#count.run(row.integration, row.connection_id, row.sync)
    }
    if (rows.length > 0) this.#removeOld.run(REMOVED_AT_ONCE, now - KEPT_FOR_MS)
    return rows.map(missedOf)
  }

  deleteOf(integration: string, connectionId: string): void {
    this.#removeAll.run(connectionId, integration)
  }
}
