/**
 * A provider is data. No code under `src/` names one: what is special about a provider stands in its spec, and where the language
 * cannot say it, the language grows for all. Comments may cite a provider's document, and a command that help shows has to work as
 * it stands, so it names a provider that there is.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { packageFile } from '../../src/document/package-file.ts'
import { builtInSpecs, findSpecFiles } from '../../src/spec/load.ts'

/** Whole words of our code that hold the name of a provider, and what they mean instead. */
const MEANING: Readonly<Record<string, string>> = {
  'import.meta': 'the module itself',
  'linear time': 'how long a regular expression may take',
  LinearRegex: 'a regular expression that takes no longer',
  standardWebhooksKey: 'the open specification by which we sign what we forward',
  refresh_github_app_jwt_token: "a parameter of the peer's API",
}

/** Strings, templates and regular expressions are taken whole, so that what looks like a comment in them is none. */
const TOKENS =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=(?:[(,=:[!&|?{};>]|\breturn)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g

const COMMENT = /^\/[*/]/
const SHOWN_COMMAND = /^['"`].*\bpostern [a-z-]+ /s

const providers = findSpecFiles([builtInSpecs()]).map((file) => basename(file).replace(/\.ya?ml$/, ''))
const sources = readdirSync(packageFile('src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => {
    const file = join(entry.parentPath, entry.name)
    return { name: relative(packageFile('.'), file), code: codeOf(readFileSync(file, 'utf8')) }
  })

test('no code names a provider', () => {
  expect(providers).toContain('github')
  expect(sources.length).toBeGreaterThan(100)
  expect(sources.flatMap(({ name, code }) => namesIn(code).map((provider) => `${name} names ${provider}`))).toEqual([])
})

test('a name is seen as a whole word, in whatever way identifiers are written', () => {
  for (const code of ["'github'", 'GITHUB_SECRET', 'isGithub', 'githubSecret', '`${x}/github`', "'GitHub'"]) {
    expect(namesIn(codeOf(code)), code).toContain('github')
  }
  for (const code of ["'google-calendar'", 'googleCalendar', 'GOOGLE_CALENDAR', "'googlecalendar'"]) {
    expect(namesIn(codeOf(code)), code).toContain('google-calendar')
  }
  for (const code of [
    "'githubber'",
    '// as github has it',
    '/* github */',
    "'postern trigger github'",
    'import.meta',
  ]) {
    expect(namesIn(codeOf(code)), code).toEqual([])
  }
  expect(namesIn(codeOf("const url = 'https://x/' + 'github' // a comment"))).toEqual(['github'])
})

test('every word that is allowed is there', () => {
  const all = sources.map(({ code }) => code).join('\n')
  expect(Object.keys(MEANING).filter((word) => !all.includes(word))).toEqual([])
})

function namesIn(code: string): string[] {
  const words = wordsOf(Object.keys(MEANING).reduce((rest, word) => rest.replaceAll(wholeWord(word), ' '), code))
  return providers.filter((provider) =>
    [provider.replace(/[^a-z\d]+/g, ' '), provider.replace(/[^a-z\d]+/g, '')].some((name) =>
      words.includes(` ${name} `),
    ),
  )
}

function wholeWord(word: string): RegExp {
  return new RegExp(`(?<!\\w)${word.replaceAll('.', '\\.')}(?!\\w)`, 'g')
}

/** Small letters with one blank between words; identifiers both whole and split at their capitals. */
function wordsOf(text: string): string {
  const apart = text.replace(/([a-z\d])([A-Z])/g, '$1 $2')
  return ` ${text} ${apart} `.toLowerCase().replace(/[^a-z\d]+/g, ' ')
}

/** What runs: the text without comments and without the commands that help shows. */
function codeOf(text: string): string {
  return text.replace(TOKENS, (token) => (COMMENT.test(token) || SHOWN_COMMAND.test(token) ? ' ' : token))
}
