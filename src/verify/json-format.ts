/**
 * Signature values that are JSON, plain or in base64: an object whose members are the signature and what belongs to it.
 *
 *     json { signature: signature, key_id: kid }, json_encoding base64
 *     "eyJhbGciOiJlY2RzYSIsImtpZCI6IjkwMDIiLCJzaWduYXR1cmUiOiJNRVVD…" → signatures ["MEUC…"], parts { key_id: "9002" }
 */
import { isObject } from './data-path.ts'
import { decodeBytes } from './encoding.ts'
import type { SignatureFormat } from './signature-format.ts'

/** `members`: placeholder to the member it stands in. A string instead of the format tells what is wrong with it. */
export function compileJsonFormat(
  members: Readonly<Record<string, string>>,
  encoding: 'none' | 'base64',
): SignatureFormat | string {
  const names = Object.entries(members)
  if (!Object.hasOwn(members, 'signature')) return 'the JSON value must say which member holds the signature'
  return {
    placeholders: names.map(([placeholder]) => placeholder),
    read(value) {
      const object = parse(value, encoding)
      const texts = new Map<string, string>()
      for (const [placeholder, member] of names) {
        const text = object !== undefined && Object.hasOwn(object, member) ? object[member] : undefined
        if (typeof text !== 'string' && typeof text !== 'number') return { kind: 'foreign' }
        texts.set(placeholder, String(text))
      }
      const signature = texts.get('signature')!
      texts.delete('signature')
      return { kind: 'read', signatures: [signature], parts: texts }
    },
    write(texts) {
      const object = Object.fromEntries(
        names.map(([placeholder, member]) => [member, texts[placeholder] ?? placeholder]),
      )
      const text = JSON.stringify(object)
      return encoding === 'none' ? text : Buffer.from(text, 'utf8').toString('base64')
    },
  }
}

function parse(value: string, encoding: 'none' | 'base64'): Record<string, unknown> | undefined {
  const text = encoding === 'none' ? value : decodeBytes(value, encoding)?.toString('utf8')
  try {
    const parsed: unknown = JSON.parse(text ?? '')
    return isObject(parsed) && !Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
