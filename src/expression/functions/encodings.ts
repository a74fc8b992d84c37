/**
 * Text in other clothes. Decoders are strict: what is not exactly of the encoding, or is no UTF-8 text inside, is undefined, so that
 * `$base64decode(x) ?? y` can go on with something else.
 */
import { isUtf8 } from 'node:buffer'
import { type ExpressionFunction, textAt } from './function.ts'

/** Percent-encoding is the slowest of them: 1 Mi characters take some 10 ms. */
const MAX_PERCENT_LENGTH = 1024 * 1024

export const ENCODING_FUNCTIONS: readonly ExpressionFunction[] = [
  textFunction('base64encode', 'Base64 of the text in UTF-8, with padding.', (text) =>
    Buffer.from(text).toString('base64'),
  ),
  textFunction('base64urlencode', 'The same in the URL alphabet, without padding.', (text) =>
    Buffer.from(text).toString('base64url'),
  ),
  textFunction(
    'base64decode',
    'The UTF-8 text inside base64 of either alphabet, padded or not; undefined when it is none.',
    decodeBase64,
  ),
  textFunction('hexencode', 'Lower-case hex of the text in UTF-8.', (text) => Buffer.from(text).toString('hex')),
  textFunction('hexdecode', 'The UTF-8 text inside hex of either case; undefined when it is none.', decodeHex),
  textFunction(
    'urlencode',
    'Percent-encoding of all but the unreserved characters of RFC 3986.',
    encodePercent,
    MAX_PERCENT_LENGTH,
  ),
  textFunction(
    'urldecode',
    'Percent-decoding; a plus stays a plus; undefined when malformed.',
    decodePercent,
    MAX_PERCENT_LENGTH,
  ),
]

/** A function of one text, which may be the context. */
function textFunction(
  name: string,
  summary: string,
  convert: (text: string) => unknown,
  maxLength?: number,
): ExpressionFunction {
  return {
    name,
    parameters: ['text'],
    summary,
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, name, maxLength)
      return text === undefined ? undefined : convert(text)
    },
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/

function decodeBase64(text: string): string | undefined {
  if (!BASE64.test(text)) return undefined
  const digits = text.replace(/=+$/, '')
  if (text.length !== digits.length && text.length % 4 !== 0) return undefined
  const bytes = Buffer.from(digits, 'base64')
  // Buffer passes over a lone last digit and over bits that no encoder sets; both would be two texts for one value.
  const isCanonical = bytes.toString('base64url') === digits.replaceAll('+', '-').replaceAll('/', '_')
  return isCanonical ? utf8(bytes) : undefined
}

function decodeHex(text: string): string | undefined {
  return text.length % 2 === 0 && /^[0-9A-Fa-f]*$/.test(text) ? utf8(Buffer.from(text, 'hex')) : undefined
}

function utf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** Undefined for a lone surrogate, which has no UTF-8. */
function encodePercent(text: string): string | undefined {
  try {
    return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  } catch {
    return undefined
  }
}

/** Undefined for a malformed escape. */
export function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
