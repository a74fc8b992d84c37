/** Choices that look random and are the same in every run, because they come from the content that is attacked. */
import { createHash } from 'node:crypto'

export interface Seed {
  /** A whole number from 0 to below `count`; the same for the same purpose. */
  pick(purpose: string, count: number): number
}

export function createSeed(content: Uint8Array): Seed {
  const digest = createHash('sha256').update(content).digest('hex')
  return {
    pick(purpose, count) {
      return createHash('sha256').update(digest).update(purpose).digest().readUInt32BE(0) % count
    },
  }
}
