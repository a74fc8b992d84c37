import { describe, expect, test } from 'vitest'
import { identifiersOf } from '../../src/domain/connection.ts'
import type { JsonObject } from '../../src/domain/connection.ts'
import type { ConnectionId } from '../../src/domain/ids.ts'

function found(given: { config?: JsonObject; metadata?: JsonObject; tags?: Record<string, string> }): string[] {
  const connectionId = 'acme' as ConnectionId
  const identifiers = identifiersOf({
    connectionId,
    connectionConfig: given.config ?? {},
    metadata: given.metadata ?? {},
    tags: given.tags ?? {},
  })
  return identifiers.map(({ field, value }) => `${field}=${value}`)
}

describe('identifiersOf', () => {
  const cases: { name: string; given: Parameters<typeof found>[0]; expected: string[] }[] = [
    { name: 'finds the id of the connection itself', given: {}, expected: [] },
    {
      name: 'finds text and numbers as text',
      given: { config: { a: 'x', b: 42 } },
      expected: ['connection_config.a=x', 'connection_config.b=42'],
    },
    {
      name: 'finds nested members by dotted path',
      given: { config: { team: { id: 'T1' } } },
      expected: ['connection_config.team.id=T1'],
    },
    {
      name: 'finds a member whose name has dots by the same path',
      given: { config: { 'team.id': 'T1' } },
      expected: ['connection_config.team.id=T1'],
    },
    {
      name: 'finds every item of an array under the path of the array',
      given: { metadata: { ids: [1, 'b', [3]] } },
      expected: ['metadata.ids=1', 'metadata.ids=b', 'metadata.ids=3'],
    },
    { name: 'finds tags', given: { tags: { plan: 'pro' } }, expected: ['tags.plan=pro'] },
    {
      name: 'keeps the digits of a large id given as text',
      given: { config: { id: '12345678901234567890' } },
      expected: ['connection_config.id=12345678901234567890'],
    },
    { name: 'names a value once', given: { config: { ids: ['a', 'a'] } }, expected: ['connection_config.ids=a'] },
    {
      name: 'identifies nothing by null, booleans and empty text',
      given: { config: { a: null, b: true, c: '', d: {} } },
      expected: [],
    },
    {
      name: 'identifies nothing by very long text',
      given: { config: { a: 'x'.repeat(1_025), b: 'x'.repeat(2) } },
      expected: ['connection_config.b=xx'],
    },
  ]
  for (const { name, given, expected } of cases) {
    test(name, () => expect(found(given)).toEqual(['connection_id=acme', ...expected]))
  }

  test('stops at 1,000 identifiers and at eight levels', () => {
    expect(found({ config: { ids: Array.from({ length: 2_000 }, (_none, index) => index) } })).toHaveLength(1_000)
    const deep = JSON.parse(`${'{"a":'.repeat(20)}"x"${'}'.repeat(20)}`) as JsonObject
    expect(found({ config: deep })).toHaveLength(1)
    expect(found({ config: { a: { b: { c: { d: 'x' } } } } })).toHaveLength(2)
  })
})
