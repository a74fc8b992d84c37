/**
 * The only way by which the gateway opens connections to the outside: an undici agent that asks the address policy about every
 * address before it connects, and again about the address its socket has really reached. Names are resolved here, once per
 * connection, and the socket goes to the very addresses that were judged, so a name that changes its mind between check and use
 * (DNS rebinding) gains nothing; a connection kept alive stays on its judged address.
 *
 * A name is refused when *any* of its addresses is. To connect to the allowed ones only would also be safe, but whether a call
 * works would then hang on the order of the answers, and a public name with a private address beside it is either a mistake or
 * an attack: both should be seen.
 */
import { lookup as resolveWithSystem } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { createAddressPolicy } from './address-policy.ts'
import type { AddressPolicy, AddressRefusal } from './address-policy.ts'

/** Raised instead of a connection to an address that may not be reached. */
export class BlockedAddressError extends Error {
  readonly code = 'POSTERN_BLOCKED_ADDRESS'

  constructor(host: string, { address, kind, cidr }: AddressRefusal) {
    const subject = host === address ? address : `${host} (${address})`
    super(
      `${subject} is ${kind}, which outbound calls may not reach. ` +
        `If it is meant to be reached, add "${cidr}" or its network to outbound.allow_private.`,
    )
    this.name = 'BlockedAddressError'
  }
}

/** Resolves a name to all of its addresses; the system's resolver, but for tests. */
export type Resolve = (
  host: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface GuardOptions {
  /** CIDRs that may be reached although they are not public; read before every call, so that a reload takes effect at once. */
  readonly allowPrivate: () => readonly string[]
  /** Time for name, TCP and TLS together. */
  readonly connectTimeoutMs: number
  /** Connections to one origin at most. */
  readonly connections: number
  /** Certificate authorities in PEM, instead of the built-in ones. */
  readonly ca?: string
  readonly resolve?: Resolve
}

export interface GuardedAgent {
  /** The agent under the policy in force. A changed allow-list makes a new one: no old connection outlives its permission. */
  current(): Agent
  /** Ends all connections, also those in use. */
  close(): Promise<void>
}

export function createGuardedAgent(options: GuardOptions): GuardedAgent {
  let allowed = options.allowPrivate()
  let agent = buildAgent(createAddressPolicy(allowed), options)
  const retired = new Set<Agent>()

  function retire(old: Agent): void {
    retired.add(old)
    void old.close().finally(() => retired.delete(old))
  }

  return {
    current() {
      const wanted = options.allowPrivate()
      if (wanted !== allowed) {
        const isSame = wanted.length === allowed.length && wanted.every((cidr, index) => cidr === allowed[index])
        allowed = wanted
        if (!isSame) {
          retire(agent)
          agent = buildAgent(createAddressPolicy(allowed), options)
        }
      }
      return agent
    },
    async close() {
      await Promise.all([agent, ...retired].map((each) => each.destroy()))
    },
  }
}

function buildAgent(policy: AddressPolicy, options: GuardOptions): Agent {
  return new Agent({
    connect: createGuardedConnector(policy, options),
    connections: options.connections,
    pipelining: 1,
    // Node's own servers end idle connections after 5 s; ending them first avoids posting into a connection about to close.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
  })
}

/** A connector for undici that connects to nothing the policy refuses. */
export function createGuardedConnector(
  policy: AddressPolicy,
  options: Pick<GuardOptions, 'connectTimeoutMs' | 'ca' | 'resolve'>,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    lookup: createGuardedLookup(policy, options.resolve ?? resolveWithSystem),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  return (target, callback) => {
    // Sockets do not look up what is already an address, so the lookup's guard would never be asked.
    const refusal = isIP(target.hostname) === 0 ? null : policy.refusalOf(target.hostname)
    if (refusal !== null) {
      const error = new BlockedAddressError(target.hostname, refusal)
      queueMicrotask(() => callback(error, null))
      return
    }
    connect(target, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      // The last word has the socket itself, whatever the way that led to it.
      const reached = socket.remoteAddress
      const reachedRefusal = reached === undefined ? null : policy.refusalOf(reached)
      if (reached !== undefined && reachedRefusal === null) {
        callback(null, socket)
        return
      }
      socket.destroy()
      const failure =
        reachedRefusal === null
          ? Object.assign(new Error('the connection was closed while it was opened'), { code: 'ECONNRESET' })
          : new BlockedAddressError(target.hostname, reachedRefusal)
      callback(failure, null)
    })
  }
}

/**
 * A lookup that fails when any address of the name is refused. Calls for the same name share one question to the resolver, so
 * that a name whose servers hang takes up one of the few threads of the system's resolver and not all of them.
 */
function createGuardedLookup(policy: AddressPolicy, resolve: Resolve): LookupFunction {
  type Answer = (error: Error | null, addresses: LookupAddress[]) => void
  const asking = new Map<string, Answer[]>()

  function ask(host: string, answer: Answer): void {
    const waiting = asking.get(host)
    if (waiting !== undefined) {
      waiting.push(answer)
      return
    }
    const answers = [answer]
    asking.set(host, answers)
    resolve(host, { all: true }, (error, addresses) => {
      asking.delete(host)
      const failure = error ?? refusalAmong(host, addresses)
      for (const each of answers) each(failure, failure === null ? addresses : [])
    })
  }

  function refusalAmong(host: string, addresses: readonly LookupAddress[]): Error | null {
    if (addresses.length === 0) return Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })
    for (const { address } of addresses) {
      const refusal = policy.refusalOf(address)
      if (refusal !== null) return new BlockedAddressError(host, refusal)
    }
    return null
  }

  return (host, options, callback) => {
    ask(host, (error, addresses) => {
      const first = addresses[0]
      if (options.all === true || first === undefined) callback(error, addresses)
      else callback(error, first.address, first.family)
    })
  }
}
