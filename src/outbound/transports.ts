/**
 * One guarded agent for each way that calls travel: directly, with a client certificate, with authorities of one's own, through a proxy.
 * Destinations that say the same share one. What the configuration no longer names is closed when room is needed for something new.
 */
import { createHash } from 'node:crypto'
import type { Transport } from '../domain/delivery.ts'
import { createGuardedAgent, type GuardedAgent, type GuardOptions } from './guarded-connector.ts'

export interface Transports {
  /** The plain one without a transport. */
  of(transport: Transport | undefined): GuardedAgent
  close(): Promise<void>
}

const MAX_AGENTS = 256

export function createTransports(options: GuardOptions): Transports {
  const plain = createGuardedAgent(options)
  const agents = new Map<string, GuardedAgent>()
  const known = new WeakMap<Transport, string>()

  function keyOf(transport: Transport): string {
    let key = known.get(transport)
    if (key === undefined) {
      const { cert, key: privateKey, ca, proxy } = transport
      key = createHash('sha256')
        .update(JSON.stringify([cert, privateKey, ca, proxy]))
        .digest('hex')
      known.set(transport, key)
    }
    return key
  }

  return {
    of(transport) {
      if (transport === undefined) return plain
      const key = keyOf(transport)
      let agent = agents.get(key)
      if (agent === undefined) {
        agent = createGuardedAgent({ ...options, ...given(transport) })
        const [oldest] = agents
        if (agents.size >= MAX_AGENTS && oldest !== undefined) {
          agents.delete(oldest[0])
          void oldest[1].close()
        }
      } else {
        agents.delete(key) // the one used last stands last
      }
      agents.set(key, agent)
      return agent
    },
    async close() {
      await Promise.all([plain, ...agents.values()].map((agent) => agent.close()))
    },
  }
}

function given({ cert, key, ca, proxy }: Transport): Partial<GuardOptions> {
  return {
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(ca === null ? {} : { ca }),
    ...(proxy === null ? {} : { proxy }),
  }
}
