/**
 * Each destination: whether the socket-address guard would let a forward through. The judgement is the guard's own
 * (`outbound/address-policy.ts`, imported here although adapters otherwise belong to `compose`: a copy of the rules could differ).
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { ResolvedConfig, ResolvedDestination } from '../../config/resolved-config.ts'
import { type AddressPolicy, createAddressPolicy } from '../../outbound/address-policy.ts'
import type { Check } from './check.ts'

export function checkDestinations(config: ResolvedConfig): Promise<Check[]> {
  const policy = createAddressPolicy(config.outbound.allowPrivate)
  return Promise.all([...config.destinations.values()].map((destination) => check(destination, policy)))
}

async function check({ name, url }: ResolvedDestination, policy: AddressPolicy): Promise<Check> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const found = { area: 'destinations', subject: name } as const
  const addresses = isIP(host) === 0 ? await addressesOf(host) : [host]
  if (addresses.length === 0) {
    const hint = 'Correct it, or see whether DNS works here.'
    return { ...found, status: 'warning', message: `${url}: the name ${host} has no address now`, hint }
  }
  const refusals = addresses.map((address) => policy.refusalOf(address)).filter((refusal) => refusal !== null)
  const [first] = refusals
  if (first === undefined) return { ...found, status: 'ok', message: url, hint: null }
  return {
    ...found,
    status: refusals.length === addresses.length ? 'error' : 'warning',
    message: `${url} is not forwarded to: ${first.address} is ${first.kind}`,
    hint: `If that is meant, add: outbound: { allow_private: ["${first.cidr}"] }`,
  }
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}
