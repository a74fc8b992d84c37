/** Entry of a thread that runs specs: one file after the other, as they are sent. */
import { parentPort } from 'node:worker_threads'
import { GatewayError } from '../../domain/errors.ts'
import { createRunSpec } from './run-spec.ts'
import type { SpecAnswer, SpecTask, ThrownError } from './spec-threads.ts'

const port = parentPort
if (port === null) throw new Error('spec.worker is the entry of a worker thread')

const runSpec = createRunSpec(() => performance.now())

port.on('message', ({ file, name, options }: SpecTask) => {
  runSpec(file, name, options).then(
    (run) => port.postMessage({ kind: 'run', run } satisfies SpecAnswer),
    (error: unknown) => port.postMessage({ kind: 'failed', error: asData(error) } satisfies SpecAnswer),
  )
})

function asData(error: unknown): ThrownError {
  if (error instanceof GatewayError) {
    const { code, message, hint, details } = error
    return { code, message, hint, details }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: null, message, hint: undefined, details: {} }
}
