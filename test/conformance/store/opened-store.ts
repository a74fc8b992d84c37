/** How the conformance suite gets at a store, whatever the adapter. */
import type { Store } from '../../../src/engine/ports.ts'

export interface OpenedStore {
  readonly store: Store
  /** Waits until upkeep behind the scenes has caught up with all that was written; nothing to wait for where there is none. */
  settle(): Promise<void>
  /** Closes the store as a stop of the process would and opens the same data again. */
  reopen(): Promise<OpenedStore>
  /** Closes the store and removes its data. */
  dispose(): Promise<void>
}

export interface OpenOptions {
  readonly maxPendingBytes?: number
}

/** Opens an empty store. */
export type OpenStore = (options?: OpenOptions) => Promise<OpenedStore>
