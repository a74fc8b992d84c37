/**
 * Where a signature stands and how it is written: place, prefix, composite format. Gives the signature's text (or several) and the
 * other parts of a composite value; what the text says is for the scheme. A value that is present but not of this form is
 * malformed and refused, unless another alternative of the spec reads the same place: then it is the other's, and absent here.
 *
 *     { header: x-hub-signature-256, prefix: "sha256=" }   "sha256=7571…" → texts ["7571…"]
 */
import { andThen, type MaybePromise } from '../domain/expression.ts'
import type { Alternative, SignatureSource } from '../domain/provider-spec.gen.ts'
import { compileJsonFormat } from './json-format.ts'
import { compilePlace, describePlace, isSamePlace, type Located, MAX_NUMBERED, type PlaceContext } from './place.ts'
import { invalidClause, isRefusal, type Refusal, refuse, type SchemeSetting } from './scheme.ts'
import { compileSignatureFormat, type FormatReading, type SignatureFormat } from './signature-format.ts'

/** More signatures in one request than any rotation needs; each may cost a public-key operation. */
const MAX_SIGNATURES = 32
/** Complete sets in one value, each with its own timestamp. */
const MAX_GROUPS = 8

const NO_PARTS: ReadonlyMap<string, string> = new Map()

export interface SignatureTexts {
  /** At least one. */
  readonly texts: readonly string[]
  readonly parts: ReadonlyMap<string, string>
  /** Further sets, where a value may hold several: any of them may be the right one. */
  readonly others?: readonly SignatureTexts[] | undefined
}

export interface SignatureReader {
  /** Placeholders of the format; empty without one. */
  readonly placeholders: readonly string[]
  /** Undefined when the request carries no signature of this form. */
  read(context: PlaceContext): MaybePromise<SignatureTexts | Refusal | undefined>
}

/** The source of an alternative with its scheme's default filled in; undefined for `unverified`. */
export function signatureSourceOf(alternative: Alternative): SignatureSource | undefined {
  if (alternative.scheme === 'unverified') return undefined
  if (alternative.scheme === 'basic') return { header: 'authorization', prefix: 'Basic ' }
  if (alternative.scheme === 'jwt' && alternative.signature === undefined) {
    return { header: 'authorization', prefix: 'Bearer ' }
  }
  return alternative.signature
}

/** Whether another alternative reads the same place in another form. */
export function sharesPlace(alternative: Alternative, others: readonly Alternative[]): boolean {
  const own = signatureSourceOf(alternative)
  if (own === undefined) return false
  return others.some((other) => {
    const source = other === alternative ? undefined : signatureSourceOf(other)
    if (source === undefined || !isSamePlace(own, source)) return false
    return (['prefix', 'format', 'separator', 'group_separator', 'json'] as const).some(
      (member) => JSON.stringify(own[member]) !== JSON.stringify(source[member]),
    )
  })
}

export function compileFormatOf(alternative: Alternative): SignatureFormat | undefined {
  const source = signatureSourceOf(alternative)
  if (source?.format !== undefined && source.json !== undefined) {
    throw invalidClause(alternative, 'signature', 'a value is written in a format or as JSON, not both')
  }
  if (source?.json !== undefined) {
    const format = compileJsonFormat(source.json, source.json_encoding ?? 'none')
    if (typeof format === 'string') throw invalidClause(alternative, 'signature', format)
    return format
  }
  if (source?.format === undefined) return undefined
  const format = compileSignatureFormat(source.format, source.separator ?? ',')
  if (typeof format === 'string') throw invalidClause(alternative, 'signature', format)
  return format
}

export function compileSignatureSource(alternative: Alternative, setting: SchemeSetting): SignatureReader {
  const source = signatureSourceOf(alternative)
  const locate = source === undefined ? undefined : compilePlace(source, setting.compileExpression)
  if (source === undefined || locate === undefined) {
    throw invalidClause(
      alternative,
      'signature',
      'the signature needs exactly one of header, header_option, numbered_header, query, form, body, expression, whole_body',
    )
  }
  const format = compileFormatOf(alternative)
  const { prefix = '', prefix_optional: isOptional = false, group_separator: between } = source
  if (between !== undefined && format === undefined) {
    throw invalidClause(alternative, 'signature', 'group_separator needs a format')
  }
  const isSeveral = source.several === true || source.numbered_header !== undefined
  const maxSignatures = source.numbered_header === undefined ? MAX_SIGNATURES : MAX_NUMBERED
  const place = describePlace(source)
  const malformed = refuse(
    'signature_malformed',
    format === undefined
      ? `The ${place} does not begin with "${prefix}".`
      : `The ${place} is not of the form "${prefix}${source.format ?? 'JSON'}".`,
  )
  const ambiguous = refuse('signature_ambiguous', `The ${place} was sent more than once.`)
  const excessive = refuse('signature_ambiguous', `The ${place} holds more than ${maxSignatures} signatures.`)

  // The word in front of credentials is written in any case (RFC 9110 §11.1); any other prefix to the letter.
  const isWord = source.header?.toLowerCase() === 'authorization' && prefix.endsWith(' ')
  const word = prefix.toLowerCase()
  const isPrefixOf = (value: string): boolean =>
    isWord ? value.slice(0, word.length).toLowerCase() === word : value.startsWith(prefix)

  /** What follows the prefix; undefined for a value that lacks it. */
  const withoutPrefix = (value: string): string | undefined =>
    isPrefixOf(value) ? value.slice(prefix.length) : isOptional ? value : undefined

  const interpret = (located: Located): SignatureTexts | Refusal | undefined => {
    if (located === undefined || isRefusal(located)) return located
    if (located.length > 1 && !isSeveral) return ambiguous
    if (prefix === '' && format === undefined) {
      return located.length > maxSignatures ? excessive : { texts: located, parts: NO_PARTS }
    }
    return between === undefined ? readSet(located) : readGroups(located[0]!, between)
  }

  const readSet = (values: readonly string[]): SignatureTexts | Refusal | undefined => {
    const texts: string[] = []
    let parts = NO_PARTS
    for (const value of values) {
      const bare = withoutPrefix(value)
      const reading: FormatReading | undefined = bare === undefined ? { kind: 'foreign' } : format?.read(bare)
      if (reading === undefined) {
        texts.push(bare!)
      } else if (reading.kind === 'read') {
        texts.push(...reading.signatures)
        if (parts.size > 0 && reading.parts.size > 0) return ambiguous
        if (reading.parts.size > 0) parts = reading.parts
      } else if (reading.kind === 'ambiguous') {
        return refuse('signature_ambiguous', `The ${place} holds {${reading.placeholder}} more than once.`)
      } else if (!setting.sharesPlace) {
        return malformed
      }
    }
    if (texts.length > maxSignatures) return excessive
    return texts.length === 0 ? undefined : { texts, parts }
  }

  /** Every set is whole in itself; one that is not spoils the value. */
  const readGroups = (value: string, separator: string): SignatureTexts | Refusal | undefined => {
    const bare = withoutPrefix(value)
    if (bare === undefined) return setting.sharesPlace ? undefined : malformed
    const groups = bare.split(separator).filter((group) => group !== '')
    if (groups.length > MAX_GROUPS) return excessive
    const sets: SignatureTexts[] = []
    for (const group of groups) {
      const set = readSet([prefix + group])
      if (isRefusal(set)) return set
      if (set !== undefined) sets.push(set)
    }
    const [first, ...others] = sets
    return first === undefined ? (setting.sharesPlace ? undefined : malformed) : { ...first, others }
  }

  return {
    placeholders: format?.placeholders ?? [],
    read: (context) => andThen(locate(context), interpret),
  }
}
