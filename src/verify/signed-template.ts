/** Reads the template of a signed text: literal text, placeholders, and the filters behind them. */
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { invalidClause } from './scheme.ts'
import { TEXT_FILTERS, type TextFilter } from './text-filters.ts'

const PLAIN = [
  'body',
  'timestamp',
  'method',
  'url',
  'url_without_query',
  'path',
  'path_query',
  'secret',
  'sorted_form',
] as const

/** How a placeholder with a name is written, and what it is. */
const NAMED = {
  header: 'header',
  query: 'query',
  form: 'form',
  body: 'body_member',
  item: 'item_member',
  option: 'option',
} as const

type PlainKind = (typeof PLAIN)[number]
type NamedKind = (typeof NAMED)[keyof typeof NAMED] | 'part' | 'text'

interface Hole {
  readonly isOptional: boolean
  readonly filters: readonly TextFilter[]
}

export type Piece = { readonly kind: 'literal'; readonly text: string; readonly filters: readonly [] } | Placeholder
export type Placeholder = ({ readonly kind: PlainKind } & Hole) | NamedPlaceholder
export type NamedPlaceholder = { readonly kind: NamedKind; readonly name: string } & Hole

/** `parts` are the placeholders of the signature's format. Throws `spec_invalid` for a placeholder that nothing fills. */
export function parseTemplate(alternative: Alternative, template: string, parts: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  const tokens = template.split(/\{([a-z][a-z0-9_]*(?:[:?|][^{}]*)?)\}/)
  for (const [index, token] of tokens.entries()) {
    if (index % 2 === 1) {
      pieces.push(parsePlaceholder(alternative, token, parts))
      continue
    }
    if (/[{}]/.test(token)) throw invalidClause(alternative, 'signed', `"${token}" has a brace of no placeholder`)
    if (token !== '') pieces.push({ kind: 'literal', text: token, filters: [] })
  }
  return pieces
}

function parsePlaceholder(alternative: Alternative, token: string, parts: readonly string[]): Piece {
  const [written = '', ...filterNames] = token.split('|')
  const isOptional = written.endsWith('?')
  const filled = isOptional ? written.slice(0, -1) : written
  const hole: Hole = { isOptional, filters: filterNames.map((name) => parseFilter(alternative, name)) }
  const colon = filled.indexOf(':')
  if (colon !== -1) {
    const kind = filled.slice(0, colon)
    const name = filled.slice(colon + 1)
    if (isNamed(kind) && name !== '') {
      if (kind === 'item' && alternative.each === undefined) {
        throw invalidClause(alternative, 'signed', `{${token}} needs each`)
      }
      return { kind: NAMED[kind], name: kind === 'header' ? name.toLowerCase() : name, ...hole }
    }
  } else {
    const isText = alternative.texts !== undefined && Object.hasOwn(alternative.texts, filled)
    const isPart = filled !== 'signature' && parts.includes(filled)
    const plain = PLAIN.find((one) => one === filled)
    if (isText && (isPart || plain !== undefined)) {
      throw invalidClause(alternative, 'texts', `{${filled}} already stands for something else`)
    }
    if (isText) return { kind: 'text', name: filled, ...hole }
    if (filled === 'timestamp' && alternative.timestamp === undefined) {
      if (!isPart) throw invalidClause(alternative, 'signed', '{timestamp} needs a timestamp clause')
      return { kind: 'part', name: filled, ...hole }
    }
    if (plain !== undefined) return { kind: plain, ...hole }
    if (isPart) return { kind: 'part', name: filled, ...hole }
  }
  throw invalidClause(
    alternative,
    'signed',
    `nothing fills the placeholder {${token}}; known are {${PLAIN.join('} {')}} {${Object.keys(NAMED).join(':NAME} {')}:NAME}, the names under texts` +
      (parts.length > 0 ? ` and those of the signature's format` : ''),
  )
}

function parseFilter(alternative: Alternative, name: string): TextFilter {
  const filter = Object.hasOwn(TEXT_FILTERS, name) ? TEXT_FILTERS[name] : undefined
  if (filter !== undefined) return filter
  throw invalidClause(
    alternative,
    'signed',
    `there is no filter "${name}"; known are ${Object.keys(TEXT_FILTERS).join(', ')}`,
  )
}

function isNamed(kind: string): kind is keyof typeof NAMED {
  return Object.hasOwn(NAMED, kind)
}
