/**
 * Lays JSON out on lines without decoding it: numbers of any length, key order and escapes are shown as they came, which
 * `JSON.stringify(JSON.parse(…))` would not do.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/** A payload nested 10,000 deep would otherwise be mostly indentation. */
const MAX_INDENT = 40

/** `text` must be valid JSON. */
export function prettyJson(text: string): string {
  const pieces: string[] = []
  let depth = 0
  let last = ''
  const breakLine = (): void => void pieces.push('\n', '  '.repeat(Math.min(depth, MAX_INDENT)))
  for (const [token] of text.matchAll(TOKEN)) {
    const isClosing = token === '}' || token === ']'
    if (isClosing) depth -= 1
    const isEmpty = isClosing && (last === '{' || last === '[')
    if (last === ',' || (isClosing && !isEmpty) || ((last === '{' || last === '[') && !isClosing)) breakLine()
    pieces.push(token === ':' ? ': ' : token)
    if (token === '{' || token === '[') depth += 1
    last = token
  }
  return pieces.join('')
}
