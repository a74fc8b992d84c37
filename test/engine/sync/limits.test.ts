import { expect, test } from 'vitest'
import { limitOf, retryAfterMs } from '../../../src/engine/sync/limits.ts'
import type { CompiledRateLimit } from '../../../src/spec/compiled-sync.ts'

const NOW = Date.UTC(2026, 2, 2, 10)
const GITHUB: CompiledRateLimit = {
  remaining: 'x-ratelimit-remaining',
  reset: 'x-ratelimit-reset',
  unit: 'epoch_seconds',
  statuses: new Set([403]),
}

const cases: {
  name: string
  status: number
  headers: Record<string, string>
  rule: CompiledRateLimit | null
  isRefusal: boolean
  afterMs: number | null
}[] = [
  { name: 'a plain answer says nothing', status: 200, headers: {}, rule: null, isRefusal: false, afterMs: null },
  {
    name: '429 with seconds',
    status: 429,
    headers: { 'retry-after': '7' },
    rule: null,
    isRefusal: true,
    afterMs: 7_000,
  },
  {
    name: '429 with a date',
    status: 429,
    headers: { 'retry-after': 'Mon, 02 Mar 2026 10:00:30 GMT' },
    rule: null,
    isRefusal: true,
    afterMs: 30_000,
  },
  { name: '429 without a word', status: 429, headers: {}, rule: null, isRefusal: true, afterMs: 1_000 },
  {
    name: '429 with nonsense',
    status: 429,
    headers: { 'retry-after': 'soon' },
    rule: null,
    isRefusal: true,
    afterMs: 1_000,
  },
  {
    name: 'an absurd wish is cut to a day',
    status: 429,
    headers: { 'retry-after': '99999999999' },
    rule: null,
    isRefusal: true,
    afterMs: 86_400_000,
  },
  {
    name: 'the last call of a window',
    status: 200,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 60) },
    rule: GITHUB,
    isRefusal: false,
    afterMs: 60_000,
  },
  {
    name: 'a 403 with nothing left',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 60) },
    rule: GITHUB,
    isRefusal: true,
    afterMs: 60_000,
  },
  {
    name: 'a 403 with Retry-After, a secondary limit',
    status: 403,
    headers: { 'x-ratelimit-remaining': '4000', 'retry-after': '5' },
    rule: GITHUB,
    isRefusal: true,
    afterMs: 5_000,
  },
  {
    name: 'a 403 with calls left is a refusal of another kind',
    status: 403,
    headers: { 'x-ratelimit-remaining': '10' },
    rule: GITHUB,
    isRefusal: false,
    afterMs: null,
  },
  {
    name: 'seconds from now',
    status: 200,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2.5' },
    rule: { ...GITHUB, unit: 'seconds' },
    isRefusal: false,
    afterMs: 2_500,
  },
]
for (const { name, status, headers, rule, isRefusal, afterMs } of cases) {
  test(`reads the limit of ${name}`, () => {
    const answer = { kind: 'answered', status, headers, body: Buffer.alloc(0), isCut: false, durationMs: 1 } as const
    expect(limitOf(answer, rule, NOW)).toEqual({ isRefusal, until: afterMs === null ? null : NOW + afterMs })
  })
}

test('takes a date in the past for now', () => {
  expect(retryAfterMs('Mon, 02 Mar 2026 09:00:00 GMT', NOW)).toBe(0)
})
