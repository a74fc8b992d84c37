/** Counts what SQLite has committed, by reading the WAL as its format is documented (sqlite.org/fileformat2.html, section 4). */
import { readFileSync } from 'node:fs'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/** Commits since the WAL last began anew: a frame that carries the size of the database ends a transaction. */
export function commitsInWal(databasePath: string): number {
  const wal = readFileSync(`${databasePath}-wal`)
  if (wal.length < HEADER_BYTES) return 0
  const frameBytes = FRAME_HEADER_BYTES + wal.readUInt32BE(8)
  const salt = wal.toString('latin1', 16, 24)
  let commits = 0
  for (let at = HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    if (wal.toString('latin1', at + 8, at + 16) !== salt) break // left over from before the WAL began anew
    if (wal.readUInt32BE(at + 4) !== 0) commits += 1
  }
  return commits
}
