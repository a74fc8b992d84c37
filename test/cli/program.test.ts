import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/command-list.ts'
import { buildProgram, runCli } from '../../src/cli/program.ts'
import { createMemoryIo } from './memory-io.ts'

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = createMemoryIo()
  const code = await runCli(argv, io)
  return { code, stdout: io.stdout(), stderr: io.stderr() }
}

/** Every command and every command below one, by the words that call it. */
async function commandPaths(): Promise<string[][]> {
  const program = await buildProgram(
    {
      io: createMemoryIo(),
      run:
        (action) =>
        async (...args) =>
          void (await action(...args)),
    },
    'all',
  )
  const below = (command: Command, path: string[]): string[][] =>
    command.commands.flatMap((one) => [[...path, one.name()], ...below(one, [...path, one.name()])])
  return below(program, [])
}

const paths = await commandPaths()

test('knows every command of the list', () => {
  expect(paths.filter((path) => path.length === 1).flat()).toEqual(COMMANDS.map((command) => command.name))
})

describe('help', () => {
  for (const path of paths) {
    const words = path.join(' ')
    test(`of ${words} has an example that calls it, on stdout, exit code 0`, async () => {
      const { code, stdout, stderr } = await run(...path, '--help')
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(String.raw`\nExamples:\n(?: .*\n)*? {2}\$ .*postern ${words}(?: |$|\n)`))
      expect(stderr).toBe('')
    })
  }

  test('of a command is the same by `help` and by `--help`', async () => {
    expect(await run('help', 'serve')).toEqual(await run('serve', '--help'))
  })

  test('of the program names every command and the exit codes', async () => {
    const { code, stdout } = await run('--help')
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`\\n  ${name} +${summary.split(' ', 1)[0]}`))
    expect(stdout).toContain('Exit codes: 0')
  })

  test('instead of a command is a usage error: on stderr, exit code 2', async () => {
    for (const argv of [[], ['connections']]) {
      const { code, stdout, stderr } = await run(...argv)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('Usage: postern')
    }
  })
})

describe('a usage error exits with 2, says what to do, and leaves stdout empty', () => {
  const cases = [
    { name: 'a mistyped command', argv: ['serv'], says: 'Did you mean serve?' },
    { name: 'a mistyped option', argv: ['requests', '--limt', '3'], says: 'Did you mean --limit?' },
    { name: 'an unknown command', argv: ['fly'], says: 'See: postern --help' },
    { name: 'a missing argument', argv: ['explain'], says: 'See: postern explain --help' },
    { name: 'a missing option', argv: ['connections', 'remove', 'acme'], says: '--integration' },
    { name: 'an excess argument', argv: ['serve', 'now'], says: 'too many arguments' },
    { name: 'a limit that is no number', argv: ['requests', '--limit', 'all'], says: '1 to 200' },
    { name: 'a time that is none', argv: ['requests', '--since', 'yesterday'], says: '15m' },
    { name: 'a port that is none', argv: ['listen', '--port', '99999'], says: '65535' },
    { name: 'a state that is none', argv: ['deliveries', '--state', 'lost'], says: 'dead' },
    { name: 'a shell that is none', argv: ['completion', 'tcsh'], says: 'bash' },
    { name: 'nothing to trigger', argv: ['trigger'], says: 'postern trigger --list' },
    {
      name: 'a URL that is none',
      argv: ['requests', '--url', 'localhost', '--api-key', 'k'],
      says: 'http://127.0.0.1:8080',
    },
  ]
  for (const { name, argv, says } of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await run(...argv)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^usage_invalid: /)
      expect(stderr).toContain(says)
    })
  }

  test('but with --json the error is one document there', async () => {
    const { code, stdout } = await run('serv', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage_invalid', hint: 'Did you mean serve?' } })
  })
})

test('the version names postern, Node and SQLite', async () => {
  const { code, stdout, stderr } = await run('--version')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^postern \d+\.\d+\.\d+\nnode \d+\.\d+\.\d+\nsqlite 3\.\d+\.\d+$/)
  expect(JSON.parse((await run('--version', '--json')).stdout)).toMatchObject({ node: process.versions.node })
})
