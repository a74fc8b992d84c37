/**
 * What a signature scheme says of a request. A refusal carries a code for decisions and for the log; the outside world is told
 * nothing but "refused". `detail` never holds a secret nor the signature that was expected.
 */
import type { ConnectionId } from './ids.ts'

export const REFUSAL_CODES = [
  'ingress_token_mismatch',
  'secret_missing',
  'signature_missing',
  'signature_malformed',
  'signature_ambiguous',
  'signature_mismatch',
  'signature_expired',
  'signature_premature',
  'timestamp_missing',
  'timestamp_malformed',
  'token_mismatch',
  'claim_mismatch',
  'requirement_unmet',
  'body_hash_mismatch',
  'signed_text_unavailable',
  'key_invalid',
  'key_unavailable',
  'scheme_not_applicable',
  'expression_failed',
] as const

export type RefusalCode = (typeof REFUSAL_CODES)[number]

export type Verification =
  | {
      readonly kind: 'accepted'
      /** Name of the alternative that accepted. */
      readonly scheme: string
      /** Which of several live secrets it was: name and first 8 hex digits of the SHA-256 of the secret. Absent when unverified. */
      readonly secret?: { readonly name: string; readonly fingerprint: string }
      /** Our clock minus the provider's timestamp, in ms, where the scheme has one. */
      readonly clockSkewMs?: number
      /** What the token says, where a token was the proof. */
      readonly claims?: Readonly<Record<string, unknown>>
      /**
       * The connections whose own secret made the signature, and the identifier by which they were found. The request is theirs and
       * nobody else's, whatever it says.
       */
      readonly connections?: {
        readonly field: string
        readonly values: readonly string[]
        readonly ids: readonly ConnectionId[]
      }
    }
  | {
      readonly kind: 'refused'
      readonly code: RefusalCode
      /** Name of the alternative that decided, absent when none applied. */
      readonly scheme?: string
      /** One sentence for the operator. */
      readonly detail: string
      readonly clockSkewMs?: number
    }
