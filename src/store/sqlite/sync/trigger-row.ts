/** Triggers as they are kept and handed over: JSON, and the bytes of their records beside it. */
import type { ClaimedTriggers, SyncTrigger } from '../../../engine/sync/ports/trigger-store.ts'
import { recordsWithin, type WrittenTrigger } from './commands.ts'

export interface TriggerRow {
  seq: number
  trigger: string
  bytes: Uint8Array
}

/** A claim as the writer answers it. */
export type ClaimedLane = Omit<ClaimedTriggers, 'triggers'> & { readonly rows: readonly TriggerRow[] }

export function claimedTriggers({ rows, ...lane }: ClaimedLane): ClaimedTriggers {
  return { ...lane, triggers: rows.map(triggerOf) }
}

function triggerOf({ trigger: json, bytes }: TriggerRow): SyncTrigger {
  const { action, ...trigger } = JSON.parse(json) as WrittenTrigger
  if (action.kind !== 'upsert') return { ...trigger, action }
  return { ...trigger, action: { kind: 'upsert', records: recordsWithin(action.records, bytes) } }
}
