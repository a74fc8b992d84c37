import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRegexEngine, regexProblem } from '../../src/expression/regex.ts'

const { engine: Engine } = createRegexEngine()

/** Every match as JSONata walks through them. */
function walk(regex: Pick<RegExp, 'exec' | 'lastIndex'>, text: string): unknown[] {
  const found: unknown[] = []
  for (let match = regex.exec(text); match !== null && match[0] !== ''; match = regex.exec(text)) {
    found.push({ groups: [...match], index: match.index, lastIndex: regex.lastIndex })
  }
  return found
}

const patterns: readonly RegExp[] = [
  /a/g,
  /(a)(b)?/g,
  /^a|b$/g,
  /^a/gm,
  /B+/gi,
  /(?<year>\d{4})-(\d\d)/g,
  /\bab\b/g,
  /a\/b/g,
  /[^\s,;]+/g,
  /\u0061+?/g,
  /a.b/g,
  /(?:ab){2,3}/g,
  /\$\.\\/g,
]

describe('finds what RegExp finds', () => {
  for (const pattern of patterns) {
    test(String(pattern), () => {
      fc.assert(
        fc.property(
          fc.string({
            unit: fc.constantFrom('a', 'b', 'B', '-', '1', '2020-01', ' ', '\n', '/', ',', '$.\\'),
            maxLength: 12,
          }),
          (text) => {
            expect(walk(new Engine(pattern), text)).toEqual(walk(new RegExp(pattern), text))
          },
        ),
        { numRuns: 200 },
      )
    })
  }

  test('from a place in the middle, and nothing from beyond the end', () => {
    const regex = new Engine(/a/g)
    regex.lastIndex = 2
    expect(regex.exec('aba')?.index).toBe(2)
    regex.lastIndex = 7
    expect(regex.exec('aba')).toBeNull()
    expect(regex.lastIndex).toBe(0)
  })

  test('with undefined for a group that took no part', () => {
    expect([...(new Engine(/(a)|(b)/g).exec('b') ?? [])]).toEqual(['b', undefined, 'b'])
  })
})

test('takes time linear in the text where RegExp would never end', () => {
  const start = performance.now()
  expect(new Engine(/^(([a-z])+.)+[A-Z]([a-z])+$/g).exec('a'.repeat(20_000))).toBeNull()
  expect(performance.now() - start).toBeLessThan(2_000)
})

test('says what it cannot do', () => {
  expect(regexProblem(/a/)).toBeNull()
  expect(regexProblem(/a(?!b)/)).toMatch('looks around')
  expect(regexProblem(/(a)\1/)).toMatch('refers back')
  expect(regexProblem(/(?<name>a)\k<name>/)).toMatch('refers back')
  expect(regexProblem(/\\k<|[(?=]/)).toBeNull()
})
