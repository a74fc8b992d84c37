/**
 * Regular expressions that run in time linear in the text. JSONata takes any class that looks like RegExp as far as it goes
 * (`new Engine(regExp)`, `lastIndex`, `exec`); this one runs RE2. It knows no look-around and no back-reference, `.` stands for a
 * whole code point, and `\w`, `\d` and `\s` are ASCII.
 */
import { RE2JS } from 're2js'

export interface RegexEngine {
  /** To hand to JSONata. Patterns are compiled once, as expressions bring a fixed few. */
  readonly engine: RegExpConstructor
  /** Compiles all anew: a pattern that was stopped while it extended its tables is not to be trusted. */
  forget(): void
}

export function createRegexEngine(): RegexEngine {
  const compiled = new Map<string, RE2JS>()

  class LinearRegex {
    lastIndex = 0
    readonly #pattern: RE2JS

    constructor(regex: RegExp) {
      const key = `${regex.flags}/${regex.source}`
      let pattern = compiled.get(key)
      if (pattern === undefined) {
        pattern = compile(regex)
        compiled.set(key, pattern)
      }
      this.#pattern = pattern
    }

    /** As RegExp with the flag `g`: begins at `lastIndex` and leaves it after the match, or at 0. */
    exec(text: string): (string | undefined)[] | null {
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

  // JSONata declares the whole of RegExp and uses what is here.
  return { engine: LinearRegex as unknown as RegExpConstructor, forget: () => compiled.clear() }
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
