/** All that syncs keep. */
import type { CredentialStore } from './credential-store.ts'
import type { GapStore } from './gap-store.ts'
import type { RecordStore } from './record-store.ts'
import type { RunStore } from './run-store.ts'
import type { ScheduleStore } from './schedule-store.ts'
import type { TriggerStore } from './trigger-store.ts'

/** All that syncs keep; the adapter's conformance suite proves it. */
export interface SyncStore extends ScheduleStore, RunStore, TriggerStore, RecordStore, CredentialStore, GapStore {}
