/** JSON and XML inside text, a checksum, times, and the first value that is there. */
import { crc32 } from 'node:zlib'
import { parseLossless } from '../../domain/json-text.ts'
import { parseXml } from '../../domain/xml.ts'
import { ExpressionFailure } from '../failure.ts'
import { choiceAt, type ExpressionFunction, textAt } from './function.ts'
import { parseTime, TIME_UNITS } from './time.ts'

export const VALUE_FUNCTIONS: readonly ExpressionFunction[] = [
  {
    name: 'json',
    parameters: ['text'],
    summary:
      'The value of a JSON text, integers beyond 2^53 as text with their exact digits; undefined when it is no JSON.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'json')
      const parsed = text === undefined ? undefined : parseLossless(text)
      return parsed?.ok === true ? parsed.value : undefined
    },
  },
  {
    name: 'xml',
    parameters: ['text'],
    summary:
      'The value of an XML text: attributes as `@name`, text beside them as `#text`, repeated elements as lists; undefined when it is no XML.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'xml')
      const parsed = text === undefined ? undefined : parseXml(text)
      return parsed?.ok === true ? parsed.value : undefined
    },
  },
  {
    name: 'crc32',
    parameters: ['text'],
    summary: 'CRC-32 (as in gzip) of the text in UTF-8, as a number without sign.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'crc32')
      return text === undefined ? undefined : crc32(text)
    },
  },
  {
    name: 'coalesce',
    parameters: ['value…'],
    summary: 'The first argument that is neither missing nor null.',
    call: (args) => args.find((value) => value !== undefined && value !== null),
  },
  {
    name: 'time',
    parameters: ['value', 'unit'],
    summary: 'Milliseconds since the epoch of a time in s, ms, iso8601 or http_date; undefined when it is none.',
    choices: { 1: TIME_UNITS },
    call(args) {
      const unit = choiceAt(args, 1, 'time', TIME_UNITS)
      const value = typeof args[0] === 'number' ? args[0] : textAt(args, 0, 'time', 100)
      return value === undefined ? undefined : parseTime(value, unit)
    },
  },
  {
    name: 'secret',
    parameters: ['name'],
    summary: 'A secret, for the answers of handshakes. It can only be digested; it never becomes text.',
    call(args, host) {
      const name = textAt(args, 0, 'secret')
      if (name === undefined) throw new ExpressionFailure('the name for $secret is missing')
      return host.secret(name)
    },
  },
]
