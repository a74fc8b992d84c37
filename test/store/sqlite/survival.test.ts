import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RequestId } from '../../../src/domain/ids.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { optionsFor, query, temporaryDirectory, trailingIndexesToCatchUp } from './opening.ts'

let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory.remove())

/** Lets a process accept until it has promised `count` requests, kills it, and gives back all that it promised. */
async function promisedBeforeKill(path: string, count: number): Promise<RequestId[]> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('accepting-child.ts', import.meta.url)), path],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  let output = ''
  for await (const chunk of child.stdout) {
    output += String(chunk)
    if (output.split('\n').length > count) child.kill('SIGKILL')
  }
  await exited
  return output.split('\n').slice(0, -1) as RequestId[]
}

test('has every promised request on disk after kill -9, and a sound database', async () => {
  const path = join(directory.path, 'postern.db')
  const promised: RequestId[] = []
  for (const count of [1, 200, 1_500]) promised.push(...(await promisedBeforeKill(path, count)))
  expect(promised.length).toBeGreaterThan(1_700)

  const store = await openSqliteStore(optionsFor(path))
  for (const id of promised) {
    const kept = await store.getRequest(id)
    expect(kept).toMatchObject({
      bodyBytes: 1_000,
      events: [{ status: 'matched' }],
      deliveries: [{ state: 'pending' }],
    })
  }
  await trailingIndexesToCatchUp(path)
  const [{ count }] = query<{ count: number }>(path, 'SELECT count(*) AS count FROM requests') as [{ count: number }]
  const indexed = query<{ count: number }>(path, "SELECT count(*) AS count FROM request_index WHERE subject = '*'")
  expect(indexed).toEqual([{ count }])
  expect(await store.stats()).toMatchObject({ requests: { accepted: count }, deliveries: { pending: count } })
  await store.close()
  expect(query(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
})
