/**
 * Bytes written as text, read strictly: one text stands for one value, so that a signature cannot be rewritten into another that
 * is accepted too. Hex may be of either case; the padding of base64 may be left off whole. Nothing else is forgiven.
 */
export type ByteEncoding = 'hex' | 'base64' | 'base64url'

/** The bytes, or undefined for anything that this encoding does not write. Empty text is not a value. */
export function decodeBytes(text: string, encoding: ByteEncoding): Buffer | undefined {
  if (text === '') return undefined
  const bytes = Buffer.from(text, encoding)
  // Node's decoders skip or stop at what they do not know, and take both base64 alphabets; writing the bytes again shows it.
  if (encoding === 'hex') return bytes.length * 2 === text.length ? bytes : undefined
  const canonical = bytes.toString(encoding)
  if (text === canonical) return bytes
  return text === (encoding === 'base64' ? canonical.replace(/=+$/, '') : padded(canonical)) ? bytes : undefined
}

export function encodeBytes(bytes: Uint8Array, encoding: ByteEncoding): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
}

function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

const BEYOND_ASCII = /[\u0080-\uffff]/
const BEYOND_LATIN1 = /[\u0100-\uffff]/

/**
 * The bytes of text from the head of a request, for hashing. Node reads the request line and headers as Latin-1, one character per
 * byte, so UTF-8 would change every byte above 0x7f. Text that no wire can have brought (an example in YAML) is UTF-8.
 */
export function headBytes(text: string): string | Buffer {
  if (!BEYOND_ASCII.test(text)) return text
  return Buffer.from(text, BEYOND_LATIN1.test(text) ? 'utf8' : 'latin1')
}
