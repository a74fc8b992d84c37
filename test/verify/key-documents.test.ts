import { describe, expect, test } from 'vitest'
import { createKeyDocuments, type ReadDocument } from '../../src/verify/key-documents.ts'
import { createKeySets } from '../../src/verify/key-sets.ts'
import type { DocumentRequest } from '../../src/verify/verifier.ts'

const MINUTE = 60_000
const URL_A = 'https://keys.example.com/a.pem'

function setUp(answer: (request: DocumentRequest) => Promise<string> = async ({ url }) => `of ${url}`): {
  read: ReadDocument
  asked: DocumentRequest[]
  clock: { now: number }
} {
  const asked: DocumentRequest[] = []
  const clock = { now: 1_000_000_000 }
  const read = createKeyDocuments({
    fetchDocument: (request) => {
      asked.push(request)
      return answer(request)
    },
    now: () => clock.now,
    cooldownMs: MINUTE,
    maxAgeMs: 60 * MINUTE,
    maxStaleMs: 24 * 60 * MINUTE,
    retryDelayMs: 1,
    maxDocuments: 3,
    maxNewPerMinute: 5,
  })
  return { read, asked, clock }
}
const get = (url: string, more: Partial<DocumentRequest> = {}): DocumentRequest => ({ url, accept: '*/*', ...more })

describe('a document', () => {
  test('is asked for once, by however many', async () => {
    const { read, asked } = setUp()
    const all = await Promise.all([read(get(URL_A)), read(get(URL_A)), read(get(URL_A))])
    expect(new Set(all)).toHaveProperty('size', 1)
    expect(all[0]).toEqual({ text: `of ${URL_A}`, fetchedAt: 1_000_000_000 })
    expect(asked).toHaveLength(1)
  })

  test('is asked for again when it is old, and on request after a pause', async () => {
    const { read, asked, clock } = setUp()
    await read(get(URL_A))
    await read(get(URL_A), { refresh: true })
    expect(asked).toHaveLength(1)
    clock.now += MINUTE
    await read(get(URL_A), { refresh: true })
    expect(asked).toHaveLength(2)
    clock.now += 61 * MINUTE
    await read(get(URL_A))
    expect(asked).toHaveLength(3)
  })

  test('is used for a day while no newer one can be had', async () => {
    let isUp = true
    const { read, clock } = setUp(async () => {
      if (isUp) return 'key'
      throw new Error('down')
    })
    await read(get(URL_A))
    isUp = false
    clock.now += 120 * MINUTE
    expect((await read(get(URL_A))).text).toBe('key')
    clock.now += 24 * 60 * MINUTE
    await expect(read(get(URL_A))).rejects.toThrow('down')
  })

  test('that cannot be had is not asked for on every request', async () => {
    const { read, asked } = setUp(async () => {
      throw new Error('down')
    })
    await expect(read(get(URL_A))).rejects.toThrow('down')
    await expect(read(get(URL_A))).rejects.toThrow('down')
    expect(asked).toHaveLength(2) // one try and its repetition
  })

  test('is another one with other credentials or another body', async () => {
    const { read, asked } = setUp()
    const body = { contentType: 'application/json', text: '{"key_id":"1"}' }
    await read(get(URL_A))
    await read(get(URL_A, { authorization: 'Bearer a' }))
    await read(get(URL_A, { authorization: 'Bearer a', body }))
    await read(get(URL_A, { authorization: 'Bearer a' }))
    expect(asked).toHaveLength(3)
  })
})

describe('made-up URLs', () => {
  test('cost no more than a few fetches of a host in a minute', async () => {
    const { read, asked, clock } = setUp()
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => read(get(`https://keys.example.com/${at}`))),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(asked).toHaveLength(5)
    expect((await read(get('https://other.example.com/1'))).text).toBe('of https://other.example.com/1')
    clock.now += MINUTE
    expect((await read(get('https://keys.example.com/51'))).text).toBe('of https://keys.example.com/51')
  })

  test('do not push out what is in use', async () => {
    const { read, asked } = setUp(async ({ url }) => {
      if (url === URL_A) return 'key'
      throw new Error('no such key')
    })
    await read(get(URL_A))
    for (let at = 0; at < 4; at += 1) {
      await expect(read(get(`https://keys.example.com/${at}`))).rejects.toThrow('no such key')
      await read(get(URL_A))
    }
    expect(asked.filter(({ url }) => url === URL_A)).toHaveLength(1)
  })
})

test('key sets have documents where there is a network for them', async () => {
  const parts = { fetchJson: async () => ({ keys: [] }), now: () => 0, cooldownMs: 1, maxAgeMs: 1 }
  expect(createKeySets(parts).document).toBeUndefined()
  const document = createKeySets({ ...parts, fetchDocument: async () => 'key', maxAgeMs: 10 }).document!
  expect(await document(get(URL_A))).toEqual({ text: 'key', fetchedAt: 0 })
})
