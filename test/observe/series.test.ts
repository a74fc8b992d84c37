import { expect, test } from 'vitest'
import { Counter, exposition, Gauge, Histogram } from '../../src/observe/series.ts'

test('writes what Prometheus reads', () => {
  const sent = new Counter({ name: 'sent_total', help: 'Sent.', labels: ['to', 'outcome'] })
  sent.count(['app', 'ok'])
  sent.count(['app', 'ok'], 2)
  sent.count(['app', 'failed'], 0)
  const seconds = new Histogram({ name: 'took_seconds', help: 'Took.', labels: ['to'], buckets: [0.1, 1] })
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(['app'], value)
  const memory = new Gauge({ name: 'memory_bytes', help: 'Memory.' })
  memory.set([], 5)
  memory.set([], 4)
  expect(exposition([sent, seconds, memory])).toBe(`# HELP sent_total Sent.
# TYPE sent_total counter
sent_total{to="app",outcome="ok"} 3
sent_total{to="app",outcome="failed"} 0

# HELP took_seconds Took.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1",to="app"} 2
took_seconds_bucket{le="1",to="app"} 3
took_seconds_bucket{le="+Inf",to="app"} 4
took_seconds_sum{to="app"} 7.65
took_seconds_count{to="app"} 4

# HELP memory_bytes Memory.
# TYPE memory_bytes gauge
memory_bytes 4
`)
})

test('a metric without series is there by its name', () => {
  expect(exposition([new Counter({ name: 'a_total', help: 'A.', labels: ['x'] })])).toBe(
    '# HELP a_total A.\n# TYPE a_total counter\n',
  )
})

test('a label can hold anything', () => {
  const one = new Gauge({ name: 'a', help: 'A \\ and\na line.', labels: ['x', 'y'] })
  one.set(['say "no"\\', 'two\nlines'], 1)
  expect(exposition([one])).toBe(
    '# HELP a A \\\\ and\\na line.\n# TYPE a gauge\na{x="say \\"no\\"\\\\",y="two\\nlines"} 1\n',
  )
})

test('labels that could be mistaken for one another are not', () => {
  const one = new Counter({ name: 'a', help: 'A.', labels: ['x', 'y'] })
  one.count(['a', 'b,c'])
  one.count(['a,b', 'c'])
  expect(one.lines()).toHaveLength(4)
})

test('reset forgets', () => {
  const one = new Gauge({ name: 'a', help: 'A.', labels: ['x'] })
  one.set(['b'], 1)
  one.reset()
  expect(one.lines()).toHaveLength(2)
})
