/**
 * What tells one sealing of credentials from another. Sealed bytes begin with a random nonce, so a digest of them is a version that
 * changes however they were replaced, also where the connection was deleted and made again, and that nobody has to keep.
 */
import { createHash } from 'node:crypto'

const VERSION_BYTES = 6

export function versionOf(sealed: Uint8Array): number {
  return createHash('sha256').update(sealed).digest().readUIntBE(0, VERSION_BYTES)
}
