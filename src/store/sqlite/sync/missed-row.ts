/** A missed webhook as its table holds it, and as the port names it. */
import type { MissedWebhook } from '../../../engine/sync/ports/gap-store.ts'

export const MISSED_COLUMNS =
  'seq, id, integration, connection_id, sync, run_id, model, record_id, action, found_at, confirm_at'

export interface MissedRow {
  seq: number
  id: MissedWebhook['id']
  integration: MissedWebhook['key']['integration']
  connection_id: MissedWebhook['key']['connectionId']
  sync: MissedWebhook['key']['sync']
  run_id: MissedWebhook['run']
  model: string
  record_id: string
  action: MissedWebhook['action']
  found_at: number
  confirm_at: number | null
}

export function missedOf(row: MissedRow): MissedWebhook {
  return {
    id: row.id,
    key: { integration: row.integration, connectionId: row.connection_id, sync: row.sync },
    run: row.run_id,
    model: row.model,
    recordId: row.record_id,
    action: row.action,
    foundAt: row.found_at,
  }
}
