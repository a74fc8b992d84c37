import { expect, test } from 'vitest'
import type { RequestView } from '../../src/domain/expression.ts'
import { createFilterCompiler } from '../../src/expression/compile.ts'
import { extendView, strictView, viewWithType } from '../../src/verify/view.ts'
import { withEvent } from '../../src/spec/request-view.ts'
import { compileExpression, inbound, NOW, viewOf } from './verifying.ts'

const request = inbound({
  url: 'https://hooks.example.com/webhook/acme?a=1&a=2',
  headers: { 'x-one': '1', 'x-two': ['a', 'b'] },
  body: '{"id":7,"items":[{"id":1}]}',
})
const view = viewOf(request)
const MEMBERS = ['method', 'url', 'path', 'headers', 'query', 'body', 'raw', 'event', 'options', 'now'] as const

for (const name of MEMBERS) {
  test(`an extended view has the same ${name}`, () => {
    expect(extendView(view, { item: 1 })[name]).toEqual(view[name])
    expect(strictView(view, inbound({ ...request, headers: {} }))[name]).toEqual(name === 'headers' ? {} : view[name])
  })
}

test('has what was added, over what was added before', () => {
  const first = extendView(view, { item: 1, claims: { sub: 'a' } })
  const second = extendView(first, { claims: { sub: 'b' }, parts: { t: '1' } })
  expect([second.item, second.claims, second.parts]).toEqual([1, { sub: 'b' }, { t: '1' }])
  expect([first.claims, first.parts]).toEqual([{ sub: 'a' }, undefined])
})

test('what is added as undefined hides what was there', () => {
  const claimed = extendView(view, { claims: { sub: 'a' } })
  expect(extendView(claimed, { claims: undefined }).claims).toBeUndefined()
  expect(extendView(claimed, { item: undefined }).claims).toEqual({ sub: 'a' })
})

test('a strict view has only headers that were sent once, however it is extended', () => {
  expect(view.headers).toEqual({ 'x-one': '1', 'x-two': 'a, b' })
  expect(extendView(strictView(view, request), { parts: {} }).headers).toEqual({ 'x-one': '1' })
})

test('an event in its batch keeps what stands around it, and the claims of its request', () => {
  const event = withEvent(extendView(view, { claims: { sub: 'a' } }), { id: 1 }, 3, {
    outer: [{ id: 9 }],
    list: 'items',
  })
  expect([event.event, event.position, event.outer, event.list, event.claims, event.body]).toEqual([
    { id: 1 },
    3,
    [{ id: 9 }],
    'items',
    { sub: 'a' },
    view.body,
  ])
})

test('a filter sees the type beside everything else, also of a request whose token was verified', async () => {
  const seen = viewWithType(extendView(view, { claims: { sub: 'a' } }), 'created')
  const filter = `type & ":" & body.id & ":" & claims.sub & ":" & headers."x-one"`
  expect(seen.type).toBe('created')
  expect(await createFilterCompiler()(filter).evaluate(seen)).toEqual({ ok: true, value: 'created:7:a:1' })
})

test('the whole of JSONata sees what the direct way sees', async () => {
  const added: RequestView = extendView(view, { item: { id: 5 } })
  for (const source of ['item.id + body.id', '(item.id ~> $sum) + body.id']) {
    expect(await compileExpression(source).evaluate(added)).toEqual({ ok: true, value: 12 })
  }
  expect(added.now).toBe(NOW)
})
