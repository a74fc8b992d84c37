/** Findings about one alternative of `verify`: the clauses its scheme needs, and the ones it has no use for. */
import { GatewayError } from '../domain/errors.ts'
import type { Alternative, ProviderSpec } from '../domain/provider-spec.gen.ts'
import { compileSignatureFormat } from '../verify/signature-format.ts'
import { type Piece, parseTemplate } from '../verify/signed-template.ts'
import type { DocumentPath, Report } from './lint.ts'

/** Where an alternative reads its signature, prefix included; null where that cannot be compared. */
export type SignaturePlace = string | null

export function signaturePlaceOf({ signature, scheme }: Alternative): SignaturePlace {
  if (scheme === 'basic') return 'header authorization basic'
  if (signature?.header !== undefined) return `header ${signature.header.toLowerCase()} ${signature.prefix ?? ''}`
  if (signature?.header_option !== undefined) return `header of ${signature.header_option} ${signature.prefix ?? ''}`
  if (signature?.numbered_header !== undefined) return `header ${signature.numbered_header.toLowerCase()}`
  if (signature?.query !== undefined) return `query ${signature.query}`
  if (signature?.form !== undefined) return `form ${signature.form}`
  return null
}

const SIGNED_SCHEMES = /^(hmac|digest|ed25519|rsa|ecdsa)/
const PUBLIC_KEY_SCHEMES = /^(ed25519|rsa|ecdsa)/
const PLACES = [
  'header',
  'header_option',
  'numbered_header',
  'query',
  'form',
  'body',
  'part',
  'expression',
  'whole_body',
] as const
/** Where the keys of a scheme come from, of which one has to be said. */
const KEYS = ['secret', 'public_key', 'jwks', 'openid', 'fetched_key'] as const

export function lintAlternative(
  spec: ProviderSpec,
  alternative: Alternative,
  path: DocumentPath,
  report: Report,
): void {
  const { scheme } = alternative
  const need = (key: keyof Alternative, what: string): void => {
    if (alternative[key] !== undefined) return
    report({
      path,
      code: 'spec_missing_clause',
      message: `${scheme} needs ${key}: ${what}`,
      hint: `Add ${key}: to this alternative.`,
    })
  }
  const refuse = (keys: readonly (keyof Alternative)[]): void => {
    for (const key of keys) {
      if (alternative[key] === undefined) continue
      report({
        path: [...path, key],
        atKey: true,
        code: 'spec_useless_clause',
        message: `${key} means nothing for ${scheme}`,
        hint: 'Remove it.',
      })
    }
  }
  if (SIGNED_SCHEMES.test(scheme)) {
    need('signature', 'where the signature stands')
    need('signed', 'the text that is signed')
    if (alternative.signed !== undefined) lintSigned(alternative, path, report)
  }
  const isFetched = alternative.fetched_key !== undefined
  if (scheme === 'token' || (/^(hmac|digest)/.test(scheme) && !isFetched)) need('secret', 'the name of the secret')
  if (scheme.startsWith('digest') && alternative.signed !== undefined && !alternative.signed.includes('{secret}')) {
    report({
      path: [...path, 'signed'],
      code: 'spec_unkeyed_digest',
      message: 'a plain digest without {secret} in it proves nothing: anybody can compute it',
      hint: 'Put {secret} into the signed text, or use hmac.',
    })
  }
  if (PUBLIC_KEY_SCHEMES.test(scheme) || scheme === 'jwt') {
    const given = KEYS.filter((key) => alternative[key] !== undefined)
    if (given.length !== 1) {
      report({
        path,
        code: 'spec_missing_key',
        message: `${scheme} needs exactly one of ${KEYS.join(', ')}; there ${given.length === 0 ? 'is none' : `are ${given.join(', ')}`}`,
        hint: 'Say where the key comes from.',
      })
    }
  }
  if (scheme === 'jwt') {
    need('signature', 'where the token stands')
    need('algorithms', 'the algorithms that are accepted')
    refuse(['signed', 'timestamp'])
    lintAlgorithms(alternative, path, report)
  } else {
    refuse(['claims', 'required_claims', 'max_age', 'algorithms'])
    if (!PUBLIC_KEY_SCHEMES.test(scheme)) refuse(['jwks', 'openid'])
  }
  if (scheme === 'token') {
    need('signature', 'where the token stands')
    refuse(['signed', 'timestamp', 'tolerance', 'body_hash', 'public_key'])
  }
  if (scheme === 'basic') {
    need('username', 'the name of the secret that holds the user name')
    need('password', 'the name of the secret that holds the password')
    refuse(['signature', 'signed', 'secret', 'timestamp', 'tolerance'])
  } else {
    refuse(['username', 'password'])
  }
  if (scheme === 'unverified') {
    need('reason', 'why nothing can be verified')
    refuse(['signature', 'signed', 'secret', 'timestamp', 'tolerance', 'key', 'each'])
  } else {
    refuse(['reason'])
  }
  if (alternative.tolerance !== undefined && alternative.timestamp === undefined && scheme !== 'jwt') {
    report({
      path: [...path, 'tolerance'],
      atKey: true,
      code: 'spec_tolerance_without_timestamp',
      message: 'tolerance has no timestamp to apply to',
      hint: 'Add timestamp: with its place and unit, or remove tolerance.',
    })
  }
  lintSources(alternative, path, report)
}

function lintSigned(alternative: Alternative, path: DocumentPath, report: Report): void {
  const captured = capturedBy(alternative)
  for (const [at, template] of [alternative.signed!, ...(alternative.or_signed ?? [])].entries()) {
    const where = at === 0 ? [...path, 'signed'] : [...path, 'or_signed', at - 1]
    if (/\{timestamp[}|?]/.test(template) && alternative.timestamp === undefined && !captured.includes('timestamp')) {
      report({
        path: where,
        code: 'spec_missing_timestamp',
        message: '{timestamp} is signed but timestamp: does not say where it stands',
        hint: 'Add timestamp: with its place and unit.',
      })
      continue
    }
    const pieces = piecesOf(alternative, template, captured)
    if (typeof pieces === 'string') {
      report({
        path: where,
        code: 'spec_unknown_placeholder',
        message: pieces,
        hint: 'Correct the placeholder, or name it under texts.',
      })
      continue
    }
    const covers = alternative.body_hash !== undefined || pieces.some((piece) => isOfBody(piece, alternative))
    if (!covers && !alternative.does_not_cover?.includes('body')) {
      report({
        path: where,
        code: 'spec_body_not_covered',
        message: 'the signed text does not contain the body, so a changed body is not noticed',
        hint: 'Put {body} into it, add body_hash:, or admit it with does_not_cover: [body].',
      })
    }
  }
}

/** The pieces of a template, or what is wrong with it. */
function piecesOf(alternative: Alternative, template: string, captured: readonly string[]): readonly Piece[] | string {
  try {
    return parseTemplate(alternative, template, captured)
  } catch (error) {
    if (error instanceof GatewayError) return error.message.replace(/^verify alternative "[^"]*": /, '')
    throw error
  }
}

/** Whether it is the body or something out of it; how much of the body that covers is for the generated attacks to find out. */
function isOfBody(piece: Piece, { texts = {} }: Alternative): boolean {
  switch (piece.kind) {
    case 'body':
    case 'sorted_form':
    case 'form':
    case 'body_member':
    case 'item_member':
      return true
    case 'text':
      return /\b(?:raw|body|item)\b/.test(texts[piece.name] ?? '')
    default:
      return false
  }
}

/** Placeholders that the signature's value fills. */
function capturedBy({ signature }: Alternative): string[] {
  return [...placeholdersOf(signature?.format ?? ''), ...Object.keys(signature?.json ?? {})]
}

/** Exactly one place each; a format's placeholders at most once per element. */
function lintSources(alternative: Alternative, path: DocumentPath, report: Report): void {
  for (const key of ['signature', 'timestamp'] as const) {
    const source = alternative[key]
    if (source === undefined) continue
    const places = PLACES.filter((place) => place in source)
    if (places.length === 1) continue
    report({
      path: [...path, key],
      code: 'spec_ambiguous_place',
      message: `${key} names ${places.length === 0 ? 'no place' : places.join(' and ')}`,
      hint: `Name exactly one of ${PLACES.join(', ')}.`,
    })
  }
  const { signature, timestamp } = alternative
  if (signature?.format !== undefined) {
    const compiled = compileSignatureFormat(signature.format, signature.separator ?? ',')
    if (!placeholdersOf(signature.format).includes('signature')) {
      report({
        path: [...path, 'signature', 'format'],
        code: 'spec_format_without_signature',
        message: 'the format has no {signature}',
        hint: 'Write {signature} where the signature stands.',
      })
    } else if (typeof compiled === 'string') {
      report({
        path: [...path, 'signature', 'format'],
        code: 'spec_ambiguous_format',
        message: `${compiled}, so that a value could be read in more than one way`,
        hint: 'Give each element of the format a beginning of its own, and each placeholder one place.',
      })
    }
  }
  if (timestamp?.part !== undefined && !capturedBy(alternative).includes(timestamp.part)) {
    report({
      path: [...path, 'timestamp', 'part'],
      code: 'spec_unknown_placeholder',
      message: `the signature's format has no {${timestamp.part}}`,
      hint: 'Name a placeholder of signature.format.',
    })
  }
}

/** A secret is for HS algorithms, a public key for the others: mixing them is the classic way to forge a token (RFC 8725 §2.1). */
function lintAlgorithms(alternative: Alternative, path: DocumentPath, report: Report): void {
  const symmetric = (alternative.algorithms ?? []).filter((name) => name.startsWith('HS'))
  if (symmetric.length > 0 && symmetric.length !== alternative.algorithms!.length) {
    report({
      path: [...path, 'algorithms'],
      code: 'spec_mixed_algorithms',
      message: 'symmetric and asymmetric algorithms in one list: the public key could be used as a secret',
      hint: 'Make two alternatives of it.',
    })
  }
  if (symmetric.length > 0 && (alternative.jwks ?? alternative.openid ?? alternative.public_key) !== undefined) {
    report({
      path: [...path, 'algorithms'],
      code: 'spec_mixed_algorithms',
      message: `${symmetric.join(', ')} with a public key: anybody could sign`,
      hint: 'List the asymmetric algorithms of the provider.',
    })
  }
}

/** `t={timestamp},v1={signature}` → `['timestamp', 'signature']` */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map((found) => found[1]!)
}
