/**
 * What the schema cannot say: whether the parts of a spec fit together. Every finding names the place, what is wrong there and what
 * to do. Nothing stops at the first; a spec is compiled only when no error was found.
 */
import type { Alternative, ProviderSpec } from '../domain/provider-spec.gen.ts'
import type { DocumentPath, Remark } from '../document/yaml-document.ts'
import { isForwardable } from '../domain/forwardable.ts'
import { lintAlternative, type SignaturePlace, signaturePlaceOf } from './lint-alternative.ts'
import { lintExpressions } from './lint-expressions.ts'

export type { DocumentPath }

/** Called for every finding; the code is stable, the hint is the next action. */
export type Report = (remark: Remark) => void

export function lintSpec(spec: ProviderSpec, report: Report): void {
  lintSecrets(spec, report)
  spec.verify.forEach((alternative, at) => lintAlternative(spec, alternative, ['verify', at], report))
  lintOrder(spec.verify, report)
  lintHandshakes(spec, report)
  lintForward(spec, report)
  lintMatch(spec, report)
  lintExamples(spec, report)
  lintExpressions(spec, report)
}

/** Names of the secrets an alternative needs to be configured. */
export function secretsOf(alternative: Alternative): string[] {
  return [alternative.secret, alternative.username, alternative.password].filter((name) => name !== undefined)
}

function lintSecrets(spec: ProviderSpec, report: Report): void {
  const declared = Object.keys(spec.secrets ?? {})
  const used = new Set(
    spec.verify.flatMap((alternative) => [...secretsOf(alternative), ...(alternative.unless_configured ?? [])]),
  )
  const handshakeTexts = (spec.handshakes ?? []).map((handshake) => handshake.answer.value ?? '').join('\n')
  for (const name of declared) {
    if (used.has(name) || new RegExp(`\\$secret\\(["']${name}["']\\)`).test(handshakeTexts)) continue
    report({
      path: ['secrets', name],
      atKey: true,
      code: 'spec_unused_secret',
      severity: 'warning',
      message: `the secret "${name}" is used by no alternative of verify and by no handshake`,
      hint: 'Remove it, or name it in the alternative that needs it.',
    })
  }
  spec.verify.forEach((alternative, at) => {
    for (const key of ['secret', 'username', 'password'] as const) {
      const name = alternative[key]
      if (name === undefined || declared.includes(name)) continue
      report({
        path: ['verify', at, key],
        code: 'spec_undeclared_secret',
        message: `"${name}" is not declared under secrets`,
        hint:
          declared.length === 0
            ? `Add it: secrets: { ${name}: { where: … } }`
            : `Declared are: ${declared.join(', ')}.`,
      })
    }
    alternative.unless_configured?.forEach((name, index) => {
      if (declared.includes(name)) return
      report({
        path: ['verify', at, 'unless_configured', index],
        code: 'spec_undeclared_secret',
        message: `"${name}" is not declared under secrets`,
        hint: declared.length === 0 ? 'Declare it, or remove the clause.' : `Declared are: ${declared.join(', ')}.`,
      })
    })
  })
}

const STRENGTH = (alternative: Alternative): number => {
  if (alternative.scheme === 'unverified') return 0
  if (alternative.scheme === 'token' || alternative.scheme === 'basic') return 1
  return alternative.does_not_cover?.includes('body') ? 2 : 3
}

/** Strongest first, no two that cannot be told apart, none behind one that accepts everything. */
function lintOrder(alternatives: readonly Alternative[], report: Report): void {
  const names = new Set<string>()
  const places = new Map<string, number>()
  let weakest = Number.POSITIVE_INFINITY
  alternatives.forEach((alternative, at) => {
    const name = alternative.name ?? alternative.scheme
    if (names.has(name)) {
      report({
        path: ['verify', at],
        code: 'spec_ambiguous_alternative',
        message: `two alternatives are called "${name}"`,
        hint: 'Give each a name of its own.',
      })
    }
    names.add(name)
    const strength = STRENGTH(alternative)
    if (strength > weakest) {
      report({
        path: ['verify', at],
        code: 'spec_weak_alternative_first',
        message: `"${name}" proves more than an alternative before it`,
        hint: 'Order the alternatives from the strongest to the weakest.',
      })
    }
    weakest = Math.min(weakest, strength)
    const before = alternatives.slice(0, at)
    if (before.some((earlier) => earlier.scheme === 'unverified' && earlier.when === undefined)) {
      report({
        path: ['verify', at],
        code: 'spec_unreachable_alternative',
        message: `"${name}" is never reached: an alternative before it accepts everything`,
        hint: 'Remove it, or move unverified to the end.',
      })
    }
    const place: SignaturePlace = signaturePlaceOf(alternative)
    const earlier = place === null ? undefined : places.get(place)
    // With other secrets the earlier one steps aside where it is not configured.
    if (
      earlier !== undefined &&
      alternatives[earlier]!.when === undefined &&
      sameSecrets(alternatives[earlier]!, alternative)
    ) {
      report({
        path: ['verify', at],
        code: 'spec_unreachable_alternative',
        message: `"${name}" is never reached: "${alternatives[earlier]!.name ?? alternatives[earlier]!.scheme}" reads its signature from the same place`,
        hint: 'Tell the two apart with a when clause or with different prefixes.',
      })
    }
    if (place !== null && !places.has(place)) places.set(place, at)
    const stronger = before.filter(
      (one) => STRENGTH(one) > strength && secretsOf(one).length > 0 && !sameSecrets(one, alternative),
    )
    const guarded = new Set(alternative.unless_configured ?? [])
    for (const one of stronger) {
      if (
        alternative.when !== undefined ||
        one.when !== undefined ||
        secretsOf(one).some((secret) => guarded.has(secret))
      )
        continue
      report({
        path: ['verify', at],
        code: 'spec_downgrade',
        message: `a request without the signature of "${one.name ?? one.scheme}" falls back to the weaker "${name}" even where both are configured`,
        hint: `Add unless_configured: [${secretsOf(one).join(', ')}] to "${name}".`,
      })
    }
  })
}

function sameSecrets(a: Alternative, b: Alternative): boolean {
  return secretsOf(a).join('\n') === secretsOf(b).join('\n')
}

function lintHandshakes(spec: ProviderSpec, report: Report): void {
  spec.handshakes?.forEach((handshake, at) => {
    if (handshake.verified === false && handshake.because === undefined) {
      report({
        path: ['handshakes', at, 'verified'],
        code: 'spec_unexplained_handshake',
        message: `the handshake "${handshake.name}" is answered without verification and does not say why`,
        hint: 'Add because: with the reason, or let it be verified.',
      })
    }
    if (handshake.verified === false && /\$secret\s*\(/.test(handshake.answer.value ?? '')) {
      report({
        path: ['handshakes', at, 'answer', 'value'],
        code: 'spec_signing_oracle',
        severity: 'warning',
        message: `the handshake "${handshake.name}" signs what an unverified caller sends`,
        hint: 'Bound the text it signs in its when clause, so that it cannot have the form of a signed request.',
      })
    }
  })
}

function lintForward(spec: ProviderSpec, report: Report): void {
  const secretHeaders = new Set(
    spec.verify.flatMap((one) =>
      (one.scheme === 'token' || one.scheme === 'jwt') && one.signature?.header !== undefined
        ? [one.signature.header.toLowerCase()]
        : [],
    ),
  )
  spec.forward?.headers?.forEach((name, at) => {
    const lower = name.toLowerCase()
    if (secretHeaders.has(lower)) {
      report({
        path: ['forward', 'headers', at],
        code: 'spec_forwards_secret',
        message: `the header ${name} carries a secret and must not be forwarded`,
        hint: 'Take it off the list.',
      })
    } else if (!isForwardable(lower)) {
      report({
        path: ['forward', 'headers', at],
        code: 'spec_header_not_forwardable',
        message: `the header ${name} is never forwarded, whatever a spec says`,
        hint: 'Take it off the list.',
      })
    }
  })
}

function lintMatch(spec: ProviderSpec, report: Report): void {
  if (spec.match !== undefined && spec.match.length > 0) return
  report({
    path: ['provider'],
    code: 'spec_no_match',
    severity: 'warning',
    message: 'no match rule: every event of this provider stays unmatched',
    hint: "Add match: with the identifier that names the customer's account.",
  })
}

function lintExamples(spec: ProviderSpec, report: Report): void {
  const names = new Set<string>()
  spec.examples.forEach((example, at) => {
    if (names.has(example.name)) {
      report({
        path: ['examples', at, 'name'],
        code: 'spec_ambiguous_example',
        message: `two examples are called "${example.name}"`,
        hint: 'Give each a name of its own.',
      })
    }
    names.add(example.name)
    const bodies = (['body', 'json', 'form', 'base64'] as const).filter((key) => example.request[key] !== undefined)
    if (bodies.length > 1) {
      report({
        path: ['examples', at, 'request'],
        code: 'spec_ambiguous_body',
        message: `the request has ${bodies.join(' and ')}`,
        hint: 'Keep one of them.',
      })
    }
    for (const name of Object.keys(example.given?.secrets ?? {})) {
      if (spec.secrets?.[name] !== undefined) continue
      report({
        path: ['examples', at, 'given', 'secrets', name],
        atKey: true,
        code: 'spec_undeclared_secret',
        message: `"${name}" is not declared under secrets`,
        hint: `Declared are: ${Object.keys(spec.secrets ?? {}).join(', ') || 'none'}.`,
      })
    }
  })
  if (spec.examples.every((example) => example.expect.refused !== undefined)) {
    report({
      path: ['examples'],
      code: 'spec_no_accepted_example',
      message: 'no example is accepted, so nothing shows that the spec works',
      hint: 'Add an example of a genuine request.',
    })
  }
}
