/** Texts of syncs with `{expression}` in them, and the places that `into` names. */
import type { SyncExpression } from '../domain/expression.ts'
import type { Place, Template } from './compiled-sync.ts'

export type TemplatePart = { readonly text: string } | { readonly source: string }

/**
 * Splits a template. An expression ends at the brace that closes the first one, braces within it (objects) and quoted texts not
 * counting. Null when a brace is not closed.
 */
export function splitTemplate(template: string): TemplatePart[] | null {
  const parts: TemplatePart[] = []
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{', at)
    if (open === -1) break
    if (open > at) parts.push({ text: template.slice(at, open) })
    const close = closingBrace(template, open)
    if (close === -1) return null
    parts.push({ source: template.slice(open + 1, close).trim() })
    at = close + 1
  }
  if (at < template.length) parts.push({ text: template.slice(at) })
  return parts
}

function closingBrace(template: string, open: number): number {
  let depth = 0
  let quote = ''
  for (let at = open; at < template.length; at += 1) {
    const character = template[at]!
    if (quote !== '') {
      if (character === '\\') at += 1
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '{') depth += 1
    else if (character === '}' && (depth -= 1) === 0) return at
  }
  return -1
}

/** The template made ready; throws `expression_invalid` for an expression that is none, RangeError for a brace that stays open. */
export function compileTemplate(template: string, compile: (source: string) => SyncExpression): Template {
  const parts = splitTemplate(template)
  if (parts === null) throw new RangeError(`a brace is not closed in ${template}`)
  return parts.map((part) => ('text' in part ? part.text : compile(part.source)))
}

/** `query.after`, `body.query.cursor`, `url`; the schema has seen to its form. */
export function parsePlace(text: string): Place {
  const [part, ...path] = text.split('.')
  if (part === 'body') return { part, path }
  if (part === 'query' || part === 'form') return { part, path: [path.join('.')] }
  return { part: 'url', path: [] }
}

/** Whether text fits a pattern in which `*` stands for any text. Takes time in proportion to both lengths. */
export function fitsPattern(pattern: string, text: string): boolean {
  const pieces = pattern.split('*')
  if (pieces.length === 1) return pattern === text
  const first = pieces[0]!
  const last = pieces.at(-1)!
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  let at = first.length
  const end = text.length - last.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found === -1 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

/** The expression inside a `$max(…)` that is the whole expression; null for any other. */
export function insideMaximum(source: string): string | null {
  const text = source.trim()
  if (!text.startsWith('$max(') || !text.endsWith(')')) return null
  let depth = 0
  let quote = ''
  for (let at = '$max'.length; at < text.length; at += 1) {
    const character = text[at]!
    if (quote !== '') {
      if (character === '\\') at += 1
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '(') depth += 1
    else if (character === ')' && (depth -= 1) === 0 && at < text.length - 1) return null
  }
  return depth === 0 ? text.slice('$max('.length, -1) : null
}
