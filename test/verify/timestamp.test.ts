import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileAgeRule, formatTime, judgeAge, parseTime, type TimeUnit } from '../../src/verify/timestamp.ts'

const times: { text: string | number; unit: TimeUnit; time: number | undefined }[] = [
  { text: '1614265330', unit: 's', time: 1_614_265_330_000 },
  { text: 1_614_265_330, unit: 's', time: 1_614_265_330_000 },
  { text: '1790000000.482', unit: 's', time: 1_790_000_000_482 },
  { text: '1614265330000', unit: 's', time: undefined },
  { text: '-5', unit: 's', time: undefined },
  { text: '1e9', unit: 's', time: undefined },
  { text: ' 1614265330', unit: 's', time: undefined },
  { text: '0x10', unit: 's', time: undefined },
  { text: '', unit: 's', time: undefined },
  { text: Number.NaN, unit: 's', time: undefined },
  { text: Number.POSITIVE_INFINITY, unit: 'ms', time: undefined },
  { text: '1663103925004', unit: 'ms', time: 1_663_103_925_004 },
  { text: '1663103925004.5', unit: 'ms', time: undefined },
  { text: '2020-01-01T00:00:00-07:00', unit: 'iso8601', time: Date.UTC(2020, 0, 1, 7) },
  { text: '2020-01-01T00:00:00+0530', unit: 'iso8601', time: Date.UTC(2019, 11, 31, 18, 30) },
  { text: '2026-03-02T18:05:44.084Z', unit: 'iso8601', time: Date.UTC(2026, 2, 2, 18, 5, 44, 84) },
  { text: '2026-03-02T18:05:44.123456789Z', unit: 'iso8601', time: Date.UTC(2026, 2, 2, 18, 5, 44, 123) },
  { text: '2026-03-02 18:05:44', unit: 'iso8601', time: Date.UTC(2026, 2, 2, 18, 5, 44) },
  { text: '2024-02-29T00:00:00Z', unit: 'iso8601', time: Date.UTC(2024, 1, 29) },
  { text: '2026-02-29T00:00:00Z', unit: 'iso8601', time: undefined },
  { text: '2026-13-01T00:00:00Z', unit: 'iso8601', time: undefined },
  { text: '2026-03-02T24:00:00Z', unit: 'iso8601', time: undefined },
  { text: '2026-03-02T23:60:00Z', unit: 'iso8601', time: undefined },
  { text: '2026-03-02T23:00:00+25:00', unit: 'iso8601', time: undefined },
  { text: '2026-03-02', unit: 'iso8601', time: undefined },
  { text: 'yesterday', unit: 'iso8601', time: undefined },
  { text: 'Sun, 06 Nov 1994 08:49:37 GMT', unit: 'http_date', time: Date.UTC(1994, 10, 6, 8, 49, 37) },
  { text: 'Mon, 06 Nov 1994 08:49:37 GMT', unit: 'http_date', time: undefined },
  { text: 'Sunday, 06-Nov-94 08:49:37 GMT', unit: 'http_date', time: undefined },
  { text: 'Sun, 06 Nov 1994 08:49:37 CET', unit: 'http_date', time: undefined },
  { text: 'Sun, 31 Feb 1994 08:49:37 GMT', unit: 'http_date', time: undefined },
]

describe('parseTime', () => {
  for (const { text, unit, time } of times) {
    test(`${time === undefined ? 'refuses' : 'reads'} ${JSON.stringify(text)} in ${unit}`, () => {
      expect(parseTime(text, unit)).toBe(time)
    })
  }

  test('reads back every time it writes, to the second or better', () => {
    const second = fc.integer({ min: 0, max: 4_102_444_800 }).map((at) => at * 1_000)
    fc.assert(
      fc.property(second, fc.constantFrom<TimeUnit>('s', 'ms', 'iso8601', 'http_date'), (time, unit) => {
        expect(parseTime(formatTime(time, unit), unit)).toBe(time)
      }),
    )
  })

  test('arbitrary text never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom<TimeUnit>('s', 'ms', 'iso8601', 'http_date'), (text, unit) => {
        const time = parseTime(text, unit)
        expect(time === undefined || Number.isFinite(time)).toBe(true)
      }),
    )
  })
})

describe('judgeAge', () => {
  const now = 1_614_265_330_000
  const rule = compileAgeRule('s', '3m')
  const ages = [
    { name: 'accepts the very edge of the past', at: now - 180_000, verdict: 180_000 },
    { name: 'accepts the very edge of the future', at: now + 180_000, verdict: -180_000 },
    { name: 'refuses what is a second too old', at: now - 181_000, verdict: 'signature_expired' },
    { name: 'refuses what is a second too early', at: now + 181_000, verdict: 'signature_premature' },
  ]
  for (const { name, at, verdict } of ages) {
    test(name, () => {
      const judged = judgeAge(String(at / 1_000), rule, now)
      expect(typeof judged === 'number' ? judged : judged.code).toBe(verdict)
      if (typeof judged !== 'number') expect(judged.clockSkewMs).toBe(now - at)
    })
  }

  test('allows five minutes where the spec names no tolerance', () => {
    expect(compileAgeRule('s', undefined).toleranceMs).toBe(300_000)
  })

  test('says that a text is no time', () => {
    expect(judgeAge('soon', rule, now)).toMatchObject({ code: 'timestamp_malformed' })
  })
})
