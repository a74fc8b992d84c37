/**
 * What an expression costs: nanoseconds per evaluation by the gateway's compiler, beside plain JSONata where both can run it.
 *
 *     npx tsx bench/expression.ts
 *
 * Measured 2026-11-21, Node 20.20.2, Linux x64, 2 cores with other work on them (load average 3 to 4); the best of five rounds. The
 * last of them needs JSONata: most of its time goes into the thread with which Node watches over a deadline, 60 us on a quiet machine.
 *
 *     body.event.type                                                        47 ns   plain JSONata     1912 ns
 *     body.a & '.' & body.b                                                 100 ns   plain JSONata     3806 ns
 *     $exists(body.x)                                                        43 ns   plain JSONata     2762 ns
 *     headers.`x-event` in ["customer.created", "customer.updated"]          87 ns   plain JSONata     4374 ns
 *     body.entry[0].changes[0].value.id                                     310 ns   plain JSONata     3907 ns
 *     body.items[kind = "odd"].id                                           814 ns   plain JSONata    28407 ns
 *     {"challenge": body.a, "type": body.event.type}                        183 ns   plain JSONata    10552 ns
 *     $sha256(raw)                                                         3295 ns   plain JSONata        –
 *     $map(body.items, function($i) { $i.kind & $i.id })                   3738 ns   plain JSONata   154791 ns
 *     $match(body.a, /c(u)s/).groups                                       2166 ns   plain JSONata    10469 ns
 *     body.items^(>id).kind                                              310371 ns   plain JSONata    65590 ns
 */
import jsonata from 'jsonata'
import type { RequestView } from '../src/domain/expression.ts'
import { createExpressionCompiler } from '../src/expression/compile.ts'

const ROUNDS = 5
const ROUND_MS = 150

const body = {
  event: { type: 'customer.created' },
  a: 'customer',
  b: 'created',
  entry: [{ id: '17', changes: [{ field: 'messages', value: { id: 'wamid.1' } }] }],
  items: Array.from({ length: 10 }, (_, id) => ({ id, kind: id % 2 === 0 ? 'even' : 'odd' })),
}

const view: RequestView = {
  method: 'POST',
  url: 'https://hooks.example.com/webhook/acme',
  path: '/webhook/acme',
  headers: { 'x-event': 'customer.created' },
  query: {},
  options: {},
  now: Date.UTC(2026, 0, 1),
  body,
  event: body,
  raw: JSON.stringify(body),
}

const sources = [
  'body.event.type',
  "body.a & '.' & body.b",
  '$exists(body.x)',
  'headers.`x-event` in ["customer.created", "customer.updated"]',
  'body.entry[0].changes[0].value.id',
  'body.items[kind = "odd"].id',
  '{"challenge": body.a, "type": body.event.type}',
  '$sha256(raw)',
  '$map(body.items, function($i) { $i.kind & $i.id })',
  '$match(body.a, /c(u)s/).groups',
  'body.items^(>id).kind',
]

const compileExpression = createExpressionCompiler()

for (const source of sources) {
  const ours = compileExpression(source)
  const oursNs = await measure(() => ours.evaluate(view))
  const theirs = jsonata(source)
  const theirsNs = source.includes('$sha256') ? undefined : await measure(() => theirs.evaluate(view))
  console.log(
    `${source.padEnd(64)} ${format(oursNs)} ns   plain JSONata ${theirsNs === undefined ? '       –' : `${format(theirsNs)} ns`}`,
  )
}

/** The best of several rounds; a promise is awaited, a result that is there is not. */
async function measure(evaluate: () => unknown): Promise<number> {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round += 1) {
    let count = 0
    const start = performance.now()
    let elapsed = 0
    while (elapsed < ROUND_MS) {
      for (let inner = 0; inner < 100; inner += 1) {
        const result = evaluate()
        if (result instanceof Promise) await result
      }
      count += 100
      elapsed = performance.now() - start
    }
    best = Math.min(best, (elapsed * 1e6) / count)
  }
  return best
}

function format(ns: number): string {
  return ns.toFixed(0).padStart(8)
}
