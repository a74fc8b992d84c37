/**
 * Whether a YAML text is simple enough to be parsed at all, found over the flat token stream of the lexer. The parser recurses: a few
 * thousand `[` in a row, 5 KB of text, do not make it throw but end the process (yaml 2.9 on Node 20: V8 runs out of stack inside a
 * regular expression and aborts). And it makes one error object for each of half a million stray commas.
 */
import { Lexer } from 'yaml'

export interface Excess {
  readonly kind: 'depth' | 'size'
  /** Where the bound was passed. */
  readonly offset: number
  readonly line: number
  readonly column: number
}

const OPENING = new Set(['[', '{'])
const CLOSING = new Set([']', '}'])

/**
 * The place at which the text passes a bound, or null. Depth counts flow brackets exactly, and block structure by the columns at which
 * nodes start: never less than the parser will recurse.
 */
export function findExcess(text: string, bounds: { depth: number; tokens: number }): Excess | null {
  const columns: number[] = []
  let flowDepth = 0
  let tokens = 0
  let offset = 0
  let line = 1
  let lineStart = 0
  const excess = (kind: Excess['kind']): Excess => ({ kind, offset, line, column: offset - lineStart + 1 })
  for (const token of new Lexer().lex(text)) {
    const first = token[0]!
    // Marks of the lexer that are not in the text: start of a document, end of a flow line, start of a scalar.
    if (first === '\u0002' || first === '\u0018' || first === '\u001f') continue
    tokens += 1
    if (tokens > bounds.tokens) return excess('size')
    const isStructure =
      first !== ' ' && first !== '\t' && first !== '\n' && first !== '\r' && first !== '#' && first !== '\u{feff}'
    if (isStructure) {
      if (CLOSING.has(token)) flowDepth -= 1
      else if (flowDepth === 0) {
        const column = offset - lineStart
        while (columns.length > 0 && columns.at(-1)! >= column) columns.pop()
        columns.push(column)
      }
      if (OPENING.has(token)) flowDepth += 1
      // `a: b` puts two columns on the stack for one level.
      if (columns.length / 2 + flowDepth > bounds.depth) return excess('depth')
    }
    for (let at = token.indexOf('\n'); at !== -1; at = token.indexOf('\n', at + 1)) {
      line += 1
      lineStart = offset + at + 1
    }
    offset += token.length
  }
  return null
}
