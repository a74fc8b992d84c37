import { expect, test } from 'vitest'
import { createProcessIo, type ProcessLike } from '../../src/cli/io.ts'

function fakeProcess(env: Record<string, string>, isTTY: boolean): ProcessLike & { written: string[] } {
  const written: string[] = []
  return {
    written,
    stdout: { isTTY, write: (text) => written.push(`out:${text}`) },
    stderr: { write: (text) => written.push(`err:${text}`) },
    env,
    cwd: () => '/here',
  }
}

const colours = [
  { name: 'on a terminal', env: {}, isTTY: true, color: true },
  { name: 'not into a file', env: {}, isTTY: false, color: false },
  { name: 'not with NO_COLOR', env: { NO_COLOR: '1' }, isTTY: true, color: false },
  { name: 'with an empty NO_COLOR, which is none', env: { NO_COLOR: '' }, isTTY: true, color: true },
  { name: 'into a file with FORCE_COLOR', env: { FORCE_COLOR: '1' }, isTTY: false, color: true },
  { name: 'not with FORCE_COLOR=0', env: { FORCE_COLOR: '0' }, isTTY: true, color: false },
  { name: 'not with both, NO_COLOR wins', env: { NO_COLOR: '1', FORCE_COLOR: '1' }, isTTY: true, color: false },
  { name: 'not on a dumb terminal', env: { TERM: 'dumb' }, isTTY: true, color: false },
]
for (const { name, env, isTTY, color } of colours) {
  test(`colours ${name}`, () => expect(createProcessIo(fakeProcess(env, isTTY)).color).toBe(color))
}

test('writes results and remarks to their own streams, each with a line end', () => {
  const from = fakeProcess({}, false)
  const io = createProcessIo(from)
  io.out('a')
  io.err('b')
  expect(from.written).toEqual(['out:a\n', 'err:b\n'])
  expect(io.cwd).toBe('/here')
})

function fakeTerminal(env: Record<string, string>, isTTY: boolean): ReturnType<typeof fakeProcess> {
  const from = fakeProcess(env, isTTY)
  return { ...from, stderr: { ...from.stderr, isTTY } }
}

test('takes the line of progress back before anything else is printed', () => {
  const from = fakeTerminal({}, true)
  const io = createProcessIo(from)
  io.progress?.('page 1')
  io.progress?.('page 2')
  io.out('a')
  io.err('b')
  const clear = '\r\u001b[2K'
  expect(from.written).toEqual(['err:page 1', `err:${clear}`, 'err:page 2', `err:${clear}`, 'out:a\n', 'err:b\n'])
})

for (const { name, env, isTTY } of [
  { name: 'a file', env: {}, isTTY: false },
  { name: 'the log of a build', env: { CI: 'true' }, isTTY: true },
  { name: 'a dumb terminal', env: { TERM: 'dumb' }, isTTY: true },
]) {
  test(`shows no progress in ${name}`, () => expect(createProcessIo(fakeTerminal(env, isTTY)).progress).toBeUndefined())
}
