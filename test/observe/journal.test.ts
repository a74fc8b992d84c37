import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { createJournal } from '../../src/observe/journal.ts'

const now = (): number => Date.UTC(2026, 2, 2, 10)

function collect(level: 'info' | 'warn' | 'silent'): {
  lines: () => unknown[]
  journal: ReturnType<typeof createJournal>
} {
  let text = ''
  const journal = createJournal({ level, destination: { write: (chunk: string) => void (text += chunk) }, now })
  return {
    journal,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown),
  }
}

test('a fact is one line of JSON: level, time, event, and what belongs to it', () => {
  const { journal, lines } = collect('info')
  journal.record('request.accepted', { request_id: 'req_1', events: 2 })
  journal.warn('request.refused', { code: 'signature_mismatch' })
  journal.error('http.failed', { error: new Error('x') })
  expect(lines()).toMatchObject([
    { level: 'info', time: '2026-03-02T10:00:00.000Z', event: 'request.accepted', request_id: 'req_1', events: 2 },
    { level: 'warn', event: 'request.refused', code: 'signature_mismatch' },
    { level: 'error', event: 'http.failed', error: { message: 'x' } },
  ])
})

for (const { level, record, warn } of [
  { level: 'info', record: true, warn: true },
  { level: 'warn', record: false, warn: true },
  { level: 'silent', record: false, warn: false },
] as const) {
  test(`says at level ${level} which lines are kept`, () => {
    const { journal } = collect(level)
    expect({ record: journal.keeps?.('record'), warn: journal.keeps?.('warn') }).toEqual({ record, warn })
  })
}

test('a line cannot be broken in two by what it says', () => {
  const { journal, lines } = collect('info')
  journal.record('a.b', { text_given: 'x\n{"level":"error"}' })
  expect(lines()).toHaveLength(1)
})

test('secrets and bodies do not get into the journal', () => {
  const { journal, lines } = collect('info')
  journal.record('a.b', { key: new Secret('hunter2'), password: 'hunter2', body: 'hunter2' })
  expect(JSON.stringify(lines())).not.toContain('hunter2')
})

test('lines below the level are not written', () => {
  const { journal, lines } = collect('warn')
  journal.record('a.b', {})
  journal.warn('c.d', {})
  expect(lines()).toMatchObject([{ event: 'c.d' }])
})

test('a silent journal says nothing', () => {
  const { journal, lines } = collect('silent')
  journal.error('a.b', {})
  expect(lines()).toEqual([])
})

test('lines are gathered, and written out by flush', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-journal-'))
  const file = join(folder, 'log')
  const descriptor = openSync(file, 'w')
  const journal = createJournal({ level: 'info', destination: descriptor, now })
  journal.record('a.b', { at: 1 })
  journal.flush()
  expect(readFileSync(file, 'utf8')).toContain('"event":"a.b"')
  journal.record('c.d', { at: 2 })
  await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('"event":"c.d"'))
  closeSync(descriptor)
  rmSync(folder, { recursive: true })
})
