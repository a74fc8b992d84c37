/**
 * How a log names a secret without telling it: the first 8 hex digits of the SHA-256 of its text. 32 bits tell two live secrets
 * apart and are far too few to be checked against guesses of a random secret.
 */
import { createHash } from 'node:crypto'
import type { Secret } from '../domain/secret.ts'

/** Of the secret's text as it was configured, before a recipe made a key of it. */
export function fingerprintOf(secret: Secret): string {
  return createHash('sha256').update(secret.reveal(), 'utf8').digest('hex').slice(0, 8)
}
