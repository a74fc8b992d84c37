import { describe, expect, test } from 'vitest'
import { forwardedHeaders } from '../../../src/engine/forward/headers.ts'

describe('forwardedHeaders', () => {
  const cases: {
    name: string
    provider: Record<string, string>
    operator?: Record<string, string>
    expected: Record<string, string>
  }[] = [
    {
      name: 'lets the headers of the provider pass',
      provider: { 'x-github-event': 'push' },
      expected: { 'x-github-event': 'push' },
    },
    {
      name: 'stops what may not pass, though it lies in the store',
      provider: {
        authorization: 'a',
        'content-type': 'b',
        'webhook-id': 'c',
        'x-nango-signature': 'd',
        'X-Forwarded-For': 'e',
        x_nango_signature: 'f',
      },
      expected: {},
    },
    {
      name: 'keeps the query that the gateway itself has put there',
      provider: { 'postern-query': 'a=b' },
      expected: { 'postern-query': 'a=b' },
    },
    {
      name: "adds the operator's headers, credentials too",
      provider: {},
      operator: { Authorization: 'Bearer t', 'User-Agent': 'mine' },
      expected: { authorization: 'Bearer t', 'user-agent': 'mine' },
    },
    {
      name: "puts the operator's over the provider's",
      provider: { 'x-a': 'provider' },
      operator: { 'X-A': 'operator' },
      expected: { 'x-a': 'operator' },
    },
    {
      name: 'lets nobody write the framing or the signatures',
      provider: {},
      operator: {
        'Content-Length': '0',
        'content-type': 'text/plain',
        'Transfer-Encoding': 'chunked',
        'Webhook-Signature': 'v1,x',
        'X-Nango-Hmac-Sha256': 'x',
        'postern-query': 'x',
        connection: 'close',
      },
      expected: {},
    },
    {
      name: 'is not confused by odd names',
      provider: JSON.parse('{"__proto__":"x"}'),
      operator: { constructor: 'y' },
      expected: { constructor: 'y' },
    },
  ]
  for (const { name, provider, operator, expected } of cases) {
    test(name, () => expect(forwardedHeaders(provider, operator ?? {})).toEqual(expected))
  }
})
