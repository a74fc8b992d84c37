/** Another process holds the database locked, as a backup or a forgotten SQLite shell does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { takeAccount } from './account.ts'
import { useWorld } from './world.ts'

const LOCKED_FOR_MS = 5_000

const use = useWorld()

test('answers 503 or late while another process holds the database locked for 5 s, and goes on when it lets go', async () => {
  const { world } = use
  const { home, provider, receiver } = world
  world.configure()
  const gateway = await home.start()
  const sending = provider.send(gateway.url, {
    total: 1_000,
    lanes: 16,
    isOver: () => gateway.process.exitCode !== null,
  })
  await provider.untilAccepted(200)

  const locker = await lockDatabase(home.database)
  const sentBefore = new Set(provider.sent)
  await new Promise((resolve) => setTimeout(resolve, LOCKED_FOR_MS))
  const falselyAccepted = [...provider.accepted].filter((number) => !sentBefore.has(number))
  const ended = once(locker, 'exit')
  locker.stdin?.end()
  await ended

  await sending
  await world.untilReceived(1_000)
  expect(await gateway.kill('SIGTERM')).toBe(0)
  const account = takeAccount({
    scenario: `database locked by another process for ${LOCKED_FOR_MS} ms`,
    database: home.database,
    provider,
    receiver,
  })
  // What was sent before may have been committed before; what was sent since cannot have been.
  expect(falselyAccepted).toEqual([])
  expect(account).toMatchObject({ accepted: 1_000, delivered: 1_000, unannounced: 0 })
}, 240_000)

/** A process of its own, since locks within one would not be seen; it lets go at the end of its input. */
async function lockDatabase(path: string): Promise<ChildProcess> {
  const program = `
    import Database from 'better-sqlite3'
    const database = new Database(process.argv[1], { timeout: 10000 })
    database.exec('BEGIN IMMEDIATE')
    console.log('locked')
    process.stdin.resume().on('end', () => { database.exec('COMMIT'); database.close() })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}
