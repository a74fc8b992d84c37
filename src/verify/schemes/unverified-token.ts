/**
 * What a compact token (RFC 7515 §3.1) says of itself before anybody has looked at its signature: good for finding the secret or the
 * key to try, and for nothing else.
 */
import { isObject } from '../data-path.ts'
import { decodeBytes } from '../encoding.ts'

export interface UnverifiedToken {
  readonly keyId: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
}

/** Undefined for what is no such token. */
export function decodeToken(token: string): UnverifiedToken | undefined {
  const [head, body, signature, ...rest] = token.split('.')
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return undefined
  const header = parsePart(head)
  const claims = parsePart(body)
  if (header === undefined || claims === undefined) return undefined
  const keyId = header['kid']
  return { keyId: typeof keyId === 'string' ? keyId : undefined, claims }
}

function parsePart(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(decodeBytes(text, 'base64url')?.toString('utf8') ?? '')
    return isObject(parsed) && !Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
