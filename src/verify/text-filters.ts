/**
 * What a provider does to a part of its signed text before it puts it in, on bytes: `{body|sha256|hex}`, `{query:data.id|lower}`.
 * Digests give raw bytes; hex and base64 write them. Letters are those of ASCII, since all of these stand in heads of requests.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type TextFilter = (bytes: Uint8Array) => Uint8Array

export const TEXT_FILTERS: Readonly<Record<string, TextFilter>> = {
  lower: (bytes) => latin1(bytes, (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  upper: (bytes) => latin1(bytes, (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())),
  trim: (bytes) => latin1(bytes, (text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')),
  md5: digest('md5'),
  sha1: digest('sha1'),
  sha256: digest('sha256'),
  sha512: digest('sha512'),
  crc32: (bytes) => Buffer.from(String(crc32(bytes)), 'latin1'),
  hex: (bytes) => Buffer.from(Buffer.from(bytes).toString('hex'), 'latin1'),
  base64: (bytes) => Buffer.from(Buffer.from(bytes).toString('base64'), 'latin1'),
  base64url: (bytes) => Buffer.from(Buffer.from(bytes).toString('base64url'), 'latin1'),
}

function digest(algorithm: string): TextFilter {
  return (bytes) => createHash(algorithm).update(bytes).digest()
}

function latin1(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  return Buffer.from(change(Buffer.from(bytes).toString('latin1')), 'latin1')
}
