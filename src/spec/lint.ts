/**
 * What the schema cannot say: whether the parts of a spec fit together. Every finding names the place, what is wrong there and what
 * to do. Nothing stops at the first; a spec is compiled only when no error was found.
 */
import type { Alternative, ProviderSpec } from '../domain/provider-spec.gen.ts'
import type { DocumentPath, Remark } from '../document/yaml-document.ts'
import { isForwardable } from '../domain/forwardable.ts'
import { lintAlternative, type SignaturePlace, signaturePlaceOf } from './lint-alternative.ts'
import { lintExpressions } from './lint-expressions.ts'
import { lintKeys } from './lint-keys.ts'
import { lintSyncExamples } from './lint-sync-examples.ts'
import { lintSyncs } from './lint-sync.ts'

export type { DocumentPath }

/** Called for every finding; the code is stable, the hint is the next action. */
export type Report = (remark: Remark) => void

export function lintSpec(spec: ProviderSpec, report: Report): void {
  lintSecrets(spec, report)
  const lintOne = (alternative: Alternative, path: DocumentPath): void => {
    lintAlternative(spec, alternative, path, report)
    lintKeys(alternative, path, report)
    alternative.also?.forEach((other, at) => lintOne(other, [...path, 'also', at]))
  }
  spec.verify.forEach((alternative, at) => lintOne(alternative, ['verify', at]))
  lintOrder(spec.verify, report)
  lintHandshakes(spec, report)
  lintForward(spec, report)
  lintMatch(spec, report)
  lintExamples(spec, report)
  lintExpressions(spec, report)
  lintSyncs(spec.syncs ?? {}, ['syncs'], report)
  lintSyncExamples(spec, report)
}

/** Names of the secrets an alternative needs to be configured. */
export function secretsOf(alternative: Alternative): string[] {
  return [alternative.secret, alternative.username, alternative.password].filter((name) => name !== undefined)
}

/** Every mention of a secret by its name, with its place. */
function* mentionsOf(spec: ProviderSpec): Generator<{ readonly path: DocumentPath; readonly name: string }> {
  for (const [at, alternative] of spec.verify.entries()) yield* mentionsIn(alternative, ['verify', at])
  for (const [at, { token, capture }] of (spec.handshakes ?? []).entries()) {
    const path = ['handshakes', at]
    if (token !== undefined) yield { path: [...path, 'token', 'secret'], name: token.secret }
    if (capture !== undefined) yield { path: [...path, 'capture', 'secret'], name: capture.secret }
  }
}

function* mentionsIn(alternative: Alternative, path: DocumentPath): Generator<{ path: DocumentPath; name: string }> {
  for (const key of ['secret', 'username', 'password'] as const) {
    const name = alternative[key]
    if (name !== undefined) yield { path: [...path, key], name }
  }
  for (const [index, name] of (alternative.unless_configured ?? []).entries()) {
    yield { path: [...path, 'unless_configured', index], name }
  }
  const templates = [
    { path: [...path, 'key', 'template'], text: alternative.key?.template ?? '' },
    { path: [...path, 'fetched_key'], text: JSON.stringify(alternative.fetched_key ?? {}) },
  ]
  for (const { path: where, text } of templates) {
    for (const found of text.matchAll(/\{secret:([a-z0-9_]+)\}/g)) yield { path: where, name: found[1]! }
  }
  for (const [at, other] of (alternative.also ?? []).entries()) yield* mentionsIn(other, [...path, 'also', at])
}

/** What refreshes the tokens of syncs. */
function clientSecretsOf(syncs: NonNullable<ProviderSpec['syncs']>): string[] {
  return Object.values(syncs).flatMap(({ auth }) =>
    typeof auth === 'object' && 'oauth2' in auth ? [auth.oauth2.client_secret ?? 'client_secret'] : [],
  )
}

function lintSecrets(spec: ProviderSpec, report: Report): void {
  const declared = Object.keys(spec.secrets ?? {})
  const mentions = [...mentionsOf(spec)]
  const used = new Set([...mentions.map(({ name }) => name), ...clientSecretsOf(spec.syncs ?? {})])
  const handshakeTexts = (spec.handshakes ?? []).map(({ answer }) => JSON.stringify(answer)).join('\n')
  for (const name of declared) {
    if (used.has(name) || new RegExp(`\\$secret\\(\\\\?["']${name}\\\\?["']\\)`).test(handshakeTexts)) continue
    report({
      path: ['secrets', name],
      atKey: true,
      code: 'spec_unused_secret',
      severity: 'warning',
      message: `the secret "${name}" is used by no alternative of verify, no handshake and no sync`,
      hint: 'Remove it, or name it in the alternative that needs it.',
    })
  }
  for (const { path, name } of mentions) {
    if (declared.includes(name)) continue
    report({
      path,
      code: 'spec_undeclared_secret',
      message: `"${name}" is not declared under secrets`,
      hint:
        declared.length === 0 ? `Add it: secrets: { ${name}: { where: … } }` : `Declared are: ${declared.join(', ')}.`,
    })
  }
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
    const self = alternative.unless_configured?.findIndex((secret) => secretsOf(alternative).includes(secret)) ?? -1
    if (self !== -1) {
      report({
        path: ['verify', at, 'unless_configured', self],
        code: 'spec_unreachable_alternative',
        message: `"${name}" is never reached: it steps aside for a secret that it needs itself`,
        hint: 'Name the secrets of the stronger alternatives.',
      })
    }
    const place: SignaturePlace = signaturePlaceOf(alternative)
    const earlier = place === null ? undefined : places.get(place)
    // With other secrets the earlier one steps aside where it is not configured.
    if (
      earlier !== undefined &&
      (alternatives[earlier]!.when === undefined || alternatives[earlier]!.when === alternative.when) &&
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
    const { name, verified = true, because, answer, token, otherwise, capture, confirm, when } = handshake
    const problem = (path: DocumentPath, code: string, message: string, hint: string): void =>
      report({ path: ['handshakes', at, ...path], code, message: `the handshake "${name}" ${message}`, hint })
    if (!verified && because === undefined) {
      problem(
        ['verified'],
        'spec_unexplained_handshake',
        'is answered without verification and does not say why',
        'Add because: with the reason, or let it be verified.',
      )
    }
    if (!verified && confirm !== undefined) {
      problem(
        ['confirm'],
        'spec_unverified_confirm',
        'would visit a URL on the word of an unverified caller',
        'Let it be verified.',
      )
    }
    if (otherwise !== undefined && token === undefined) {
      problem(
        ['otherwise'],
        'spec_useless_clause',
        'answers a wrong token, but asks for none',
        'Add token: or remove it.',
      )
    }
    if (capture !== undefined && (capture.scope === 'connection') !== (capture.connection !== undefined)) {
      problem(
        ['capture'],
        'spec_capture_without_connection',
        'keeps a secret of a connection only when scope: connection and connection: both say so',
        'Say which connection it is, or leave both out.',
      )
    }
    const computed = [
      answer.value,
      ...Object.values(answer.headers ?? {}).map((one) => (typeof one === 'string' ? '' : one.expression)),
    ]
    const signs = computed.some((source) => /\$secret\s*\(/.test(source ?? ''))
    // A text of letters, digits and a few signs cannot have the form of a request that is signed.
    if (!verified && signs && token === undefined && !/\$isToken\s*\(/.test(when)) {
      report({
        path: ['handshakes', at, 'answer', ...(answer.value === undefined ? [] : ['value'])],
        code: 'spec_signing_oracle',
        severity: 'warning',
        message: `the handshake "${name}" signs what an unverified caller sends`,
        hint: 'Bound the text it signs in its when clause: $isToken(query.challenge).',
      })
    }
  })
}

function lintForward(spec: ProviderSpec, report: Report): void {
  const secretHeaders = new Set(
    spec.verify
      .flatMap((one) => [one, ...(one.also ?? [])])
      .flatMap(({ scheme, signature }) =>
        (scheme === 'token' || scheme === 'jwt') && signature?.header !== undefined
          ? [signature.header, ...(signature.aliases ?? [])].map((name) => name.toLowerCase())
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
    const given = Object.keys(example.given?.secrets ?? {}).map((name) => ({ name, path: ['secrets', name] }))
    for (const [place, { secrets }] of (example.given?.connections ?? []).entries()) {
      for (const name of Object.keys(secrets ?? {}))
        given.push({ name, path: ['connections', place, 'secrets', name] as string[] })
    }
    for (const { name, path } of given) {
      if (spec.secrets?.[name] !== undefined) continue
      report({
        path: ['examples', at, 'given', ...path],
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
