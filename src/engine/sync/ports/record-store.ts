/** The cache of records as apps read it. */
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'
import type { RecordAction, RecordChange } from '../../../domain/sync.ts'

export interface RecordSelection {
  readonly integration: IntegrationKey
  readonly connectionId: ConnectionId
  readonly model: string
}

export interface RecordStore {
  /**
   * Changes in the order in which they were made, each record once (its last change). A record that changes meanwhile moves to the end, so
   * that nobody reading on misses it. `after` is the cursor of a record; null begins at the start. Throws `api_invalid_input` for a
   * cursor that is none. A page ends before its limit rather than hold more than `MAX_RECORD_PAGE_BYTES` of payloads, but has one record.
   */
  listRecords(
    request: RecordSelection & {
      readonly after: string | null
      readonly limit: number
      /** Modified at this time or later. */
      readonly modifiedAfter: number | null
      /** Null: all. */
      readonly actions: readonly RecordAction[] | null
      readonly ids: readonly string[] | null
    },
  ): Promise<{ readonly records: readonly RecordChange[]; readonly nextCursor: string | null }>
  /** Empties the payload of up to `limit` records up to and including the cursor. They stay what they are: the same record is then no change. */
  pruneRecords(
    request: RecordSelection & { readonly untilCursor: string; readonly limit: number; readonly now: number },
  ): Promise<{ readonly count: number; readonly hasMore: boolean }>
  countRecords(selection: RecordSelection): Promise<number>
}
