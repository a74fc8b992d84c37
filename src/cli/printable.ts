/**
 * Text from outside (payloads, provider names, answers) as it may reach a terminal: without control characters and without the
 * Unicode marks that hide or reorder text, so that a sender cannot steer the reader's screen.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu
const UNPRINTABLE_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** On one line; `-` for what is missing or empty. */
export function oneLine(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'object' && Object.keys(value).length === 0) return '-'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(UNPRINTABLE, ' ')
}

/** Line ends and tabs stay. */
export function severalLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNPRINTABLE_BUT_LINES, '')
}
