/**
 * Random bytes for ids, drawn from the system a few KB at a time: a system call for each id was a fifth of the time that forwarding an
 * event takes.
 */
import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 8_192

/** Gives a view on bytes that are never given again; read them before the next call. */
export function createRandomPool(): (size: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return (size) => {
    if (used + size > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    used += size
    return pool.subarray(used - size, used)
  }
}
