/**
 * Starts the writer's thread and speaks with it. The thread's entry stands beside this module, compiled or not: under a loader of
 * TypeScript sources (tests, `tsx`) the thread gets that loader too, because a worker of Node 20 cannot load `.ts` by itself.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Failure } from './failure.ts'
import type { FromWriter, GroupAnswer, ToWriter, WriterOptions } from './protocol.ts'

export interface WriterThread {
  /** Hands a group over; its buffer is no longer usable here. */
  send(message: ToWriter & { type: 'group' }): void
  /** Resolves when the thread has closed the database and ended. */
  close(): Promise<void>
  /** Ends the thread at once, as a crash would. */
  terminate(): Promise<void>
}

export interface WriterThreadEvents {
  /** Called once when the database is open, or with what prevents it; the thread goes on and tries again with each group. */
  opened(failure: Failure | null): void
  answered(answer: GroupAnswer): void
  /** The thread ended without being asked to. What it had in hand is lost or stored: nobody knows. */
  died(cause: Error): void
}

export type StartWriterThread = (options: WriterOptions, events: WriterThreadEvents) => WriterThread

export const startWriterThread: StartWriterThread = (options, events) => {
  const worker = new Worker(entryPoint(), { name: 'store writer', workerData: options })
  let isEnding = false
  let cause: Error | null = null
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      resolve()
      if (!isEnding) events.died(cause ?? new Error(`the writer's thread ended with code ${code}`))
    })
  })
  worker.on('error', (error: unknown) => {
    cause = error instanceof Error ? error : new Error(String(error))
  })
  worker.on('messageerror', (error) => {
    cause = error
    void worker.terminate()
  })
  worker.on('message', (message: FromWriter) => {
    if (message.type === 'answer') events.answered(message)
    else events.opened(message.type === 'opened' ? null : message.failure)
  })
  return {
    send: (message) => worker.postMessage(message, [message.bytes]),
    async close() {
      isEnding = true
      worker.postMessage({ type: 'close' } satisfies ToWriter)
      await ended
    },
    async terminate() {
      await worker.terminate()
    },
  }
}

function entryPoint(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./writer.worker.js', import.meta.url)
  // `execArgv: ['--import', 'tsx']` does not reach the entry of a worker on Node 20, so a module that needs no loader comes first.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'))
  const loader = new URL('./esm/api/index.mjs', tsx).href
  const entry = new URL('./writer.worker.ts', import.meta.url).href
  const code = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(entry)})`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}
