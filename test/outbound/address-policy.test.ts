import { describe, expect, test } from 'vitest'
import { createAddressPolicy } from '../../src/outbound/address-policy.ts'

const nothingAllowed = createAddressPolicy([])

describe('the address policy refuses', () => {
  const refused: { address: string; as: string }[] = [
    { address: '127.0.0.1', as: 'loopback' },
    { address: '127.255.255.254', as: 'loopback' },
    { address: '::1', as: 'loopback' },
    { address: '0.0.0.0', as: 'unspecified' },
    { address: '0.1.2.3', as: 'unspecified' },
    { address: '::', as: 'unspecified' },
    { address: '10.0.0.1', as: 'private' },
    { address: '172.16.0.1', as: 'private' },
    { address: '172.31.255.255', as: 'private' },
    { address: '192.168.1.1', as: 'private' },
    { address: 'fc00::1', as: 'private' },
    { address: 'fd12:3456::1', as: 'private' },
    { address: 'fec0::1', as: 'special' },
    { address: '169.254.1.1', as: 'link-local' },
    { address: 'fe80::1', as: 'link-local' },
    { address: 'fe80::1%eth0', as: 'link-local' },
    { address: '169.254.169.254', as: 'metadata' },
    { address: '169.254.170.2', as: 'metadata' },
    { address: '100.100.100.200', as: 'metadata' },
    { address: 'fd00:ec2::254', as: 'metadata' },
    { address: '168.63.129.16', as: 'host agent' },
    { address: '100.64.0.1', as: 'carrier-grade NAT' },
    { address: '100.127.255.255', as: 'carrier-grade NAT' },
    { address: '::ffff:127.0.0.1', as: 'loopback' },
    { address: '::ffff:10.0.0.1', as: 'private' },
    { address: '::ffff:a9fe:a9fe', as: 'metadata' },
    { address: '::ffff:168.63.129.16', as: 'host agent' },
    { address: '::127.0.0.1', as: 'loopback' },
    { address: '::ffff:0:127.0.0.1', as: 'translated' },
    { address: '64:ff9b::7f00:1', as: 'NAT64' },
    { address: '64:ff9b:1::a00:1', as: 'NAT64' },
    { address: '2002:7f00:1::', as: '6to4' },
    { address: '2001::1', as: 'Teredo' },
    { address: '224.0.0.1', as: 'multicast' },
    { address: 'ff02::1', as: 'multicast' },
    { address: '255.255.255.255', as: 'broadcast' },
    { address: '192.0.0.192', as: 'reserved' },
    { address: '192.0.2.1', as: 'reserved' },
    { address: '198.18.0.1', as: 'reserved' },
    { address: '240.0.0.1', as: 'reserved' },
    { address: '2001:db8::1', as: 'reserved' },
    { address: '100::1', as: 'special' },
    { address: '4000::1', as: 'unassigned' },
    { address: 'localhost', as: 'no IP address' },
    { address: '', as: 'no IP address' },
  ]
  for (const { address, as } of refused) {
    test(`${address || 'nothing at all'}: ${as}`, () => expect(nothingAllowed.refusalOf(address)?.kind).toContain(as))
  }
})

describe('the address policy allows', () => {
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '169.253.0.1',
    '2606:4700:4700::1111',
    '::ffff:8.8.8.8',
  ]) {
    test(`${address}, which is public`, () => expect(nothingAllowed.refusalOf(address)).toBeNull())
  }

  const listed: { list: string[]; address: string; isAllowed: boolean }[] = [
    { list: ['10.0.0.0/8'], address: '10.1.2.3', isAllowed: true },
    { list: ['10.0.0.0/8'], address: '::ffff:10.1.2.3', isAllowed: true },
    { list: ['10.0.0.0/8'], address: '11.1.2.3', isAllowed: true },
    { list: ['10.0.0.0/8'], address: '192.168.0.1', isAllowed: false },
    { list: ['10.0.0.5/32', 'fd00::/8'], address: 'fd12::1', isAllowed: true },
    { list: ['10.0.0.5/32'], address: '10.0.0.6', isAllowed: false },
    { list: ['::1/128'], address: '127.0.0.1', isAllowed: false },
    { list: ['0.0.0.0/0'], address: '::1', isAllowed: false },
    { list: ['not a network', '10.0.0.0', '10.0.0.0/99'], address: '10.0.0.1', isAllowed: false },
  ]
  for (const { list, address, isAllowed } of listed) {
    test(`${address} ${isAllowed ? 'with' : 'not even with'} ${list.join(' and ')} on the list`, () => {
      expect(createAddressPolicy(list).refusalOf(address) === null).toBe(isAllowed)
    })
  }
})

describe('a refusal', () => {
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '::1', 'fe80::1%eth0', '64:ff9b::a00:1', '169.254.169.254']) {
    test(`of ${address} names the entry that would let it pass`, () => {
      const { cidr } = nothingAllowed.refusalOf(address)!
      expect(createAddressPolicy([cidr]).refusalOf(address)).toBeNull()
    })
  }
})
