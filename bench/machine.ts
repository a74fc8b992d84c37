/**
 * What the figures were measured on: processor, memory, Node, SQLite, and whether the folder of the databases really waits for a disk.
 * A file system in memory, or a disk that ignores flushes, makes "on disk" cheap and worth nothing; so the latency is shown.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { quantile } from './statistics.ts'

export interface Machine {
  readonly processor: string
  readonly node: string
  readonly sqlite: string
  readonly disk: string
  readonly busy: string
}

const SYNCS = 200
/** Below this not even a flush to a local cache that survives a power cut has taken place. */
const NO_DISK_MS = 0.03

export function describeMachine(folder: string): Machine {
  const memory = Math.round(totalmem() / 2 ** 30)
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  const load = loadavg()[0] ?? 0
  return {
    processor: `${cpus().length} x ${model}, ${memory} GiB, ${process.platform} ${process.arch}`,
    node: process.version,
    sqlite: `${sqliteVersion()}, WAL, synchronous=FULL: the log is synced in every commit, before the answer`,
    disk: describeDisk(folder),
    busy: `load average ${load.toFixed(1)} before the run${load > 0.7 ? ': OTHER PROGRAMS USE THE CORES, do not publish this' : ''}`,
  }
}

/** 4 KB appended and synced, over and over, as a commit does. */
function describeDisk(folder: string): string {
  const scratch = mkdtempSync(join(folder, 'postern-bench-disk-'))
  try {
    const file = openSync(join(scratch, 'log'), 'w')
    const page = Buffer.alloc(4096, 'x')
    const latencies: number[] = []
    for (let count = 0; count < SYNCS; count += 1) {
      writeSync(file, page)
      const begun = performance.now()
      fdatasyncSync(file)
      latencies.push(performance.now() - begun)
    }
    closeSync(file)
    const p50 = quantile(latencies, 0.5)
    const verdict = p50 < NO_DISK_MS ? ': DOES NOT WAIT FOR A DISK, what is called fsynced below is not' : ''
    return `${fileSystemOf(scratch)}, fdatasync p50 ${p50.toFixed(2)} ms, p99 ${quantile(latencies, 0.99).toFixed(2)} ms${verdict}`
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Type and options of the mount that holds the folder, as Linux tells them. */
function fileSystemOf(folder: string): string {
  try {
    const path = realpathSync(folder)
    let best = { place: '', type: 'unknown', options: '' }
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const [, place = '', type = '', options = ''] = line.split(' ')
      const holds = path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`)
      if (place !== '' && holds && place.length >= best.place.length) best = { place, type, options }
    }
    return `${best.type} (${best.options})`
  } catch {
    return 'unknown file system'
  }
}

/** CPU time of all cores that the hypervisor gave to others, and all of it, since boot; null where Linux does not tell. */
export function readStolenTime(): { stolen: number; all: number } | null {
  try {
    const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number)
    return { stolen: fields[7] ?? 0, all: fields.slice(0, 8).reduce((sum, value) => sum + value, 0) }
  } catch {
    return null
  }
}

function sqliteVersion(): string {
  const database = new Database(':memory:')
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  database.close()
  return version
}
