/**
 * `multipart/form-data` (RFC 7578), read from the body alone: the boundary is the body's first line, never what a header says, so
 * that a changed header cannot change what the body means. Of a file only its name, type and size are kept.
 */
export interface MultipartField {
  readonly name: string
  /** Present for a file. */
  readonly filename: string | undefined
  readonly contentType: string | undefined
  readonly bytes: Uint8Array
}

/** Beyond what any form has. */
const MAX_FIELDS = 1_000
const MAX_HEAD = 8_192

/** RFC 2046 §5.1.1, without blanks. */
const FIRST_LINE = /^--([0-9A-Za-z'()+_,\-./:=?]{1,70})\r\n/

/** The fields in order; undefined when the body is not of this form from its first byte to its last. Never throws. */
export function readMultipart(body: Uint8Array): readonly MultipartField[] | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const boundary = FIRST_LINE.exec(bytes.subarray(0, 80).toString('latin1'))?.[1]
  if (boundary === undefined) return undefined
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  const fields: MultipartField[] = []
  let at = delimiter.length // the first delimiter has no CR LF in front, but one behind
  for (;;) {
    const end = bytes.indexOf(delimiter, at)
    if (end === -1 || fields.length >= MAX_FIELDS) return undefined
    const field = readField(bytes.subarray(at, end))
    if (field === undefined) return undefined
    fields.push(field)
    const after = end + delimiter.length
    if (bytes.subarray(after, after + 2).toString('latin1') === '\r\n') at = after + 2
    else return /^--(?:\r\n)?$/.test(bytes.subarray(after, after + 5).toString('latin1')) ? fields : undefined
  }
}

function readField(part: Buffer): MultipartField | undefined {
  const gap = part.subarray(0, MAX_HEAD).indexOf('\r\n\r\n')
  if (gap === -1) return undefined
  let disposition: string | undefined
  let contentType: string | undefined
  for (const line of part.subarray(0, gap).toString('utf8').split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (colon === -1) return undefined
    if (name === 'content-disposition') {
      if (disposition !== undefined) return undefined
      disposition = value
    } else if (name === 'content-type') contentType = value
  }
  const name = parameter(disposition, 'name')
  if (disposition === undefined || name === undefined || !/^form-data\s*(?:;|$)/i.test(disposition)) return undefined
  return { name, filename: parameter(disposition, 'filename'), contentType, bytes: part.subarray(gap + 4) }
}

/** A parameter of the disposition; browsers and RFC 7578 escape a quote as %22. */
function parameter(disposition: string | undefined, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^";\\s]+))`, 'i').exec(disposition ?? '')
  const text = found?.[1] ?? found?.[2]
  return text?.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n')
}
