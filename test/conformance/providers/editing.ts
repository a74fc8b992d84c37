/** Takes genuine requests apart and puts them together changed: where the signature stands, where the time does. */
import type { InboundRequest } from '../../../src/domain/request.ts'
import { withBody, withHeaders } from '../../verify/verifying.ts'
import type { Genuine, Variant } from './changes.ts'
import type { SignaturePlace } from './conformity.ts'

const ALPHABETS: Record<SignaturePlace['encoding'], RegExp> = {
  hex: /[0-9a-f]+$/i,
  base64: /[A-Za-z0-9+/]+=*$/,
  base64url: /[\w-]+$/,
  text: /^.+$/,
}

/** What stands where the signature is, all of it. */
export function valueOf(request: InboundRequest, { in: where, name }: SignaturePlace): string {
  const value = where === 'form' ? new URLSearchParams(textOf(request)).get(name) : request.headers.get(name)
  if (value === null || value === undefined) throw new Error(`there is no ${name}`)
  return value
}

/** Another value there; undefined takes it out. */
export function withValue(
  request: InboundRequest,
  { in: where, name }: SignaturePlace,
  value: string | undefined,
): InboundRequest {
  if (where !== 'form') return withHeaders(request, { [name]: value })
  const fields = new URLSearchParams(textOf(request))
  if (value === undefined) fields.delete(name)
  else fields.set(name, value)
  return withBody(request, fields.toString())
}

/** The signature itself. */
export function signatureText({ request, conformity: { signature } }: Genuine): string {
  const text = ALPHABETS[signature.encoding].exec(valueOf(request, signature))?.[0]
  if (text === undefined) throw new Error(`${signature.name} holds no signature in ${signature.encoding}`)
  return text
}

export function signatureBytes(genuine: Genuine): Buffer {
  const { encoding } = genuine.conformity.signature
  return Buffer.from(signatureText(genuine), encoding === 'text' ? 'utf8' : encoding)
}

/** As the signature is written. */
export function encoded({ conformity }: Genuine, bytes: Buffer): string {
  const { encoding } = conformity.signature
  return bytes.toString(encoding === 'text' ? 'utf8' : encoding)
}

/** The same request with another text where the signature stands. */
export function withSignature({ request, conformity: { signature } }: Genuine, text: string): Variant {
  const value = valueOf(request, signature).replace(ALPHABETS[signature.encoding], () => text)
  return { request: withValue(request, signature, value) }
}

/** The same request with another time in its head; undefined takes it out. */
export function withTime(
  { request, conformity }: Genuine,
  change: (written: string, write: (ms: number) => string) => string | undefined,
): Variant {
  const { header, find = /^.*$/, write } = conformity.time!.place!
  const value = request.headers.get(header)!
  const changed = change(find.exec(value)![0], write)
  const replaced =
    changed === undefined && conformity.time!.place!.find === undefined ? undefined : value.replace(find, changed ?? '')
  return { request: withHeaders(request, { [header]: replaced }) }
}

/** Three bits: of the first byte, of the middle one, of the last. */
export function bitsOf(bytes: Uint8Array): number[] {
  const last = bytes.length - 1
  return [0, Math.floor(last / 2) * 8 + 3, last * 8 + 1]
}

export function textOf({ rawBody }: InboundRequest): string {
  return Buffer.from(rawBody).toString('utf8')
}
