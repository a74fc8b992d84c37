/**
 * A few threads that run specs. Each takes one file at a time from the list that is left, so that a long one holds up nobody.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, GatewayError } from '../../domain/errors.ts'
import type { RunSpec, SpecRun, SpecRunOptions } from './run-spec.ts'

export interface SpecTask {
  readonly file: string
  readonly name: string
  readonly options: SpecRunOptions
}

export type SpecAnswer =
  | { readonly kind: 'run'; readonly run: SpecRun }
  | { readonly kind: 'failed'; readonly error: ThrownError }

/** An error as it can be sent from one thread to another. */
export interface ThrownError {
  /** Null for one that is no GatewayError. */
  readonly code: ErrorCode | null
  readonly message: string
  readonly hint: string | undefined
  readonly details: Record<string, unknown>
}

export interface SpecThreads {
  readonly run: RunSpec
  close(): Promise<void>
}

interface Waiting {
  readonly task: SpecTask
  readonly resolve: (run: SpecRun) => void
  readonly reject: (error: Error) => void
}

export function startSpecThreads(count: number): SpecThreads {
  const waiting: Waiting[] = []
  const idle: Thread[] = []
  const threads = Array.from({ length: count }, () => startThread())
  const handOut = (): void => {
    while (idle.length > 0 && waiting.length > 0) {
      const thread = idle.pop()!
      void thread.work(waiting.shift()!).then((lives) => {
        if (lives) idle.push(thread)
        handOut()
        if (threads.every((one) => one.isDead())) {
          for (const one of waiting.splice(0)) one.reject(new Error('the threads that run specs have ended'))
        }
      })
    }
  }
  idle.push(...threads)
  return {
    run: (file, name, options) =>
      new Promise((resolve, reject) => {
        waiting.push({ task: { file, name, options }, resolve, reject })
        handOut()
      }),
    async close() {
      await Promise.all(threads.map((thread) => thread.end()))
    },
  }
}

interface Thread {
  /** Resolves with whether the thread can do more. */
  work(waiting: Waiting): Promise<boolean>
  isDead(): boolean
  end(): Promise<unknown>
}

function startThread(): Thread {
  const worker = new Worker(entryPoint(), { name: 'spec runner' })
  let current: { waiting: Waiting; done: (lives: boolean) => void } | null = null
  let isDead = false
  const die = (error: Error): void => {
    isDead = true
    current?.waiting.reject(error)
    current?.done(false)
    current = null
  }
  worker.on('message', (answer: SpecAnswer) => {
    if (answer.kind === 'run') current?.waiting.resolve(answer.run)
    else current?.waiting.reject(thrown(answer.error))
    const done = current?.done
    current = null
    done?.(true)
  })
  worker.on('error', (error: unknown) => die(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => die(new Error(`a thread that runs specs ended with code ${code}`)))
  return {
    work: (waiting) =>
      new Promise((done) => {
        current = { waiting, done }
        if (isDead) die(new Error('a thread that runs specs has ended'))
        else worker.postMessage(waiting.task)
      }),
    isDead: () => isDead,
    end: () => worker.terminate(),
  }
}

function thrown({ code, message, hint, details }: ThrownError): Error {
  return code === null ? new Error(message) : new GatewayError({ code, message, hint, details })
}

/** The thread's entry beside this module. From sources (tests, `tsx`) it needs their loader: Node 20 cannot load `.ts` by itself. */
function entryPoint(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./spec.worker.js', import.meta.url)
  // `execArgv: ['--import', 'tsx']` does not reach the entry of a worker on Node 20, so a module that needs no loader comes first.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'))
  const loader = new URL('./esm/api/index.mjs', tsx).href
  const entry = new URL('./spec.worker.ts', import.meta.url).href
  const code = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(entry)})`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}
