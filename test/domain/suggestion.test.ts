import { expect, test } from 'vitest'
import { nearest, suggest } from '../../src/domain/suggestion.ts'

const WORDS = ['signature', 'secret', 'scheme', 'signed', 'tolerance', 'app']

const nearCases = [
  { name: 'finds the word with a letter missing', word: 'signatur', near: 'signature' },
  { name: 'finds the word with two letters swapped', word: 'shceme', near: 'scheme' },
  { name: 'finds the word in other case', word: 'SECRET', near: 'secret' },
  { name: 'finds a short word one edit away', word: 'ap', near: 'app' },
  { name: 'takes no short word two edits away', word: 'xpx', near: null },
  { name: 'takes nothing for a word that is like none', word: 'destination', near: null },
  { name: 'takes nothing for the empty word', word: '', near: null },
  { name: 'takes nothing for a word of absurd length', word: 'x'.repeat(10_000), near: null },
]
for (const { name, word, near } of nearCases) test(name, () => expect(nearest(word, WORDS)).toBe(near))

test('suggests the near word as a question', () => {
  expect(suggest('signatur', WORDS)).toBe('Did you mean "signature"?')
})

test('lists what is known where nothing is near and the list is short', () => {
  expect(suggest('zzz', ['b', 'a'])).toBe('Known here: a, b.')
})

test('suggests nothing where nothing is near and the list is long or empty', () => {
  expect(suggest('zzz', [])).toBeNull()
  expect(
    suggest(
      'zzz',
      Array.from({ length: 21 }, (_, at) => `name-${at}`),
    ),
  ).toBeNull()
})
