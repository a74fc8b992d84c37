/**
 * HTTP Basic authentication (RFC 7617): a user name and password that the provider lets its user set. It says nothing of the body.
 *
 *     { scheme: basic, username: webhook_user, password: webhook_password }
 *     Aladdin, "open sesame" → authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
 */
import { andThen } from '../../domain/expression.ts'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { isSameBytes } from '../compare.ts'
import { decodeBytes } from '../encoding.ts'
import { createKeyReader } from '../key.ts'
import { accept, type Finding, invalidClause, isRefusal, refuse, type Scheme, type SchemeSetting } from '../scheme.ts'
import { compileSignatureSource } from '../signature-source.ts'
import type { VerifyContext } from '../verifier.ts'

export function createBasicScheme(alternative: Alternative, setting: SchemeSetting): Scheme {
  const { username, password } = alternative
  if (username === undefined || password === undefined) {
    throw invalidClause(alternative, 'password', 'basic needs the secrets that hold the user name and the password')
  }
  const source = compileSignatureSource(alternative, setting)
  const readName = createKeyReader(username, bytesOf)
  const readPassword = createKeyReader(password, bytesOf)
  const malformed = refuse('signature_malformed', 'The authorization header does not hold a user name and a password.')
  const mismatch = refuse('token_mismatch', 'The user name or the password is not the configured one.')
  const invalid = refuse('key_invalid', 'The configured user name or password is empty.')

  const compare = (context: VerifyContext, text: string): Finding => {
    const bytes = decodeBytes(text, 'base64')
    const colon = bytes?.indexOf(':') ?? -1
    if (bytes === undefined || colon === -1) return malformed
    const names = context.secrets(username).map(readName)
    const passwords = context.secrets(password).map(readPassword)
    if (!names.some((live) => live.key) || !passwords.some((live) => live.key)) return invalid
    // Both are compared always, so that time does not tell which of the two was right.
    const name = names.filter((live) => live.key !== undefined && isSameBytes(bytes.subarray(0, colon), live.key))
    const right = passwords.filter((live) => live.key !== undefined && isSameBytes(bytes.subarray(colon + 1), live.key))
    return name.length > 0 && right.length > 0 ? accept(alternative, right[0]!.identity, undefined) : mismatch
  }

  return {
    secretNames: [username, password],
    check: (context) =>
      andThen(source.read(context), (found) => {
        if (found === undefined) return 'absent'
        return isRefusal(found) ? found : compare(context, found.texts[0]!)
      }),
  }
}

/** The authorization header for this user; a user name with a colon cannot be written (RFC 7617 §2). */
export function basicCredentials(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function bytesOf(text: string): Buffer | undefined {
  return text === '' ? undefined : Buffer.from(text, 'utf8')
}
