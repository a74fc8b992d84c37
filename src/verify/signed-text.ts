/**
 * The text a provider signs, as a template: `{timestamp}.{body}`. It is read once, when the spec is loaded; for a request it gives
 * the chunks to hash in order, the body as the very bytes that came. What the template asks for and the request does not have is a
 * refusal, and so is a header or parameter that stands there twice: which of the two was signed cannot be known.
 *
 * | placeholder                       | becomes                                                                         |
 * |-----------------------------------|---------------------------------------------------------------------------------|
 * | `{body}`                          | the raw bytes                                                                   |
 * | `{timestamp}`                     | the timestamp's text as it was sent                                             |
 * | `{method}` `{url}`                | upper case; the URL as the provider called it, see signed-url.ts                |
 * | `{secret}`                        | the key's bytes                                                                 |
 * | `{header:NAME}` `{query:NAME}`    | the value, for a parameter decoded                                              |
 * | `{sorted_form}`                   | the form's pairs by name, name and value without anything between               |
 * | any placeholder of the format     | what stood there in the signature's value                                       |
 */
import type { KeyObject } from 'node:crypto'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../domain/request.ts'
import { headBytes } from './encoding.ts'
import { type FormPair, formBytes, readForm, readQuery } from './form.ts'
import { invalidClause, isRefusal, type Refusal, refuse } from './scheme.ts'

/** What is hashed, in order. Text is ASCII or UTF-8. */
export type SignedBytes = readonly (string | Uint8Array)[]

export interface SignedTextInput {
  readonly request: InboundRequest
  /** One writing of the URL. */
  readonly url: string
  readonly timestamp: string | undefined
  readonly parts: ReadonlyMap<string, string>
  /** Its bytes are what `{secret}` stands for; symmetric where the template has that. */
  readonly key: KeyObject
}

export interface SignedText {
  readonly usesUrl: boolean
  render(input: SignedTextInput): SignedBytes | Refusal
}

const PLAIN = ['body', 'timestamp', 'method', 'url', 'secret', 'sorted_form'] as const

type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: (typeof PLAIN)[number] }
  | { readonly kind: 'header' | 'query' | 'part'; readonly name: string }

/** `parts` are the placeholders of the signature's format. Throws `spec_invalid` for a placeholder that nothing fills. */
export function compileSignedText(alternative: Alternative, parts: readonly string[]): SignedText {
  const pieces = parseTemplate(alternative, parts)
  return {
    usesUrl: pieces.some((piece) => piece.kind === 'url'),
    render(input) {
      const chunks: (string | Uint8Array)[] = []
      for (const piece of pieces) {
        const chunk = renderPiece(piece, input)
        if (isRefusal(chunk)) return chunk
        chunks.push(chunk)
      }
      return chunks
    },
  }
}

function renderPiece(piece: Piece, input: SignedTextInput): string | Uint8Array | Refusal {
  const { request } = input
  switch (piece.kind) {
    case 'literal':
      return piece.text
    case 'body':
      return request.rawBody
    case 'method':
      return request.method
    case 'url':
      return headBytes(input.url)
    case 'secret':
      return input.key.export()
    case 'sorted_form':
      return sortedForm(readForm(request.rawBody))
    case 'timestamp':
      return input.timestamp === undefined ? unavailable('the timestamp') : headBytes(input.timestamp)
    case 'part': {
      const part = input.parts.get(piece.name)
      return part === undefined ? unavailable(`{${piece.name}}`) : headBytes(part)
    }
    case 'header': {
      const values = request.headers.all(piece.name)
      return values.length === 1 ? headBytes(values[0]!) : notOnce(`header ${piece.name}`, values.length)
    }
    default: {
      const name = formBytes(piece.name)
      const pairs = readQuery(request.url).filter((pair) => pair.name === name)
      return pairs.length === 1
        ? Buffer.from(pairs[0]!.value, 'latin1')
        : notOnce(`query parameter ${piece.name}`, pairs.length)
    }
  }
}

function notOnce(what: string, count: number): Refusal {
  if (count === 0) return unavailable(`the ${what}`)
  return refuse('signature_ambiguous', `The ${what} is signed but was sent ${count} times.`)
}

function unavailable(what: string): Refusal {
  return refuse('signed_text_unavailable', `The request lacks ${what}, which is part of the signed text.`)
}

/**
 * Decoded names and values, sorted by name in byte order, each name directly followed by its value. A repeated name contributes its
 * distinct values, sorted: so do the SDKs of the providers that sign forms this way.
 */
export function sortedForm(pairs: readonly FormPair[]): Uint8Array {
  const distinct = new Map(pairs.map((pair) => [`${pair.name}\u0100${pair.value}`, pair])) // no byte is U+0100
  const sorted = [...distinct.values()].sort((a, b) => compareBytes(a.name, b.name) || compareBytes(a.value, b.value))
  return Buffer.from(sorted.map((pair) => pair.name + pair.value).join(''), 'latin1')
}

/** Both hold one character per byte, so that the order of characters is that of bytes. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function parseTemplate(alternative: Alternative, parts: readonly string[]): Piece[] {
  const template = alternative.signed ?? '{body}'
  const pieces: Piece[] = []
  const tokens = template.split(/\{([a-z][a-z0-9_]*(?::[^{}]+)?)\}/)
  for (const [index, token] of tokens.entries()) {
    if (index % 2 === 0) {
      if (/[{}]/.test(token)) throw invalidClause(alternative, 'signed', `"${token}" has a brace of no placeholder`)
      if (token !== '') pieces.push({ kind: 'literal', text: token })
      continue
    }
    pieces.push(parsePlaceholder(alternative, token, parts))
  }
  return pieces
}

function parsePlaceholder(alternative: Alternative, token: string, parts: readonly string[]): Piece {
  const colon = token.indexOf(':')
  const kind = colon === -1 ? token : token.slice(0, colon)
  const name = colon === -1 ? undefined : token.slice(colon + 1)
  if (name !== undefined && kind === 'header') return { kind, name: name.toLowerCase() }
  if (name !== undefined && kind === 'query') return { kind, name }
  if (name === undefined && kind === 'timestamp' && alternative.timestamp === undefined) {
    if (!parts.includes(kind)) throw invalidClause(alternative, 'signed', '{timestamp} needs a timestamp clause')
    return { kind: 'part', name: kind }
  }
  const plain = name === undefined ? PLAIN.find((one) => one === kind) : undefined
  if (plain !== undefined) return { kind: plain }
  if (name === undefined && kind !== 'signature' && parts.includes(kind)) return { kind: 'part', name: kind }
  throw invalidClause(
    alternative,
    'signed',
    `nothing fills the placeholder {${token}}; known are {body} {timestamp} {method} {url} {secret} {sorted_form} {header:NAME} {query:NAME}` +
      (parts.length > 0 ? ` and those of the signature's format` : ''),
  )
}
