/** Differences that several packages have with us, each for one reason. */
import type { Exceptions } from './conformity.ts'

/** They compare text. The digits stand for the same bytes in either case, so nobody can make another signature of it. */
export const CAPITALS: Exceptions = {
  'a signature in capital letters': { accepts: 'we', because: 'hex of either case stands for the same bytes' },
}

/** They compare text here too. */
export const PADDING: Exceptions = {
  'a signature without its padding': { accepts: 'we', because: 'base64 without its padding stands for the same bytes' },
}

/** They decode with Node, which stops at what is not of the alphabet. */
export const STRAY_MARK: Exceptions = {
  'a stray mark after the signature': { accepts: 'they', because: 'we want nothing but the signature' },
}

/** They read a number and sign that number again. */
export const LEADING_ZERO: Exceptions = {
  'a time with a zero before it': { accepts: 'they', because: 'we take the time as it was signed, to the letter' },
}

export const PAST_ONLY: Exceptions = {
  'a request from too far ahead of our clock': { accepts: 'they', because: 'they ask only for how long ago it was' },
}

export const NO_CLOCK: Exceptions = {
  'a request that is too old': { accepts: 'they', because: 'they leave the age to their caller' },
  'a request of yesterday': { accepts: 'they', because: 'they leave the age to their caller' },
  'a request from too far ahead of our clock': { accepts: 'they', because: 'they leave the age to their caller' },
}
