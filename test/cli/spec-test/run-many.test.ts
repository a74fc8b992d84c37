import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatJson } from '../../../src/cli/spec-test/print-json.ts'
import { runSpecs } from '../../../src/cli/spec-test/run-specs.ts'
import type { RunReport } from '../../../src/cli/spec-test/result.ts'
import { acme, PASSING, specFolder } from './spec-folder.ts'

describe('many specs are shared among threads', () => {
  const files = Object.fromEntries(
    Array.from({ length: 12 }, (_, at) => [
      `specs/acme-${String(at).padStart(2, '0')}.yaml`,
      acme(at % 3 === 0 ? PASSING : PASSING.replace('connections: [alice]', 'connections: [bob]')),
    ]),
  )

  const run = async (
    folder: string,
    names: readonly string[],
    threads: number,
  ): Promise<Omit<RunReport, 'results'> & { order: string[]; text: string }> => {
    const order: string[] = []
    const report = await runSpecs({
      files: names.map((name) => join(folder, name)),
      nameOf: (file) => file.slice(folder.length + 1),
      stopwatch: () => 0,
      threads,
      onResult: ({ place }) => order.push(place.file),
    })
    const { results, ...rest } = report
    return {
      ...rest,
      order,
      text: formatJson({ ...report, results: results.map((one) => ({ ...one, durationMs: 0 })) }),
    }
  }

  test('with the results of one, in the order of the files', async () => {
    const { path } = specFolder({ ...files, 'specs/broken.yaml': 'provider: acme' })
    const names = [...Object.keys(files), 'specs/broken.yaml']
    const [one, two] = [await run(path, names, 1), await run(path, names, 2)]
    expect(two).toEqual(one)
    expect(two.order).toEqual(Object.keys(files))
    expect(two).toMatchObject({ specs: 12, invalidSpecs: 1 })
  })

  test('and what one cannot read is told', async () => {
    const { path } = specFolder(files)
    await expect(run(path, [...Object.keys(files), 'specs/nowhere.yaml'], 2)).rejects.toMatchObject({
      code: 'spec_unreadable',
      message: 'There is no file or folder specs/nowhere.yaml.',
    })
  })
})

describe('watching', () => {
  /** Resolves when the text has been printed so many times. */
  function printed(): { onOutput: (text: string) => void; times: (part: string, count: number) => Promise<void> } {
    const seen: string[] = []
    const waiting = new Set<() => void>()
    return {
      onOutput(text) {
        seen.push(text)
        for (const look of waiting) look()
      },
      times: (part, count) =>
        new Promise((resolve) => {
          const look = (): void => {
            if (seen.filter((text) => text.includes(part)).length < count) return
            waiting.delete(look)
            resolve()
          }
          waiting.add(look)
          look()
        }),
    }
  }

  test('runs once at the start, again after each change, and ends with the outcome of the last run', async () => {
    const folder = specFolder({ 'specs/acme.yaml': acme(PASSING) })
    const signals = new EventEmitter()
    const { onOutput, times } = printed()
    const ended = folder.test([], { watch: true }, { signals, onOutput, color: true })
    await times('Waiting for changes', 1)
    folder.write({ 'specs/acme.yaml': acme(PASSING.replace('[alice]', '[bob]')) })
    await times('Waiting for changes', 2)
    folder.write({ 'specs/deeper/second.yaml': 'provider: [' })
    await times('Waiting for changes', 3)
    signals.emit('SIGINT')
    const { exitCode, out } = await ended
    expect(out).toMatch(
      /1 passed, 0 failed in 1 spec[^]+0 passed, 1 failed in 1 spec[^]+0 passed, 1 failed, 1 spec with errors/,
    )
    expect(out.split('\u001b[2J')).toHaveLength(4)
    expect(exitCode).toBe(1)
  })

  test('goes on when a run cannot be made', async () => {
    const folder = specFolder({ 'mine/acme.yaml': acme(PASSING) })
    const signals = new EventEmitter()
    const { onOutput, times } = printed()
    const ended = folder.test(['mine/acme.yaml', 'mine/other.yaml'], { watch: true }, { signals, onOutput })
    await times('Waiting for changes', 1)
    folder.write({ 'mine/other.yaml': acme(PASSING) })
    await times('2 passed, 0 failed in 2 specs', 1)
    await times('Waiting for changes', 2)
    signals.emit('SIGTERM')
    const { exitCode, out, err } = await ended
    expect(err).toContain('There is no file or folder mine/other.yaml.')
    expect(out).not.toContain('\u001b')
    expect(exitCode).toBe(0)
  })
})
