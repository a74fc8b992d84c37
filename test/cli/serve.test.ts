import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { serve } from '../../src/cli/serve.ts'
import type { ComposeInput, Gateway } from '../../src/compose.ts'
import { createMemoryIo } from './memory-io.ts'

interface FakeGateway extends Gateway {
  readonly calls: string[]
}

function createGateway(parts: Partial<Gateway> = {}): FakeGateway {
  const calls: string[] = []
  return {
    calls,
    start: () => {
      calls.push('start')
      return Promise.resolve({ url: 'http://127.0.0.1:8080', lines: ['Postern listens', 'and waits'] })
    },
    reload: () => {
      calls.push('reload')
      return Promise.resolve(true)
    },
    stop: () => {
      calls.push('stop')
      return Promise.resolve()
    },
    ...parts,
  }
}

function start(gateway: Gateway, options: { config?: string; json?: boolean } = {}) {
  const io = createMemoryIo({ cwd: '/here', env: { A: 'b' } })
  const signals = new EventEmitter()
  const inputs: ComposeInput[] = []
  const composeGateway = (input: ComposeInput): Promise<Gateway> => {
    inputs.push(input)
    return Promise.resolve(gateway)
  }
  return { io, signals, inputs, ended: serve(options, io, { composeGateway, signals }) }
}

/** Until everything that was ready to run has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`prints its lines, runs until ${signal}, stops, and ends with 0`, async () => {
    const gateway = createGateway()
    const { io, signals, inputs, ended } = start(gateway, { config: 'x.yaml' })
    await settled()
    expect(io.stdout()).toBe('Postern listens\nand waits')
    expect(inputs).toMatchObject([{ configPath: 'x.yaml', cwd: '/here', env: { A: 'b' } }])
    signals.emit(signal)
    expect(await ended).toBe(0)
    expect(gateway.calls).toEqual(['start', 'stop'])
  })
}

test('leaves no handler behind after the first signal, so that a second one ends the process', async () => {
  let finishStop = (): void => {}
  const gateway = createGateway({ stop: () => new Promise((resolve) => (finishStop = resolve)) })
  const { signals, ended } = start(gateway)
  await settled()
  signals.emit('SIGTERM')
  await settled()
  expect(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGINT')).toBe(0)
  finishStop()
  await ended
  expect(signals.listenerCount('SIGHUP')).toBe(0)
})

test('reads its configuration again at SIGHUP, and survives when that fails', async () => {
  let reloads = 0
  const gateway = createGateway({
    reload: () => {
      reloads += 1
      return Promise.reject(new Error('disk on fire'))
    },
  })
  const { io, signals, ended } = start(gateway)
  await settled()
  signals.emit('SIGHUP')
  signals.emit('SIGHUP')
  await settled()
  expect(reloads).toBe(2)
  expect(io.stderr()).toContain('disk on fire')
  signals.emit('SIGTERM')
  expect(await ended).toBe(0)
})

test('stops what was started when the start fails, and passes the cause on', async () => {
  const gateway = createGateway({ start: () => Promise.reject(new Error('port taken')) })
  await expect(start(gateway).ended).rejects.toThrow('port taken')
  expect(gateway.calls).toEqual(['stop'])
})

test('stops at once when the signal comes during the start', async () => {
  const gateway = createGateway()
  const { signals, ended } = start(gateway)
  await Promise.resolve()
  signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(gateway.calls).toEqual(['start', 'stop'])
})

test('prints one JSON document with --json', async () => {
  const { io, signals, ended } = start(createGateway(), { json: true })
  await settled()
  expect(JSON.parse(io.stdout())).toEqual({ url: 'http://127.0.0.1:8080' })
  signals.emit('SIGINT')
  await ended
})
