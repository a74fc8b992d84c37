/**
 * The disk fills up under load. Two ways to have that, on Linux: a limit on the size of the process's files, which anybody may set and
 * lift again with `prlimit` (SQLite sees a write that fails), and a real small file system, for whom may mount one (SQLite sees ENOSPC,
 * and the WAL index on it too). The gateway must say 503, keep what it accepted, and go on by itself when there is room.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { eventually, type RunningGateway } from '../support/gateway.ts'
import { takeAccount } from './account.ts'
import { PATIENCE_MS } from './stats.ts'
import { useWorld } from './world.ts'

const TOTAL = 1_200
const hasPrlimit = succeeds('prlimit', '--pid', String(process.pid), '--fsize')

const use = useWorld({ bodyBytes: 4_000 })

test.runIf(hasPrlimit)(
  'answers 503 when its files cannot grow, and goes on when they can again',
  async () => {
    const { world } = use
    const { home, provider, receiver } = world
    world.configure()
    const gateway = await home.start()
    await provider.send(gateway.url, { total: 100, lanes: 8 })
    const limit = Math.max(sizeOf(home.database), sizeOf(`${home.database}-wal`)) + 512 * 1024
    limitFiles(gateway, String(limit))

    const sending = provider.send(gateway.url, {
      total: TOTAL,
      lanes: 8,
      isOver: () => gateway.process.exitCode !== null,
    })
    await untilRefusing(50)
    const ready = await gateway.api('/readyz')
    expect(ready.status).toBe(503)
    const acceptedAtFull = provider.accepted.size

    limitFiles(gateway, 'unlimited')
    await sending
    await world.untilReceived(TOTAL)
    expect((await gateway.api('/readyz')).status).toBe(200)
    expect(await gateway.kill('SIGTERM')).toBe(0)
    const account = takeAccount({
      scenario: 'files cannot grow (RLIMIT_FSIZE)',
      database: home.database,
      provider,
      receiver,
      also: { 'accepted before': acceptedAtFull },
    })
    expect(account).toMatchObject({ accepted: TOTAL, delivered: TOTAL, unannounced: 0 })
  },
  240_000,
)

test.runIf(hasPrlimit)(
  'has all that it accepted when it is killed on a full disk and started with room',
  async () => {
    const { world } = use
    const { home, provider, receiver } = world
    world.configure()
    const first = await home.start()
    limitFiles(first, String(1024 * 1024))
    const sending = provider.send(first.url, {
      total: TOTAL,
      lanes: 8,
      isOver: () => first.process.signalCode !== null,
    })
    await untilRefusing(20)
    await first.kill('SIGKILL')
    await sending
    takeAccount({ scenario: 'killed on a full disk', database: home.database, provider, receiver })

    const second = await home.start()
    await provider.send(second.url, { total: TOTAL, lanes: 8 })
    await world.untilReceived(TOTAL)
    expect(await second.kill('SIGTERM')).toBe(0)
    const account = takeAccount({
      scenario: 'killed on a full disk, and its successor with room',
      database: home.database,
      provider,
      receiver,
    })
    expect(account).toMatchObject({ accepted: TOTAL, delivered: TOTAL, unannounced: 0 })
  },
  240_000,
)

let mounted: string | null = null

afterEach(() => {
  if (mounted !== null) spawnSync('umount', ['--lazy', mounted])
  mounted = null
})

test('answers 503 when its file system is full, and goes on when there is room', async (context) => {
  const { world } = use
  const { home, provider, receiver } = world
  const folder = dirname(home.database)
  mkdirSync(folder, { mode: 0o700 })
  if (!succeeds('mount', '-t', 'tmpfs', '-o', 'size=3m,mode=700', 'tmpfs', folder)) {
    context.skip('a file system cannot be mounted here')
  }
  mounted = folder
  world.configure()
  const gateway = await home.start()
  const sending = provider.send(gateway.url, {
    total: TOTAL,
    lanes: 8,
    isOver: () => gateway.process.exitCode !== null,
  })
  await untilRefusing(50)
  const acceptedAtFull = provider.accepted.size
  expect(succeeds('mount', '-o', 'remount,size=64m', folder)).toBe(true)
  await sending
  await world.untilReceived(TOTAL)
  expect(await gateway.kill('SIGTERM')).toBe(0)
  const account = takeAccount({
    scenario: 'file system full (tmpfs of 3 MB)',
    database: home.database,
    provider,
    receiver,
    also: { 'accepted before': acceptedAtFull },
  })
  expect(account).toMatchObject({ accepted: TOTAL, delivered: TOTAL, unannounced: 0 })
}, 240_000)

function untilRefusing(count: number): Promise<unknown> {
  const { refusals } = use.world.provider
  return eventually(
    () => refusals['store_unavailable'] ?? 0,
    (seen) => seen >= count,
    PATIENCE_MS,
  )
}

/** The soft limit alone, which may be raised again without special rights. Node ignores SIGXFSZ, so writes fail with EFBIG. */
function limitFiles(gateway: RunningGateway, limit: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(gateway.process.pid), `--fsize=${limit}:`])
  if (status !== 0) throw new Error(`prlimit: ${stderr.toString()}`)
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
