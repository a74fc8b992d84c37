/**
 * The verbs of syncs on their way to the writer. Each crosses as its name, one JSON text, and the bytes that stand in it as lengths:
 * a batch of 100 records costs 40 us that way, little beside fetching the page. Bytes are read in the order they were written.
 */
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'
import type { GapStore } from '../../../engine/sync/ports/gap-store.ts'
import type { RecordStore } from '../../../engine/sync/ports/record-store.ts'
import type { RecordBatch, RecordWrite, RunStore, SyncNotice } from '../../../engine/sync/ports/run-store.ts'
import type { RunWish, ScheduleStore } from '../../../engine/sync/ports/schedule-store.ts'
import type { ClaimedTriggers, SyncTrigger, TriggerStore } from '../../../engine/sync/ports/trigger-store.ts'
import type { Command, TapeReader } from '../tape.ts'

type Input<Verb extends (request: never) => unknown> = Parameters<Verb>[0]
/** What a claim of triggers is named by when it comes back. */
export type TriggerLease = Pick<ClaimedTriggers, 'key' | 'fence'>

/** A record without its bytes: of each the hash, then the payload stand among the command's bytes. */
export interface WrittenRecord {
  readonly id: string
  readonly payloadBytes: number
}

export type WrittenNotice = Omit<SyncNotice, 'payload'> & {
  readonly payload: Omit<SyncNotice['payload'], 'bytes'>
  readonly payloadBytes: number
}

export type WrittenTrigger = Omit<SyncTrigger, 'action'> & {
  readonly action:
    | Exclude<SyncTrigger['action'], { kind: 'upsert' }>
    | { readonly kind: 'upsert'; readonly records: readonly WrittenRecord[] }
}

type Replaced<T, Members> = Omit<T, keyof Members> & Members

export interface SyncCommands {
  declare: Input<ScheduleStore['declareSyncs']> & { readonly after: number; readonly made: number }
  claim: Input<ScheduleStore['claimDueSyncs']>
  renew: Input<ScheduleStore['renewSyncLease']>
  release: Input<ScheduleStore['releaseSyncLeases']>
  request: RunWish
  set_paused: Input<ScheduleStore['setPaused']>
  override_every: Input<ScheduleStore['overrideEvery']>
  set_rate_limit: Input<ScheduleStore['setRateLimit']>
  start_run: Input<RunStore['startRun']>
  save_batch: Replaced<RecordBatch, { readonly records: readonly WrittenRecord[] }>
  delete_missing: Input<RunStore['deleteMissing']>
  finish_run: Replaced<Input<RunStore['finishRun']>, { readonly notices: readonly WrittenNotice[] }>
  postpone_run: Input<RunStore['postponeRun']>
  add_triggers: {
    readonly triggers: readonly WrittenTrigger[]
    readonly windowMs: Readonly<Record<string, number>>
    readonly now: number
  }
  claim_triggers: Input<TriggerStore['claimTriggers']>
  apply_triggers: Replaced<
    Input<TriggerStore['applyTriggers']>,
    { readonly triggers: TriggerLease; readonly records: readonly WrittenRecord[] }
  >
  finish_triggers: Replaced<
    Input<TriggerStore['finishTriggers']>,
    { readonly triggers: TriggerLease; readonly notices: readonly WrittenNotice[] }
  >
  postpone_triggers: { readonly triggers: TriggerLease; readonly until: number }
  prune: Input<RecordStore['pruneRecords']>
  replace_credentials: {
    readonly integration: IntegrationKey
    readonly connectionId: ConnectionId
    readonly expectedVersion: number
    readonly sealedBytes: number
  }
  suspect_missed: Input<GapStore['suspectMissedWebhooks']>
  confirm_missed: Input<GapStore['confirmMissedWebhooks']>
}

export type SyncVerb = keyof SyncCommands

export function writeSync<Verb extends SyncVerb>(
  verb: Verb,
  input: SyncCommands[Verb],
  blobs: readonly Uint8Array[] = [],
): Command {
  return { kind: 'sync', values: [verb, JSON.stringify(input)], blobs }
}

const HASH_BYTES = 16

export function writeRecords(records: readonly RecordWrite[]): { written: WrittenRecord[]; blobs: Uint8Array[] } {
  const blobs: Uint8Array[] = []
  const written = records.map(({ id, hash, payload }) => {
    if (hash.length !== HASH_BYTES) throw new TypeError(`a record's hash has ${HASH_BYTES} bytes, not ${hash.length}`)
    blobs.push(hash, payload)
    return { id, payloadBytes: payload.length }
  })
  return { written, blobs }
}

export function readRecord({ id, payloadBytes }: WrittenRecord, tape: TapeReader): RecordWrite {
  return { id, hash: tape.bytes(HASH_BYTES), payload: tape.bytes(payloadBytes) }
}

/** All bytes of these records, as one. */
export function readRecordBytes(records: readonly WrittenRecord[], tape: TapeReader): Uint8Array {
  return tape.bytes(records.reduce((sum, { payloadBytes }) => sum + HASH_BYTES + payloadBytes, 0))
}

export function recordsWithin(records: readonly WrittenRecord[], bytes: Uint8Array): RecordWrite[] {
  let at = 0
  return records.map(({ id, payloadBytes }) => {
    const hash = bytes.subarray(at, at + HASH_BYTES)
    const payload = bytes.subarray(at + HASH_BYTES, at + HASH_BYTES + payloadBytes)
    at += HASH_BYTES + payloadBytes
    return { id, hash, payload }
  })
}

export function writeNotices(notices: readonly SyncNotice[]): { written: WrittenNotice[]; blobs: Uint8Array[] } {
  const blobs: Uint8Array[] = []
  const written = notices.map(({ payload: { bytes, ...payload }, ...rest }) => {
    blobs.push(bytes)
    return { ...rest, payload, payloadBytes: bytes.length }
  })
  return { written, blobs }
}

export function writeTriggers(request: Input<TriggerStore['addTriggers']>): Command {
  const blobs: Uint8Array[] = []
  const triggers = request.triggers.map((trigger): WrittenTrigger => {
    const { action } = trigger
    if (action.kind !== 'upsert') return { ...trigger, action }
    const records = writeRecords(action.records)
    blobs.push(...records.blobs)
    return { ...trigger, action: { kind: 'upsert', records: records.written } }
  })
  const windowMs = Object.fromEntries(request.windowMs)
  return writeSync('add_triggers', { triggers, windowMs, now: request.now }, blobs)
}
