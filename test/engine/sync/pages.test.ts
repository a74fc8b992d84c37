import { expect, test } from 'vitest'
import type { JsonAnswer } from '../../../src/engine/sync/api.ts'
import { FIRST_PAGE, LoopDetector, nextPage, placedValue } from '../../../src/engine/sync/pages.ts'
import type { CompiledPages, PageAdvance } from '../../../src/spec/compiled-sync.ts'

function pages(advance: PageAdvance, more: Partial<CompiledPages> = {}): CompiledPages {
  return { advance, size: null, more: null, hosts: new Set(), max: 100, ...more }
}

function answer(given: { headers?: Record<string, string>; body?: string; question?: string } = {}): JsonAnswer {
  return {
    status: 200,
    headers: given.headers ?? {},
    body: {},
    url: new URL('https://api.example.com/v1/items?page=1'),
    bytes: Buffer.from(given.body ?? ''),
    question: given.question ?? '',
  }
}

const view = { connection: {}, options: {}, now: 0 }
const link = (header: string) =>
  nextPage({
    pages: pages({ kind: 'link', relation: 'next' }),
    page: FIRST_PAGE,
    answer: answer({ headers: { link: header } }),
    itemCount: 1,
    view,
  })

test.each([
  ['<https://api.example.com/v1/items?page=2>; rel="next"', 'https://api.example.com/v1/items?page=2'],
  ['<https://api.example.com/x>; rel="prev", </v1/items?page=3>; rel=next', 'https://api.example.com/v1/items?page=3'],
  ['</a,b;c>; title="; rel=\\"prev"; rel="last next"', 'https://api.example.com/a,b;c'],
  ['</a>; REL="Next"', 'https://api.example.com/a'],
])('finds the next page in %s', async (header, url) => {
  expect(await link(header)).toMatchObject({ ok: true, value: { number: 2, value: url } })
})

test.each([[''], ['</a>; rel="prev"'], ['</a>; rel="nextish"'], ['no link at all']])(
  'finds no next page in "%s"',
  async (header) => {
    expect(await link(header)).toEqual({ ok: true, value: null })
  },
)

test.each([
  ['another host', '<https://evil.example/>; rel=next'],
  ['another port', '<https://api.example.com:8443/>; rel=next'],
  ['another scheme', '<http://api.example.com/>; rel=next'],
  ['no scheme of the web', '<javascript:alert(1)>; rel=next'],
])('does not follow a next page at %s', async (_name, header) => {
  expect(await link(header)).toMatchObject({ ok: false, failure: { code: 'page_foreign' } })
})

test('follows to a host that the declaration names, but never from https to http', async () => {
  const follow = (target: string) =>
    nextPage({
      pages: pages({ kind: 'link', relation: 'next' }, { hosts: new Set(['eu.example.com']) }),
      page: FIRST_PAGE,
      answer: answer({ headers: { link: `<${target}>; rel=next` } }),
      itemCount: 1,
      view,
    })
  expect((await follow('https://eu.example.com/')).ok).toBe(true)
  expect((await follow('http://eu.example.com/')).ok).toBe(false)
})

test('counts pages and items, and ends at a short page or an empty one', async () => {
  const number = pages({ kind: 'number', into: { part: 'query', path: ['page'] }, first: 0 }, { size: 2 })
  const offset = pages({ kind: 'offset', into: { part: 'query', path: ['offset'] } })
  const after = (given: CompiledPages, itemCount: number) =>
    nextPage({ pages: given, page: FIRST_PAGE, answer: answer(), itemCount, view })
  expect(placedValue(number, FIRST_PAGE)?.value).toBe(0)
  expect(await after(number, 2)).toMatchObject({ value: { number: 2, items: 2 } })
  expect(await after(number, 1)).toMatchObject({ value: null })
  expect(await after(offset, 1)).toMatchObject({ value: { items: 1 } })
  expect(await after(offset, 0)).toMatchObject({ value: null })
  expect(placedValue(offset, { number: 2, items: 7, value: null })?.value).toBe(7)
})

test('notices a question that was asked before, and two equal answers in a row, but not two empty ones', () => {
  const loops = new LoopDetector()
  expect(loops.check(answer({ question: 'a', body: '1' }), 1)).toBeNull()
  expect(loops.check(answer({ question: 'b', body: '2' }), 1)).toBeNull()
  expect(loops.check(answer({ question: 'c', body: '2' }), 1)).toContain('the same')
  expect(loops.check(answer({ question: 'a', body: '3' }), 1)).toContain('twice')
  const empty = new LoopDetector()
  expect(empty.check(answer({ question: 'a', body: '[]' }), 0)).toBeNull()
  expect(empty.check(answer({ question: 'b', body: '[]' }), 0)).toBeNull()
})

test('comes to an end of a hostile Link header', async () => {
  // Quadratic work on the first would be 10^8 steps, on the second the test's own timeout: no time is asserted, it just ends.
  const answers = [await link(`<a>;${' '.repeat(16_000)}x`), await link('<a>; b="'.repeat(2_000))]
  expect(answers).toHaveLength(2)
})

test('keeps no credentials of a next URL', async () => {
  const found = await nextPage({
    pages: pages({ kind: 'link', relation: 'next' }),
    page: FIRST_PAGE,
    answer: answer({ headers: { link: '</v1/items?api_key=secret&after=7>; rel=next' } }),
    itemCount: 1,
    view,
    secretParameter: 'api_key',
  })
  expect(found).toMatchObject({ value: { value: 'https://api.example.com/v1/items?after=7' } })
})
