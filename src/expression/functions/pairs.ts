/**
 * The pairs of a form or a query, and the texts that providers make of them to sign: sorted, or serialised as their own language does
 * it. Names and values are decoded; what is not UTF-8 then is refused, because two different bodies could read the same.
 *
 *     $join($sortedPairs(raw)[name != "sig"].(name & "=" & value), "&")
 */
import { isUtf8 } from 'node:buffer'
import { BoundExceeded, ExpressionFailure } from '../failure.ts'
import { type ExpressionFunction, MAX_TEXT_LENGTH, textAt } from './function.ts'

const MAX_PAIRS = 10_000

interface Pair {
  readonly name: string
  readonly value: string
}

export const PAIR_FUNCTIONS: readonly ExpressionFunction[] = [
  {
    name: 'pairs',
    parameters: ['text'],
    summary: 'The fields of a form or query in the order of the wire, as objects with `name` and `value`, decoded.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'pairs')
      return text === undefined ? undefined : readPairs(text)
    },
  },
  {
    name: 'sortedPairs',
    parameters: ['text'],
    summary: 'The same sorted by name and then by value, in byte order.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'sortedPairs')
      return text === undefined ? undefined : readPairs(text).sort(comparePairs)
    },
  },
  {
    name: 'phpSerialize',
    parameters: ['pairs'],
    summary: "An array of texts as PHP's serialize writes it, from what $pairs gives.",
    call(args) {
      const pairs = pairsAt(args, 0, 'phpSerialize')
      if (pairs === undefined) return undefined
      return `a:${pairs.length}:{${pairs.map(({ name, value }) => `${phpKey(name)};${phpText(value)};`).join('')}}`
    },
  },
  {
    name: 'pythonJson',
    parameters: ['pairs'],
    summary:
      "An object of texts as Python's json.dumps writes it, from what $pairs gives; of a repeated name the last value.",
    call(args) {
      const pairs = pairsAt(args, 0, 'pythonJson')
      if (pairs === undefined) return undefined
      const members = new Map(pairs.map(({ name, value }) => [name, value]))
      return `{${[...members].map(([name, value]) => `${pythonText(name)}: ${pythonText(value)}`).join(', ')}}`
    },
  },
  {
    name: 'escapeUnicode',
    parameters: ['text'],
    summary: 'The text with everything beyond ASCII written as JSON does it: `é` as `\\u00e9`.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'escapeUnicode')
      return text === undefined ? undefined : escapeBeyondAscii(text)
    },
  },
  {
    name: 'isToken',
    parameters: ['value', 'length?'],
    summary:
      'Whether this is a text of at most that many (200) letters, digits and . _ ~ + / = -: what a handshake may sign without signing a request for somebody.',
    takesContext: false,
    call(args) {
      const [value, length = 200] = args
      if (typeof length !== 'number') throw new ExpressionFailure('argument 2 of $isToken is not a number')
      return typeof value === 'string' && value.length <= length && /^[A-Za-z0-9._~+/=-]+$/.test(value)
    },
  },
]

function readPairs(text: string): Pair[] {
  const parts = text.split('&', MAX_PAIRS + 1)
  if (parts.length > MAX_PAIRS) throw new BoundExceeded(`there are more than ${MAX_PAIRS} pairs`)
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      return equals === -1
        ? { name: decode(part), value: '' }
        : { name: decode(part.slice(0, equals)), value: decode(part.slice(equals + 1)) }
    })
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  const bytes = Buffer.from(
    Buffer.from(spaced, 'utf8')
      .toString('latin1')
      .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  if (!isUtf8(bytes)) throw new ExpressionFailure('a name or value of the form is not UTF-8')
  return bytes.toString('utf8')
}

function comparePairs(a: Pair, b: Pair): number {
  return (
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) ||
    Buffer.compare(Buffer.from(a.value), Buffer.from(b.value))
  )
}

/** JSONata gives a list of one as its item. */
function pairsAt(args: readonly unknown[], at: number, name: string): Pair[] | undefined {
  const value = args[at]
  if (value === undefined) return undefined
  let length = 0
  return (Array.isArray(value) ? (value as unknown[]) : [value]).map((pair) => {
    if (!isPair(pair)) throw new ExpressionFailure(`argument ${at + 1} of $${name} is not a list of pairs`)
    length += pair.name.length + pair.value.length
    if (length > MAX_TEXT_LENGTH) throw new BoundExceeded(`argument ${at + 1} of $${name} is too long`)
    return pair
  })
}

function isPair(value: unknown): value is Pair {
  if (typeof value !== 'object' || value === null) return false
  const { name, value: text } = value as { name?: unknown; value?: unknown }
  return typeof name === 'string' && typeof text === 'string'
}

function phpText(text: string): string {
  return `s:${Buffer.byteLength(text, 'utf8')}:"${text}"`
}

/** A PHP array takes a name that is a number in decimal for that number. */
function phpKey(name: string): string {
  return /^(?:0|-?[1-9]\d{0,17})$/.test(name) ? `i:${name}` : phpText(name)
}

/** Python writes the escapes that JSON.stringify writes, and all beyond ASCII as escapes too. */
function pythonText(text: string): string {
  return escapeBeyondAscii(JSON.stringify(text))
}

function escapeBeyondAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
