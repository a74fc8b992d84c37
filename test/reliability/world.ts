/** What every scenario has: a folder for the gateway, an app, and a provider that sends. Made anew before each test of the file. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { composeGateway } from '../../src/compose.ts'
import type { Clock } from '../../src/engine/ports.ts'
import { createGatewayHome, eventually, type GatewayHome } from '../support/gateway.ts'
import { createReceiver, type Receiver } from '../support/receiver.ts'
import { createProvider, type Provider, SECRET } from './provider.ts'
import { PATIENCE_MS } from './stats.ts'

export interface GatewayHere {
  readonly url: string
  stop(): Promise<void>
}

export class World {
  readonly home: GatewayHome = createGatewayHome()
  readonly receiver: Receiver
  /** Sends to the integration `github`, which forwards to the receiver as destination `app`. */
  readonly provider: Provider
  readonly #stops = new Set<() => Promise<void>>()

  constructor(receiver: Receiver, provider: Provider) {
    this.receiver = receiver
    this.provider = provider
  }

  configure(options: { retries?: string; app?: string; more?: string } = {}): void {
    const { retries = '100ms, 200ms, 500ms, 1s, 1s, 1s, 1s, 1s', app = '', more = '' } = options
    this.home.configure(`
log: { level: error }
delivery: { retries: [${retries}] }
destinations: { app: { url: "${this.receiver.url}/webhooks"${app} } }
integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [app] }
${more}`)
  }

  /** A gateway in this process, on a clock of the test's; it is stopped at the end of the test at the latest. */
  async startHere(clock: Clock): Promise<GatewayHere> {
    const journalTo = openSync(join(this.home.folder, 'journal.log'), 'a', 0o600)
    const { configFile: configPath, folder: cwd } = this.home
    const gateway = await composeGateway({ configPath, cwd, env: {}, warn: () => {}, journalTo, clock })
    const stop = async (): Promise<void> => {
      if (!this.#stops.delete(stop)) return
      await gateway.stop()
      closeSync(journalTo)
    }
    this.#stops.add(stop)
    const { url } = await gateway.start()
    return { url, stop }
  }

  /** So many forwards with different ids. */
  receivedCount(): number {
    return new Set(this.receiver.requests.map(({ headers }) => headers['webhook-id'])).size
  }

  untilReceived(count: number): Promise<number> {
    return eventually(
      () => this.receivedCount(),
      (seen) => seen >= count,
      PATIENCE_MS,
    )
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop()
    await this.home.remove()
    await this.receiver.close()
  }
}

export function useWorld(options: { bodyBytes?: number } = {}): { readonly world: World } {
  const use: { world: World } = { world: undefined as never }
  beforeEach(async () => {
    use.world = new World(await createReceiver(), createProvider({ integration: 'github', ...options }))
  })
  afterEach(() => use.world.close())
  return use
}
