/**
 * A real gateway for end-to-end tests: the compiled program in a process of its own, on a free port, with its data in a temporary
 * folder that outlives kill -9 so that it can be started again on it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const API_KEY = 'test-api-key-0123456789abcdef'
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

export interface GatewayHome {
  readonly folder: string
  readonly configFile: string
  /** The database file. */
  readonly database: string
  /** Writes postern.yaml: server, storage, api and signing are filled in, `rest` is added. */
  configure(rest: string): void
  start(options?: StartOptions): Promise<RunningGateway>
  /** Starts the process up to the point where it would read its configuration. */
  prepare(options?: StartOptions): PreparedGateway
  /** Ends what still runs and removes the folder. */
  remove(): Promise<void>
}

export interface StartOptions {
  readonly env?: Record<string, string>
  readonly args?: readonly string[]
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[]
}

/** A process with its code loaded, which has touched nothing yet. */
export interface PreparedGateway {
  readonly process: ChildProcess
  /** Lets it go on; resolves when it listens, rejects when it ends before. */
  start(): Promise<RunningGateway>
}

export interface RunningGateway {
  readonly url: string
  readonly process: ChildProcess
  /** All that was printed so far. */
  output(): string
  api(path: string, init?: RequestInit): Promise<Response>
  kill(signal: NodeJS.Signals): Promise<number | null>
}

export function createGatewayHome(): GatewayHome {
  const folder = mkdtempSync(join(tmpdir(), 'postern-e2e-'))
  const processes = new Set<ChildProcess>()
  const configFile = join(folder, 'postern.yaml')
  const database = join(folder, 'data/postern.db')

  function spawnGateway(options: StartOptions, stdin: 'ignore' | 'pipe'): ChildProcess {
    const { args = ['--config', configFile], env = {}, nodeArgs = [] } = options
    const child = spawn(process.execPath, [...nodeArgs, 'dist/main.js', 'serve', ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: [stdin, 'pipe', 'pipe'],
    })
    processes.add(child)
    child.once('exit', () => processes.delete(child))
    return child
  }

  return {
    folder,
    configFile,
    database,
    configure(rest) {
      writeFileSync(
        configFile,
        `server: { port: 0 }
storage: sqlite:${database}
api: { keys: [${API_KEY}] }
signing: { secrets: [${SIGNING_SECRET}] }
outbound: { allow_private: [127.0.0.0/8] }
${rest}`,
      )
    },
    start: (options = {}) => untilListening(spawnGateway(options, 'ignore')),
    prepare(options = {}) {
      const nodeArgs = ['--import', './test/support/held-start.mjs', ...(options.nodeArgs ?? [])]
      const child = spawnGateway({ ...options, nodeArgs }, 'pipe')
      child.stdin?.on('error', () => undefined) // it may be ended while it waits
      return {
        process: child,
        start() {
          child.stdin?.end('go\n')
          return untilListening(child)
        },
      }
    },
    async remove() {
      await Promise.all([...processes].map((child) => endProcess(child, 'SIGKILL')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilListening(child: ChildProcess): Promise<RunningGateway> {
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)
      if (found !== null) resolve(found[0])
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = (): void => reject(new Error(`the gateway ended with ${exitOf(child)}:\n${output}`))
    if (exitOf(child) === null) child.once('exit', ended)
    else ended()
  })
  return {
    url,
    process: child,
    output: () => output,
    api: (path, init = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${API_KEY}`)
      headers.set('content-type', 'application/json')
      return fetch(url + path, { ...init, headers })
    },
    kill: (signal) => endProcess(child, signal),
  }
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (exitOf(child) === null) {
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return child.exitCode
}

/** Its exit code or the signal that ended it; null while it runs. */
function exitOf(child: ChildProcess): number | string | null {
  return child.exitCode ?? child.signalCode
}

/** Asks again until the condition holds; fails with its last answer after `timeoutMs`. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const seen = await ask()
    if (holds(seen)) return seen
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
