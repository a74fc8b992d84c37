/**
 * The memory that the bodies of all lanes take together. Each lane is bounded by itself; this keeps many lanes from adding up. A lane
 * that holds nothing may always take one body, so no destination waits for another to let go.
 */
export interface MemoryBudget {
  take(bytes: number): void
  give(bytes: number): void
  hasRoom(): boolean
  /** Bytes left; 0 or less when there are none. */
  free(): number
  used(): number
}

/** Calls `onRoom` when there is room again after there was none. */
export function createMemoryBudget(maxBytes: number, onRoom: () => void): MemoryBudget {
  let used = 0
  return {
    take(bytes) {
      used += bytes
    },
    give(bytes) {
      const wasFull = used >= maxBytes
      used -= bytes
      if (wasFull && used < maxBytes) onRoom()
    },
    hasRoom: () => used < maxBytes,
    free: () => maxBytes - used,
    used: () => used,
  }
}
