import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program from its source in a process of its own. */
async function run(argv: readonly string[], options: { closeStdout?: boolean } = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...argv], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  if (options.closeStdout === true) child.stdout.destroy()
  else child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

test('ends with 0 after help, which is on stdout', async () => {
  const { code, stdout, stderr } = await run(['--help'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Usage: postern/)
})

test('ends with 2 after a usage error, which is on stderr', async () => {
  const { code, stdout, stderr } = await run(['serv'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^usage_invalid: /)
})

test('takes a reader that has seen enough for no error', async () => {
  expect(await run(['completion', 'bash'], { closeStdout: true })).toEqual({ code: 0, stdout: '', stderr: '' })
})
