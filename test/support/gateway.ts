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
  /** Writes postern.yaml: server, storage, api and signing are filled in, `rest` is added. */
  configure(rest: string): void
  start(options?: { env?: Record<string, string>; args?: readonly string[] }): Promise<RunningGateway>
  /** Ends what still runs and removes the folder. */
  remove(): Promise<void>
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
  const running = new Set<RunningGateway>()
  const configFile = join(folder, 'postern.yaml')
  const home: GatewayHome = {
    folder,
    configure(rest) {
      writeFileSync(
        configFile,
        `server: { port: 0 }
storage: sqlite:${join(folder, 'data/postern.db')}
api: { keys: [${API_KEY}] }
signing: { secrets: [${SIGNING_SECRET}] }
outbound: { allow_private: [127.0.0.0/8] }
${rest}`,
      )
    },
    async start(options = {}) {
      const child = spawn(process.execPath, ['dist/main.js', 'serve', ...(options.args ?? ['--config', configFile])], {
        env: { PATH: process.env['PATH'] ?? '', ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      const url = await new Promise<string>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk.toString()
          const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)
          if (found !== null) resolve(found[0])
        }
        child.stdout.on('data', read)
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
        child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}:\n${output}`)))
      })
      const gateway: RunningGateway = {
        url,
        process: child,
        output: () => output,
        api: (path, init = {}) => {
          const headers = new Headers(init.headers)
          headers.set('authorization', `Bearer ${API_KEY}`)
          headers.set('content-type', 'application/json')
          return fetch(url + path, { ...init, headers })
        },
        async kill(signal) {
          if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
          const ended = once(child, 'exit')
          child.kill(signal)
          await ended
          running.delete(gateway)
          return child.exitCode
        },
      }
      running.add(gateway)
      return gateway
    },
    async remove() {
      for (const gateway of running) await gateway.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return home
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
