/**
 * Digests and keyed digests, for handshakes that want one and for keys of deduplication. Only these functions take a secret, as key
 * or as a part of what is digested:
 *
 *     $hmac('sha256', $secret('secret_token'), body.payload.plainToken)
 *     $sha256([query.challenge_code, $secret('verification_token'), options.endpoint])
 *
 * Some senders key their HMAC with the digest of what the customer knows. Such a key is a list that begins with an algorithm:
 *
 *     $hmac('sha1', ['sha1', $secret('private_key')], query.challenge)
 */
import { createHash, createHmac } from 'node:crypto'
import { BoundExceeded, ExpressionFailure } from '../failure.ts'
import { SecretHandle } from '../secret-handle.ts'
import { choiceAt, type ExpressionFunction, MAX_TEXT_LENGTH, textAt } from './function.ts'

const ALGORITHMS = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const
type Algorithm = (typeof ALGORITHMS)[number]

const ENCODINGS = ['hex', 'hex_upper', 'base64', 'base64url'] as const
type Encoding = (typeof ENCODINGS)[number]

const DIGESTED = 'text, or a list of texts that are put together'

export const DIGEST_FUNCTIONS: readonly ExpressionFunction[] = [
  {
    name: 'hmac',
    parameters: ['algorithm', 'key', 'text', 'encoding?'],
    summary: `Keyed digest (RFC 2104) of a ${DIGESTED}. The key is text, a secret, or the raw digest of a list: an algorithm, then what it digests.`,
    choices: { 0: ALGORITHMS, 3: ENCODINGS },
    call(args) {
      const algorithm = choiceAt(args, 0, 'hmac', ALGORITHMS)
      const encoding = choiceAt(args, 3, 'hmac', ENCODINGS, 'hex')
      const key = keyAt(args, 1, 'hmac')
      const parts = partsAt(args, 2, 'hmac')
      if (parts === undefined) return undefined
      const hmac = createHmac(algorithm, key)
      for (const part of parts) hmac.update(part)
      return encode(hmac.digest(), encoding)
    },
  },
  {
    name: 'digest',
    parameters: ['algorithm', 'text', 'encoding?'],
    summary: `Digest of a ${DIGESTED}.`,
    choices: { 0: ALGORITHMS, 2: ENCODINGS },
    call(args) {
      return digest(choiceAt(args, 0, 'digest', ALGORITHMS), args, 1, 'digest')
    },
  },
  ...(['md5', 'sha1', 'sha256', 'sha512'] as const).map((algorithm): ExpressionFunction => ({
    name: algorithm,
    parameters: ['text', 'encoding?'],
    summary: `The ${algorithm} digest of a ${DIGESTED}.`,
    choices: { 1: ENCODINGS },
    call: (args) => digest(algorithm, args, 0, algorithm),
  })),
]

function digest(algorithm: Algorithm, args: readonly unknown[], at: number, name: string): string | undefined {
  const encoding = choiceAt(args, at + 1, name, ENCODINGS, 'hex')
  const parts = partsAt(args, at, name)
  if (parts === undefined) return undefined
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return encode(hash.digest(), encoding)
}

/** The key: text, a secret, or the digest of the rest of a list that begins with an algorithm. */
function keyAt(args: readonly unknown[], at: number, name: string): string | Buffer {
  const value = args[at]
  const algorithm = Array.isArray(value) ? choiceAt(value, 0, `${name}'s key`, ALGORITHMS) : undefined
  const parts = partsAt(Array.isArray(value) ? args.with(at, value.slice(1)) : args, at, name) ?? []
  // An absent key would make a digest that anybody can make, and the digest of nothing is no better.
  if (parts.every((part) => part === '')) throw new ExpressionFailure(`the key of $${name} is missing or empty`)
  if (algorithm === undefined) return parts[0]!
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The texts to digest, in order; undefined when the argument is missing. */
function partsAt(args: readonly unknown[], at: number, name: string): string[] | undefined {
  const value = args[at]
  if (value instanceof SecretHandle) return [value.reveal()]
  if (!Array.isArray(value)) {
    const text = textAt(args, at, name)
    return text === undefined ? undefined : [text]
  }
  let length = 0
  return value.map((part: unknown) => {
    const text = part instanceof SecretHandle ? part.reveal() : part
    if (typeof text !== 'string')
      throw new ExpressionFailure(`argument ${at + 1} of $${name} has a part that is not text`)
    length += text.length
    if (length > MAX_TEXT_LENGTH)
      throw new BoundExceeded(`argument ${at + 1} of $${name} has more than ${MAX_TEXT_LENGTH} characters`)
    return text
  })
}

function encode(bytes: Buffer, encoding: Encoding): string {
  return encoding === 'hex_upper' ? bytes.toString('hex').toUpperCase() : bytes.toString(encoding)
}
