/**
 * The gateway under test: the compiled program in a process of its own, on a fresh database (or one that was filled before), with one
 * integration for each kind of message.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'

export const SECRET = 'bench-secret'
/** What the bench's one connection is found by. */
export const REPOSITORY = 778812
export const PORTAL = 33112244
const API_KEY = 'bench-api-key-0123456789'
const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface GatewayOrder {
  /** Where its own folder is made, and how much it logs. */
  readonly options: { readonly folder: string; readonly logLevel: string }
  /** The port of the receiver that everything is forwarded to; absent forwards nothing. */
  readonly forwardPort?: number
  /** More of the configuration. */
  readonly settings?: string
  /** In place of the two integrations of the bench. */
  readonly integrations?: string
  /** Called before the start with the path that the database will have. */
  readonly prepare?: (databaseFile: string) => Promise<void>
}

export interface Stats {
  readonly requests: Readonly<Record<string, number>>
  readonly deliveries: Readonly<Record<string, number>>
}

export interface BenchGateway extends Child {
  readonly databaseFile: string
  /** From the start of the process until /readyz answered 200. */
  readonly readyAfterMs: number
  api(method: string, path: string, body?: unknown): Promise<unknown>
  stats(): Promise<Stats>
  /** Also removes its folder. */
  stop(): Promise<void>
  /** Stops the program and calls `read` before the folder is removed. */
  stopAnd(read: (databaseFile: string) => void): Promise<void>
}

export async function startGateway(order: GatewayOrder): Promise<BenchGateway> {
  const folder = mkdtempSync(join(order.options.folder, 'postern-bench-'))
  const databaseFile = join(folder, 'data', 'postern.db')
  try {
    mkdirSync(join(folder, 'data'))
    await order.prepare?.(databaseFile)
    const configFile = join(folder, 'postern.yaml')
    writeFileSync(configFile, configuration(order, databaseFile))
    const begun = performance.now()
    const child = await startChild([PROGRAM, 'serve', '--config', configFile], { NODE_ENV: 'production' })
    const url = `http://127.0.0.1:${child.port}`
    while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 5))
    const readyAfterMs = performance.now() - begun

    const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
      const answer = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
      return JSON.parse(text)
    }
    const stopAnd = async (read: (file: string) => void): Promise<void> => {
      try {
        await child.stop()
        read(databaseFile)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
    return {
      ...child,
      databaseFile,
      readyAfterMs,
      api,
      stats: async () => (await api('GET', '/api/v1/stats')) as Stats,
      stop: () => stopAnd(() => undefined),
      stopAnd,
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Makes the connection that the bench's own messages belong to. */
export async function connectAccount(gateway: BenchGateway, integration: 'github' | 'hubspot'): Promise<void> {
  await gateway.api('POST', '/connections', {
    connection_id: 'acme',
    provider_config_key: integration,
    connection_config: integration === 'github' ? { repository_id: REPOSITORY } : { portalId: PORTAL },
  })
}

function configuration({ options, forwardPort, settings = '', integrations }: GatewayOrder, file: string): string {
  const forward = forwardPort === undefined ? '[]' : '[app]'
  const destinations =
    forwardPort === undefined
      ? ''
      : `destinations:\n  app: { url: "http://127.0.0.1:${forwardPort}/webhooks", concurrency: 16 }\n`
  const own = `  github: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: ${forward} }
  hubspot: { provider: hubspot, secrets: { client_secret: [${SECRET}] }, forward: ${forward} }
`
  return `server: { port: 0 }
storage: sqlite:${file}
api: { keys: [${API_KEY}] }
log: { level: ${options.logLevel} }
outbound: { allow_private: [127.0.0.0/8] }
${settings}${destinations}integrations:
${integrations ?? own}`
}
