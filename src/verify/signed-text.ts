/**
 * The text a provider signs, as a template: `{timestamp}.{body}`. It is read once, when the spec is loaded; for a request it gives
 * the chunks to hash in order, the body as the very bytes that came. What the template asks for and the request does not have is a
 * refusal, and so is a header or parameter that stands there twice: which of the two was signed cannot be known.
 *
 * | placeholder                            | becomes                                                                      |
 * |----------------------------------------|------------------------------------------------------------------------------|
 * | `{body}`                               | the raw bytes                                                                |
 * | `{timestamp}`                          | the timestamp's text as it was sent                                          |
 * | `{method}` `{url}`                     | upper case; the URL as the provider called it, see signed-url.ts             |
 * | `{url_without_query}` `{path}` `{path_query}` | parts of that URL, its path with and without the query                |
 * | `{secret}`                             | the key's bytes                                                              |
 * | `{header:NAME}` `{query:NAME}` `{form:NAME}` | the value, for a parameter or field decoded                            |
 * | `{body:PATH}` `{item:PATH}`            | a member of the decoded body, or of the item under `each`: text, number, truth value |
 * | `{option:NAME}`                        | what the operator has configured                                             |
 * | `{sorted_form}`                        | the form's pairs by name, name and value without anything between            |
 * | any name under `texts`                 | what its expression gives                                                    |
 * | any placeholder of the format          | what stood there in the signature's value                                    |
 *
 * A `?` behind the name makes it empty where it is missing. Filters follow behind `|`, see text-filters.ts.
 */
import type { KeyObject } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { andThen, type CompiledExpression, type MaybePromise, type RequestView } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../domain/request.ts'
import { readMember } from './data-path.ts'
import { headBytes } from './encoding.ts'
import { type FormPair, formBytes, readFields, readForm, readQuery } from './form.ts'
import type { PlaceContext } from './place.ts'
import { invalidClause, isRefusal, type Refusal, refuse } from './scheme.ts'
import { type NamedPlaceholder, parseTemplate, type Piece, type Placeholder } from './signed-template.ts'
import { extendView, strictView } from './view.ts'
import type { ExpressionCompiler } from './verifier.ts'

/** What is hashed, in order. Text is ASCII or UTF-8. */
export type SignedBytes = readonly (string | Uint8Array)[]

/** What the expressions under `texts` gave for a request. */
export type TextValues = ReadonlyMap<string, string>

export interface SignedTextInput {
  readonly request: InboundRequest
  readonly view: RequestView
  /** One writing of the URL. */
  readonly url: string
  readonly timestamp: string | undefined
  readonly parts: ReadonlyMap<string, string>
  readonly values: TextValues
  /** Its bytes are what `{secret}` stands for; symmetric where the template has that. */
  readonly key: KeyObject
}

export interface SignedText {
  readonly usesUrl: boolean
  /** Whether every way of writing the text holds the key itself. */
  readonly holdsSecret: boolean
  /** How many ways there are: `signed`, then those of `or_signed`. */
  readonly ways: number
  /** Computes what is an expression; at once where nothing is. */
  evaluate(context: PlaceContext, parts: ReadonlyMap<string, string>): MaybePromise<TextValues | Refusal>
  /** The text in one way. */
  render(input: SignedTextInput, way?: number): SignedBytes | Refusal
}

const NO_VALUES: TextValues = new Map()

/** `parts` are the placeholders of the signature's format. Throws `spec_invalid` for a placeholder that nothing fills. */
export function compileSignedText(
  alternative: Alternative,
  parts: readonly string[],
  compileExpression: ExpressionCompiler,
): SignedText {
  const templates = [alternative.signed ?? '{body}', ...(alternative.or_signed ?? [])]
  const ways = templates.map((template) => parseTemplate(alternative, template, parts))
  const texts = Object.entries(alternative.texts ?? {}).map(([name, source]) => ({
    name,
    expression: compileExpression(source),
  }))
  const unused = texts.find(({ name }) => !ways.flat().some((piece) => piece.kind === 'text' && piece.name === name))
  if (unused !== undefined) throw invalidClause(alternative, 'texts', `nothing uses {${unused.name}}`)
  return {
    usesUrl: ways.flat().some(({ kind }) => kind === 'url' || kind === 'url_without_query' || kind.startsWith('path')),
    holdsSecret: ways.every((pieces) => pieces.some(({ kind }) => kind === 'secret')),
    ways: ways.length,
    evaluate(context, found) {
      return texts.length === 0 ? NO_VALUES : evaluateTexts(texts, context, found)
    },
    render(input, way = 0) {
      const chunks: (string | Uint8Array)[] = []
      for (const piece of ways[way]!) {
        let chunk = renderPiece(piece, input)
        if (isRefusal(chunk)) return chunk
        for (const filter of piece.filters)
          chunk = filter(typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk)
        chunks.push(chunk)
      }
      return chunks
    },
  }
}

function evaluateTexts(
  texts: readonly { readonly name: string; readonly expression: CompiledExpression }[],
  { request, view }: PlaceContext,
  parts: ReadonlyMap<string, string>,
): MaybePromise<TextValues | Refusal> {
  // Expressions see text; two bodies that differ only in bytes that are no UTF-8 would read the same.
  if (!isUtf8(request.rawBody)) return refuse('signed_text_unavailable', 'The body is not valid UTF-8.')
  const scope = extendView(strictView(view, request), { parts: Object.fromEntries(parts) })
  const values = new Map<string, string>()
  const evaluateFrom = (at: number): MaybePromise<TextValues | Refusal> => {
    const text = texts[at]
    if (text === undefined) return values
    return andThen(text.expression.evaluate(scope), (result) => {
      if (!result.ok) return refuse('expression_failed', `texts.${text.name}: ${result.detail}`)
      const value = asText(result.value)
      if (value === undefined) return unavailable(`{${text.name}}`)
      values.set(text.name, value)
      return evaluateFrom(at + 1)
    })
  }
  return evaluateFrom(0)
}

function renderPiece(piece: Piece, input: SignedTextInput): string | Uint8Array | Refusal {
  if (piece.kind === 'literal') return piece.text
  const found = findPiece(piece, input)
  if (found !== undefined) return found
  return piece.isOptional ? '' : unavailable(describePiece(piece))
}

/** Undefined where the request does not have it. */
function findPiece(piece: Placeholder, input: SignedTextInput): string | Uint8Array | Refusal | undefined {
  const { request, view } = input
  switch (piece.kind) {
    case 'body':
      return request.rawBody
    case 'method':
      return request.method
    case 'url':
      return headBytes(input.url)
    case 'url_without_query':
      return headBytes(input.url.replace(/[?#].*$/s, ''))
    case 'path':
      return headBytes(pathOf(input.url).replace(/\?.*$/s, ''))
    case 'path_query':
      return headBytes(pathOf(input.url))
    case 'secret':
      return input.key.export()
    case 'sorted_form':
      return sortedForm(readForm(request.rawBody))
    case 'timestamp':
      return input.timestamp === undefined ? undefined : headBytes(input.timestamp)
    case 'part': {
      const part = input.parts.get(piece.name)
      return part === undefined ? undefined : headBytes(part)
    }
    case 'text':
      return input.values.get(piece.name)
    case 'option':
      return Object.hasOwn(view.options, piece.name) ? view.options[piece.name] : undefined
    case 'body_member':
      return memberText(piece, view.body)
    case 'item_member':
      return memberText(piece, view.item)
    case 'header': {
      const values = request.headers.all(piece.name)
      return values.length > 1
        ? sentTwice(piece, values.length)
        : values[0] === undefined
          ? undefined
          : headBytes(values[0])
    }
    case 'query':
      return onlyValue(piece, readQuery(request.url))
    case 'form':
      return onlyValue(piece, readFields(request.rawBody))
  }
}

function onlyValue(piece: NamedPlaceholder, pairs: readonly FormPair[]): Uint8Array | Refusal | undefined {
  const name = formBytes(piece.name)
  const values = pairs.filter((pair) => pair.name === name)
  if (values.length > 1) return sentTwice(piece, values.length)
  return values[0] === undefined ? undefined : Buffer.from(values[0].value, 'latin1')
}

function memberText(piece: NamedPlaceholder, value: unknown): string | Refusal | undefined {
  const found = readMember(value, piece.name.split('.'))
  if (found === undefined || found === null) return undefined
  return asText(found) ?? refuse('signed_text_unavailable', `${describePiece(piece)} is neither text nor a number.`)
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Path and query of a URL, as they are written there. */
function pathOf(url: string): string {
  const path = /^[^:/?#]+:\/\/[^/?#]*([^#]*)/s.exec(url)?.[1] ?? ''
  return path.startsWith('/') ? path : `/${path}`
}

function describePiece(piece: Placeholder): string {
  switch (piece.kind) {
    case 'timestamp':
      return 'the timestamp'
    case 'header':
      return `the header ${piece.name}`
    case 'query':
      return `the query parameter ${piece.name}`
    case 'form':
      return `the form field ${piece.name}`
    default:
      return `{${'name' in piece ? piece.name : piece.kind}}`
  }
}

function sentTwice(piece: NamedPlaceholder, count: number): Refusal {
  return refuse('signature_ambiguous', `${capital(describePiece(piece))} is signed but was sent ${count} times.`)
}

function unavailable(what: string): Refusal {
  return refuse('signed_text_unavailable', `The request lacks ${what}, which is part of the signed text.`)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
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
