import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'

const secret = new Secret('hunter2')

const printers: { name: string; print: () => string }[] = [
  { name: 'String', print: () => String(secret) },
  { name: 'joining it to text', print: () => ['Bearer', secret].join(' ') },
  { name: 'JSON', print: () => JSON.stringify({ secret, list: [secret] }) },
  {
    name: 'inspect, as console.log and loggers use it',
    print: () => inspect({ secret }, { depth: 9, showHidden: true }),
  },
  { name: 'its keys and values', print: () => JSON.stringify(Object.entries(secret)) },
  { name: 'a copy of its members', print: () => inspect({ ...(secret as object) }) },
]
for (const { name, print } of printers) {
  test(`is not shown by ${name}`, () => expect(print()).not.toContain('hunter2'))
}

test('says that it is one', () => expect(String(secret)).toBe('[secret]'))

test('gives its text to who asks for it by name', () => expect(secret.reveal()).toBe('hunter2'))
