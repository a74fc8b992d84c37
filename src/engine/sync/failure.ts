/** Failures of runs as values, and what of a provider's answer people may see: its beginning, with every secret of the call replaced. */
import type { SyncFailure, SyncFailureCode } from '../../domain/sync.ts'
import type { ApiAnswer } from './ports/api-client.ts'

export type Failing = { readonly ok: false; readonly failure: SyncFailure }
export type Outcome<T> = { readonly ok: true; readonly value: T } | Failing

const SHOWN_CHARACTERS = 2_000
/** A shorter secret would turn half of an answer into stars. */
const MIN_SECRET_LENGTH = 6

export function fail(
  code: SyncFailureCode,
  message: string,
  more: { readonly hint?: string; readonly answer?: SyncFailure['answer'] } = {},
): Failing {
  return { ok: false, failure: { code, message, hint: more.hint ?? null, answer: more.answer ?? null } }
}

export function ok<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

/** The part of an answer that is kept with a failure. */
export function shownAnswer(
  answer: Extract<ApiAnswer, { kind: 'answered' }>,
  secrets: readonly string[],
): NonNullable<SyncFailure['answer']> {
  // Replaced before it is cut: half a secret at the end would not be recognised.
  const text = new TextDecoder().decode(answer.body.subarray(0, SHOWN_CHARACTERS * 4))
  return {
    status: answer.status,
    contentType: answer.headers['content-type'] ?? null,
    body: withoutSecrets(text, secrets).slice(0, SHOWN_CHARACTERS),
  }
}

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue
    shown = shown.split(secret).join('[secret]').split(encodeURIComponent(secret)).join('[secret]')
  }
  // A secret that the end of the part cuts in two.
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, shown.length); length >= MIN_SECRET_LENGTH; length -= 1) {
      if (shown.endsWith(secret.slice(0, length))) {
        shown = `${shown.slice(0, -length)}[secret]`
        break
      }
    }
  }
  return shown
}
