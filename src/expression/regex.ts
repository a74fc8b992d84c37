/**
 * Regular expressions that run in time linear in the text. JSONata takes any class that looks like RegExp as far as it goes
 * (`new Engine(regExp)`, `lastIndex`, `exec`); this one runs RE2. It knows no look-around and no back-reference, `.` stands for a
 * whole code point, and `\w`, `\d` and `\s` are ASCII.
 */
import { RE2JS } from 're2js'

/** A match as RegExp gives it: the whole, then the groups. */
export type Match = (string | undefined)[] & { readonly index: number }

/** What JSONata uses of a RegExp with the flag `g`. */
export class LinearRegex {
  lastIndex = 0
  readonly #pattern: RE2JS

  constructor(pattern: RE2JS) {
    this.#pattern = pattern
  }

  /** How many steps it may take for each character. */
  get size(): number {
    return this.#pattern.programSize()
  }

  /** Begins at `lastIndex` and leaves it after the match, or at 0. */
  exec(text: string): Match | null {
    const matcher = this.#pattern.matcher(text)
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0
      return null
    }
    this.lastIndex = matcher.end()
    const match: (string | undefined)[] = []
    for (let group = 0; group <= matcher.groupCount(); group += 1) match.push(matcher.group(group) ?? undefined)
    return Object.assign(match, { index: matcher.start() })
  }
}

export interface RegexEngine {
  /** To hand to JSONata. Patterns are compiled once, as expressions bring a fixed few. */
  readonly engine: RegExpConstructor
  /** Compiles all anew: a pattern that was stopped while it extended its tables is not to be trusted. */
  forget(): void
}

export function createRegexEngine(): RegexEngine {
  const compiled = new Map<string, RE2JS>()
  const patternOf = (regex: RegExp): RE2JS => {
    const key = `${regex.flags}/${regex.source}`
    let pattern = compiled.get(key)
    if (pattern === undefined) {
      pattern = compile(regex)
      compiled.set(key, pattern)
    }
    return pattern
  }
  class Engine extends LinearRegex {
    constructor(regex: RegExp) {
      super(patternOf(regex))
    }
  }
  // JSONata declares the whole of RegExp and uses what is here.
  return { engine: Engine as unknown as RegExpConstructor, forget: () => compiled.clear() }
}

export function compileRegex(regex: RegExp): LinearRegex {
  return new LinearRegex(compile(regex))
}

/** Why the pattern cannot be used, or null. */
export function regexProblem(regex: RegExp): string | null {
  const shown = `/${regex.source}/`
  const escapes = regex.source.replaceAll('\\\\', '')
  // RE2 would take `\k<name>` for the letters.
  const refersBack = `The regular expression ${shown} refers back, which cannot run in linear time`
  if (escapes.includes('\\k<')) return refersBack
  try {
    compile(regex)
    return null
  } catch (error) {
    if (/\\[1-9]/.test(escapes)) return refersBack
    if (/\(\?<?[=!]/.test(escapes))
      return `The regular expression ${shown} looks around, which cannot run in linear time`
    return `The regular expression ${shown} cannot be used: ${error instanceof Error ? error.message : 'unknown syntax'}`
  }
}

function compile(regex: RegExp): RE2JS {
  return RE2JS.compile(RE2JS.translateRegExp(regex))
}
