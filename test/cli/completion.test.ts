import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/command-list.ts'
import { runCli } from '../../src/cli/program.ts'
import { createMemoryIo } from './memory-io.ts'

async function scriptFor(...argv: string[]): Promise<string> {
  const io = createMemoryIo()
  expect(await runCli(['completion', ...argv], io)).toBe(0)
  expect(io.stderr()).toBe('')
  return io.stdout()
}

/** What bash offers for the last of these words. */
function offered(script: string, words: readonly string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ')
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _postern; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${ask}`])
  expect([status, stderr.toString()]).toEqual([0, ''])
  return stdout
    .toString()
    .split('\n')
    .filter((word) => word !== '')
}

const cases = [
  { name: 'commands', words: ['postern', 'co'], expected: ['connections', 'completion'] },
  { name: 'commands below a command', words: ['postern', 'connections', 're'], expected: ['remove'] },
  { name: 'options', words: ['postern', 'requests', '--ou'], expected: ['--outcome'] },
  {
    name: 'options after other options and their values',
    words: ['postern', 'trigger', '--url', 'x', '--pr'],
    expected: ['--print'],
  },
  { name: 'nothing for a value', words: ['postern', 'replay', 'dlv'], expected: [] },
]
for (const { name, words, expected } of cases) {
  test(`bash completes ${name}`, async () => {
    expect(offered(await scriptFor('bash'), words)).toEqual(expected)
  })
}

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`the script for ${shell} knows every command and leaves no placeholder`, async () => {
    const script = await scriptFor(shell)
    for (const { name } of COMMANDS) expect(script).toContain(name)
    expect(script).toContain('override-url')
    expect(script).not.toMatch(/undefined|\[object/)
  })
}

test('prints one JSON document with --json', async () => {
  expect(JSON.parse(await scriptFor('bash', '--json'))).toMatchObject({ shell: 'bash' })
})
