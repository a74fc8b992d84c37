/** Findings about one alternative of `verify`: the clauses its scheme needs, and the ones it has no use for. */
import type { Alternative, ProviderSpec } from '../domain/provider-spec.gen.ts'
import type { DocumentPath, Report } from './lint.ts'

/** Where an alternative reads its signature, prefix included; null where that cannot be compared. */
export type SignaturePlace = string | null

export function signaturePlaceOf({ signature, scheme }: Alternative): SignaturePlace {
  if (scheme === 'basic') return 'header authorization basic'
  if (signature?.header !== undefined) return `header ${signature.header.toLowerCase()} ${signature.prefix ?? ''}`
  if (signature?.query !== undefined) return `query ${signature.query}`
  if (signature?.form !== undefined) return `form ${signature.form}`
  return null
}

const SIGNED_SCHEMES = /^(hmac|digest|ed25519|rsa|ecdsa)/
const PUBLIC_KEY_SCHEMES = /^(ed25519|rsa|ecdsa)/
const TEMPLATE_PARTS = new Set(['body', 'timestamp', 'method', 'url', 'secret', 'sorted_form'])

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
  if (scheme.startsWith('hmac') || scheme === 'token') need('secret', 'the name of the secret')
  if (scheme.startsWith('digest') && alternative.signed !== undefined && !alternative.signed.includes('{secret}')) {
    report({
      path: [...path, 'signed'],
      code: 'spec_unkeyed_digest',
      message: 'a plain digest without {secret} in it proves nothing: anybody can compute it',
      hint: 'Put {secret} into the signed text, or use hmac.',
    })
  }
  if (PUBLIC_KEY_SCHEMES.test(scheme) || scheme === 'jwt') {
    const given = (['secret', 'public_key', 'jwks'] as const).filter((key) => alternative[key] !== undefined)
    if (given.length !== 1) {
      report({
        path,
        code: 'spec_missing_key',
        message: `${scheme} needs exactly one of secret, public_key and jwks; there ${given.length === 0 ? 'is none' : `are ${given.join(', ')}`}`,
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
    refuse(['claims', 'algorithms'])
    if (alternative.jwks !== undefined) refuse(['jwks'])
  }
  if (scheme === 'token') {
    need('signature', 'where the token stands')
    refuse(['signed', 'timestamp', 'tolerance', 'key', 'body_hash', 'public_key'])
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
  const template = alternative.signed!
  const captured = placeholdersOf(alternative.signature?.format ?? '')
  for (const part of placeholdersOf(template)) {
    if (TEMPLATE_PARTS.has(part) || captured.includes(part) || /^(header|query):./.test(part)) continue
    report({
      path: [...path, 'signed'],
      code: 'spec_unknown_placeholder',
      message: `{${part}} stands for nothing`,
      hint: `Known are {${[...TEMPLATE_PARTS].join('} {')}} {header:NAME} {query:NAME}${captured.length > 0 ? ` and {${captured.join('} {')}}` : ''}.`,
    })
  }
  const covers = /\{(body|sorted_form)\}/.test(template) || alternative.body_hash !== undefined
  if (!covers && !alternative.does_not_cover?.includes('body')) {
    report({
      path: [...path, 'signed'],
      code: 'spec_body_not_covered',
      message: 'the signed text does not contain the body, so a changed body is not noticed',
      hint: 'Put {body} into it, add body_hash:, or admit it with does_not_cover: [body].',
    })
  }
  if (template.includes('{timestamp}') && alternative.timestamp === undefined && !captured.includes('timestamp')) {
    report({
      path: [...path, 'signed'],
      code: 'spec_missing_timestamp',
      message: '{timestamp} is signed but timestamp: does not say where it stands',
      hint: 'Add timestamp: with its place and unit.',
    })
  }
}

/** Exactly one place each; a format's placeholders at most once per element. */
function lintSources(alternative: Alternative, path: DocumentPath, report: Report): void {
  for (const key of ['signature', 'timestamp'] as const) {
    const source = alternative[key]
    if (source === undefined) continue
    const places = (['header', 'query', 'form', 'body', 'part'] as const).filter((place) => place in source)
    if (places.length === 1) continue
    report({
      path: [...path, key],
      code: 'spec_ambiguous_place',
      message: `${key} names ${places.length === 0 ? 'no place' : places.join(' and ')}`,
      hint: 'Name exactly one of header, query, form and body.',
    })
  }
  const { signature, timestamp } = alternative
  if (signature?.format !== undefined) {
    const elements = signature.format.split(signature.separator ?? ',')
    const literals = elements.map((element) => element.replace(/\{.*$/, ''))
    const placeholders = placeholdersOf(signature.format)
    const repeated =
      literals.find((literal, at) => literals.indexOf(literal) !== at) ??
      placeholders.find((name, at) => placeholders.indexOf(name) !== at)
    // A separator inside an element, as in "v1,{signature}", leaves a piece without placeholder; that piece belongs to the next one.
    if (repeated !== undefined && elements.every((element) => element.includes('{'))) {
      report({
        path: [...path, 'signature', 'format'],
        code: 'spec_ambiguous_format',
        message: `"${repeated}" can match twice`,
        hint: 'Give each element of the format a beginning of its own.',
      })
    }
    if (!placeholders.includes('signature')) {
      report({
        path: [...path, 'signature', 'format'],
        code: 'spec_format_without_signature',
        message: 'the format has no {signature}',
        hint: 'Write {signature} where the signature stands.',
      })
    }
  }
  if (timestamp?.part !== undefined && !placeholdersOf(signature?.format ?? '').includes(timestamp.part)) {
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
  if (symmetric.length > 0 && (alternative.jwks !== undefined || alternative.public_key !== undefined)) {
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
