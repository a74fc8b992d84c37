import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SyncRunId } from '../../../../src/domain/sync.ts'
import { openSqliteStore } from '../../../../src/store/sqlite/open.ts'
import { NOW } from '../../../conformance/store/given.ts'
import { givenSync, MODEL } from '../../../conformance/store/sync-given.ts'
import { optionsFor, query, temporaryDirectory } from '../opening.ts'

let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory.remove())

/** Lets a process pull until it has promised `count` pages, kills it, and gives back the last one that it promised. */
async function killAfter(path: string, count: number): Promise<{ run: SyncRunId; page: number }> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('pulling-child.ts', import.meta.url)), path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  let output = ''
  for await (const chunk of child.stdout) {
    output += String(chunk)
    if (output.split('\n').length > count) child.kill('SIGKILL')
  }
  await exited
  const [run, page] = output.split('\n').slice(0, -1).at(-1)!.split(' ')
  return { run: run as SyncRunId, page: Number(page) }
}

test('goes on after kill -9 where it was: no record is lost or doubled, and the counters are those of the records', async () => {
  const path = join(directory.path, 'postern.db')
  const place = givenSync()
  const { integration, sync } = place.key
  const prepared = await openSqliteStore(optionsFor(path))
  await prepared.putConnection(place.connection(), NOW)
  const declared = { sync, model: MODEL, everyMs: 60_000, startsByItself: true }
  await prepared.declareSyncs({ integration, connectionId: null, syncs: [declared], now: 0, spreadMs: 0 })
  await prepared.close()

  for (const count of [37, 130, 45, 211]) {
    const promised = await killAfter(path, count)
    const [sums] = query<{ saved: number; kept: number; live: number }>(
      path,
      `SELECT (SELECT sum(added) FROM sync_runs) - (SELECT sum(deleted) FROM sync_runs) AS saved,
         (SELECT count(*) FROM records WHERE action <> 'DELETED') AS kept, (SELECT live_count FROM record_sets) AS live`,
    )
    expect(sums!.kept).toBe(sums!.saved)
    expect(sums!.live).toBe(sums!.kept)
    const [run] = query<{ pages: number; seen: number }>(path, 'SELECT pages FROM sync_runs WHERE id = ?', promised.run)
    expect(run!.pages).toBeGreaterThanOrEqual(promised.page)
    expect(query(path, 'SELECT id FROM records GROUP BY id HAVING count(*) > 1')).toEqual([])
    expect(query(path, 'SELECT change FROM records GROUP BY change HAVING count(*) > 1')).toEqual([])
  }

  const store = await openSqliteStore(optionsFor(path))
  const { items } = await store.listSyncRuns(place.key, { limit: 100, after: null })
  const whole = items.filter(({ state }) => state === 'succeeded')
  expect(whole.length).toBeGreaterThan(1)
  for (const { counters } of whole) expect(counters.pages).toBe(100)
  // From the second round on each changes one item of a page, leaves one out, and brings back the one that was left out before.
  for (const { counters } of whole.slice(0, -1)) {
    expect(counters).toMatchObject({ added: 100, updated: 100, deleted: 100, unchanged: 4_700 })
  }
  await store.close()
  expect(query(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
})
