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
import { Agent, buildConnector, Pool, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
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
  /** Our own certificate and its key in PEM, for servers that ask for one. */
  readonly cert?: string
  readonly key?: string
  /**
   * URL of an HTTP proxy that all connections go through. The guard then judges the proxy's address; of the names behind it the proxy
   * decides, and only what is an address already can be judged here.
   */
  readonly proxy?: string
  readonly resolve?: Resolve
}

export interface GuardedAgent {
  /** The agent under the policy in force. A changed allow-list makes a new one: no old connection outlives its permission. */
  current(): Dispatcher
  /** Why this host may not be reached, where that can be told without asking a name server; null when it may or is not known. */
  refusalOf(host: string): BlockedAddressError | null
  /** Ends all connections, also those in use. */
  close(): Promise<void>
}

export function createGuardedAgent(options: GuardOptions): GuardedAgent {
  let allowed = options.allowPrivate()
  let policy = createAddressPolicy(allowed)
  let agent = buildAgent(policy, options)
  const retired = new Set<Dispatcher>()

  function retire(old: Dispatcher): void {
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
          policy = createAddressPolicy(allowed)
          agent = buildAgent(policy, options)
        }
      }
      return agent
    },
    refusalOf(host) {
      const address = host.replace(/^\[|\]$/g, '')
      const refusal = isIP(address) === 0 ? null : policy.refusalOf(address)
      return refusal === null ? null : new BlockedAddressError(address, refusal)
    },
    async close() {
      await Promise.all([agent, ...retired].map((each) => each.destroy()))
    },
  }
}

function buildAgent(policy: AddressPolicy, options: GuardOptions): Dispatcher {
  if (options.proxy !== undefined) return buildProxyAgent(policy, options, options.proxy)
  return new Agent({
    connect: createGuardedConnector(policy, options),
    connections: options.connections,
    pipelining: 1,
    // Node's own servers end idle connections after 5 s; ending them first avoids posting into a connection about to close.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
  })
}

/** Tunnels through the proxy, for http targets too: TLS to the target is ours, and the proxy sees names only. */
function buildProxyAgent(policy: AddressPolicy, options: GuardOptions, uri: string): Dispatcher {
  const { ca, cert, key } = options
  return new ProxyAgent({
    uri,
    connections: options.connections,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    requestTls: {
      timeout: options.connectTimeoutMs,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    // The certificates are for the target, not for the proxy.
    clientFactory: (origin) => {
      const { connectTimeoutMs, resolve } = options
      const connect = createGuardedConnector(policy, {
        connectTimeoutMs,
        ...(resolve === undefined ? {} : { resolve }),
      })
      return new Pool(origin, { connect, connections: options.connections })
    },
  })
}

/** A connector for undici that connects to nothing the policy refuses. */
export function createGuardedConnector(
  policy: AddressPolicy,
  options: Pick<GuardOptions, 'connectTimeoutMs' | 'ca' | 'cert' | 'key' | 'resolve'>,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    lookup: createGuardedLookup(policy, options.resolve ?? resolveWithSystem),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
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
