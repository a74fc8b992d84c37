/**
 * One entry of the conformance suite: a provider of `specs/` and a package that the provider itself, or most of its users, verify
 * with. The package is the judge. An entry says how to ask it, and where it and we differ on purpose.
 */
import type { RequestParts } from '../../verify/verifying.ts'
import type { Change, ChangeName } from './changes.ts'

/** The time at which everything is signed. Whole seconds, because some packages count only these. */
export const NOW = Date.UTC(2026, 2, 2, 10, 0, 0)

export type MaybePromise<T> = T | Promise<T>

export interface Conformity {
  readonly provider: string
  /** As in package.json. */
  readonly package: string
  /** Name of the alternative that is to accept, where the spec has several. */
  readonly alternative?: string
  /** What is configured at both, the one that signs first. Without any, both have the public half of a throwaway pair. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, string>>
  /** What the request is before it is signed, besides its body. */
  readonly request?: Omit<RequestParts, 'body'>
  /** At least one. Valid JSON where the package parses what it has verified. */
  readonly bodies?: readonly string[]
  /** What is signed besides the time; `body` unless it says otherwise. */
  readonly covers?: readonly ('body' | 'url' | 'method')[]
  /** Headers that are signed; each of them is changed. */
  readonly signedHeaders?: readonly string[]
  readonly signature: SignaturePlace
  /** Absent where nothing tells how old a request is. */
  readonly time?: TimeRule
  /** Loads the package. Everything in it happens offline. */
  load(): Promise<Official>
  /** Changes that only this provider knows. */
  readonly changes?: readonly Change[]
  /** What becomes of a changed request where it is not refused by both. One that does not hold fails. */
  readonly exceptions?: Exceptions
}

export type Exceptions = Readonly<Partial<Record<ChangeName, Exception>> & Record<string, Exception>>

/** `we` is the only one that could let something in; its reason must say why it does not. */
export interface Exception {
  readonly accepts: 'both' | 'we' | 'they'
  readonly because: string
}

/** The signature is the longest text of this alphabet at the end of the value. `text` is all of it. */
export interface SignaturePlace {
  /** A header unless it says otherwise. */
  readonly in?: 'form'
  readonly name: string
  /** What stands before it, for people. */
  readonly follows?: string
  readonly encoding: 'hex' | 'base64' | 'base64url' | 'text'
}

export interface TimeRule {
  /** How long a signature is good. */
  readonly goodForMs: number
  /** How far ahead of our clock the signer's may be; the same as `goodForMs` unless given, null where nobody asks. */
  readonly aheadMs?: number | null
  /** Where the time stands in the head of the request: the header, and in it what is found, or all of it. */
  readonly place?: { readonly header: string; readonly find?: RegExp; readonly write: (ms: number) => string }
}

export interface Official {
  /** What the package's own signer adds to a request; absent where it can only verify. */
  sign?(request: Seen, keys: Keys, now: number): MaybePromise<Signed>
  /** Whether the package's verifier takes the request. To throw is to refuse. It reads the time from `Date`. */
  accepts(request: Seen, keys: Keys): MaybePromise<boolean>
}

/** A request as a package is given it. */
export interface Seen {
  readonly method: string
  readonly url: string
  /** Lower-case names; a header that is not there is undefined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Signed {
  readonly headers?: Readonly<Record<string, string>>
  readonly url?: string
  readonly body?: string
}

/** What one side signs or verifies with. */
export interface Keys {
  /** Of the alternative; of a key pair, the public half as it is configured. */
  readonly secret: string
  /** Key id to PEM, where the provider publishes its keys. */
  readonly published: Readonly<Record<string, string>>
}

/** A header that a package cannot do without: without it there is nothing to judge. */
export function headerOf({ headers }: Seen, name: string): string {
  const value = headers[name.toLowerCase()]
  if (value === undefined) throw new Error(`there is no header ${name}`)
  return value
}

/** For verifiers that throw what they refuse. */
export function unlessThrown(verify: () => unknown): boolean {
  verify()
  return true
}

export const inSeconds = (ms: number): string => String(Math.floor(ms / 1_000))
export const asIso8601 = (ms: number): string => new Date(ms).toISOString()

/** Bytes that are easily changed on their way: beyond ASCII and the basic plane, blanks, big numbers, escapes, a last line break. */
export const BODIES = [
  '{}',
  '{"text":"ü€😀 </script>\\u00fc","n":12345678901234567890,"url":"https:\\/\\/example.com/a"}',
  '{ "spaced" : [ 1, 2.0 ] }\n',
] as const
