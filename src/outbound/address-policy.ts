/**
 * Which addresses outbound calls may reach: public unicast ones, and those the operator lists in `outbound.allow_private`. The
 * policy judges addresses, never names; who connects must ask it about the address he really connects to.
 */
import ipaddr from 'ipaddr.js'

export interface AddressPolicy {
  /** Null when the address may be reached. */
  refusalOf(address: string): AddressRefusal | null
}

export interface AddressRefusal {
  /** The address as it was judged: of an IPv4-mapped one, the IPv4 address. */
  readonly address: string
  /** What it is, in words for the operator, such as "a private address". */
  readonly kind: string
  /** The entry of the allow-list that would let just this address pass. */
  readonly cidr: string
}

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/** Looks public, and is Azure's host agent: it hands settings and certificates to whoever asks from inside a virtual machine. */
const HOST_AGENT = '168.63.129.16'

/** Credentials of the machine are served here; the name of the range alone would not say what was prevented. */
const METADATA: ReadonlySet<string> = new Set(['169.254.169.254', '169.254.170.2', '100.100.100.200', 'fd00:ec2::254'])

/** IPv6 hands out global unicast from here only (RFC 4291 §2.4, IANA); the rest is unassigned and reaches nobody good. */
const GLOBAL_UNICAST: Range = [ipaddr.IPv6.parse('2000::'), 3]

const KINDS: Readonly<Record<string, string>> = {
  private: 'a private address',
  loopback: 'a loopback address',
  linkLocal: 'a link-local address',
  uniqueLocal: 'a private (unique local) address',
  carrierGradeNat: 'a carrier-grade NAT address',
  unspecified: 'an unspecified address',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
  reserved: 'a reserved address',
  rfc6145: 'an address translated to IPv4',
  rfc6052: 'an address translated to IPv4 (NAT64)',
  '6to4': 'an address tunnelled to IPv4 (6to4)',
  teredo: 'an address tunnelled to IPv4 (Teredo)',
}

/**
 * Translation and tunnel prefixes (NAT64, 6to4, Teredo) are refused whole, because the IPv4 address inside may be a private one;
 * an IPv4-mapped IPv6 address is judged as the IPv4 address that the socket would reach. An entry of the list that is no CIDR
 * allows nothing.
 */
export function createAddressPolicy(allowPrivate: readonly string[]): AddressPolicy {
  const allowed: Range[] = []
  for (const cidr of allowPrivate) if (ipaddr.isValidCIDR(cidr)) allowed.push(ipaddr.parseCIDR(cidr))
  return {
    refusalOf(text) {
      if (!ipaddr.isValid(text)) return { address: text, kind: 'no IP address', cidr: text }
      const judged = ipaddr.process(text)
      if (allowed.some((range) => isWithin(judged, range))) return null
      const address = judged.toString().replace(/%.*$/, '') // the zone of a link-local address is of this machine only
      const kind = specialKindOf(judged, address)
      return kind === null ? null : { address, kind, cidr: `${address}/${judged.kind() === 'ipv6' ? 128 : 32}` }
    },
  }
}

function specialKindOf(address: Address, text: string): string | null {
  if (METADATA.has(text)) return 'a cloud metadata address'
  if (text === HOST_AGENT) return 'the address of a cloud host agent'
  const range = address.range()
  if (range !== 'unicast') return KINDS[range] ?? `a special address (${range})`
  return address.kind() === 'ipv6' && !isWithin(address, GLOBAL_UNICAST) ? 'an unassigned address' : null
}

function isWithin(address: Address, [network, bits]: Range): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}
