/**
 * Identifiers. Each kind is a type of its own, so swapping two does not compile. Those we make ourselves are a prefix and a
 * UUIDv7 (RFC 9562 §5.7) in hex: they sort by time of creation, which keeps inserts at the end of the indexes and makes them
 * usable as page cursors. Within one millisecond a counter keeps them in order.
 */
type Branded<Name extends string> = string & { readonly __id: Name }

export type RequestId = Branded<'request'>
export type EventId = Branded<'event'>
export type DeliveryId = Branded<'delivery'>
export type AttemptId = Branded<'attempt'>
/** A replay of many deliveries. */
export type ReplayId = Branded<'replay'>
/** One run of a sync. */
export type SyncRunId = Branded<'sync_run'>
export type MissedWebhookId = Branded<'missed_webhook'>
/** The name of a sync within its integration, as declared. */
export type SyncName = Branded<'sync'>
/** The key of one integration in the configuration; the peer's `providerConfigKey`. */
export type IntegrationKey = Branded<'integration'>
/** The name a connection has within its integration; chosen by the user's app. */
export type ConnectionId = Branded<'connection'>
/** The name of a destination in the configuration. */
export type DestinationName = Branded<'destination'>

const PREFIX = {
  request: 'req',
  event: 'evt',
  delivery: 'dlv',
  attempt: 'att',
  replay: 'rpl',
  run: 'run',
  missed: 'mis',
} as const

interface IdOf {
  request: RequestId
  event: EventId
  delivery: DeliveryId
  attempt: AttemptId
  replay: ReplayId
  run: SyncRunId
  missed: MissedWebhookId
}

export interface Ids {
  next<Kind extends keyof IdOf>(kind: Kind): IdOf[Kind]
}

/** Of bytes in hex, two digits each. */
const HEX = Array.from({ length: 256 }, (_, byte) => (byte | 0x100).toString(16).slice(1))

/**
 * Makes ids from a clock (ms since the epoch) and a source of random bytes. The ids of one generator rise strictly, also when the
 * clock stands still or steps back: the last millisecond seen is then kept and the 42-bit counter below it goes on.
 */
export function createIds(sources: { now: () => number; randomBytes: (size: number) => Uint8Array }): Ids {
  let lastMs = 0
  /** Written once a millisecond, which may have dozens of ids. */
  let time = ''
  let counter = 0
  return {
    next(kind) {
      const nowMs = sources.now()
      const random = sources.randomBytes(9)
      if (nowMs > lastMs) {
        lastMs = nowMs
        time = nowMs.toString(16).padStart(12, '0')
        counter = (random[0]! << 16) | (random[1]! << 8) | random[2]! // starts anywhere below 2^24 of 2^42
      } else {
        counter += 1
      }
      const high = Math.floor(counter / 2 ** 30) & 0xfff
      const variant = (0x8000_0000 + (counter % 2 ** 30)).toString(16)
      const tail = HEX[random[3]!]! + HEX[random[4]!]! + HEX[random[5]!]! + HEX[random[6]!]!
      const version = high === 0 ? '7000' : `7${high.toString(16).padStart(3, '0')}`
      return `${PREFIX[kind]}_${time}${version}${variant}${tail}` as never
    },
  }
}

/** Names of integrations, destinations and providers: they stand in URLs and YAML keys. */
export const NAME_PATTERN: RegExp = /^[a-z0-9][a-z0-9._-]{0,99}$/i
