/**
 * Public keys as providers publish them: PEM (also a certificate, also in base64), bare SPKI DER in base64, or the raw bytes in hex or base64
 * (32 for Ed25519, the point for an elliptic curve, SPKI for RSA). A key of another kind than the scheme needs is no key, and
 * neither is a private one: it does not belong into a gateway.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { KeyRecipe } from '../domain/provider-spec.gen.ts'
import { decodeBytes } from './encoding.ts'
import { keyText } from './key.ts'

export type KeyKind = 'ed25519' | 'rsa' | 'ec'

/** SPKI headers of raw keys: RFC 8410 §4 for Ed25519, RFC 5480 §2 for an uncompressed or compressed P-256 point. */
const SPKI_HEADERS: readonly { readonly kind: KeyKind; readonly size: number; readonly header: string }[] = [
  { kind: 'ed25519', size: 32, header: '302a300506032b6570032100' },
  { kind: 'ec', size: 65, header: '3059301306072a8648ce3d020106082a8648ce3d030107034200' },
  { kind: 'ec', size: 33, header: '3039301306072a8648ce3d020106082a8648ce3d030107032200' },
]

/** Undefined when the text is not a public key of this kind. */
export function readPublicKey(text: string, recipe: KeyRecipe, kind: KeyKind): KeyObject | undefined {
  const written = keyText(text, recipe)
  if (written === undefined) return undefined
  try {
    const key = parsePublicKey(written.text, written.encoding, kind)
    return key?.asymmetricKeyType === kind ? key : undefined
  } catch {
    return undefined // OpenSSL's words on what is wrong would quote nothing useful
  }
}

function parsePublicKey(
  text: string,
  encoding: NonNullable<KeyRecipe['encoding']>,
  kind: KeyKind,
): KeyObject | undefined {
  // A PEM is also pasted in base64 or without its armour, and nothing else looks like these.
  if (encoding === 'utf8' || encoding === 'pem') {
    return text.includes(PEM_MARK) ? readPem(text) : parsePublicKey(text, 'der', kind)
  }
  const bytes = decodeBytes(text, encoding === 'hex' ? 'hex' : 'base64')
  if (bytes === undefined) return undefined
  if (bytes.subarray(0, PEM_MARK.length).toString('latin1') === PEM_MARK) return readPem(bytes.toString('latin1'))
  const raw =
    encoding === 'der' ? undefined : SPKI_HEADERS.find((one) => one.kind === kind && one.size === bytes.length)
  const der = raw === undefined ? bytes : Buffer.concat([Buffer.from(raw.header, 'hex'), bytes])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

const PEM_MARK = '-----BEGIN '

/** Also a PEM whose line breaks got lost, as some APIs answer it. */
export function readPem(text: string): KeyObject | undefined {
  if (text.includes('PRIVATE KEY')) return undefined
  const parts = /^\s*(-----BEGIN [A-Z ]+-----)\s*([A-Za-z0-9+/=\s]+?)\s*(-----END [A-Z ]+-----)\s*$/.exec(text)
  return createPublicKey(parts === null ? text : `${parts[1]}\n${parts[2]!.replace(/\s+/g, '')}\n${parts[3]}\n`)
}

/** The key as text that `readPublicKey` reads with the same recipe. */
export function writePublicKey(key: KeyObject, recipe: KeyRecipe): string {
  const prefix = recipe.strip_prefix ?? ''
  const { encoding = 'utf8' } = recipe
  if (encoding === 'utf8' || encoding === 'pem') return prefix + key.export({ format: 'pem', type: 'spki' }).toString()
  const der = key.export({ format: 'der', type: 'spki' })
  if (encoding === 'der') return prefix + der.toString('base64')
  const header = SPKI_HEADERS.find(
    (one) => one.kind === key.asymmetricKeyType && der.toString('hex').startsWith(one.header),
  )
  const raw = header === undefined ? der : der.subarray(header.header.length / 2)
  return prefix + raw.toString(encoding)
}
