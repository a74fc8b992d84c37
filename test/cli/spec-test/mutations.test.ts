/**
 * Whether the attacks have teeth: copies of the verifying code that are weakened on purpose, in the ways in which it is got wrong in
 * the wild, must each let an attack through that is made from an example. The code as it is must let none through.
 */
import { createHmac, createPublicKey } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { runAttacks } from '../../../src/cli/spec-test/attacks/run-attacks.ts'
import { createCaseRunner, type RunnerParts } from '../../../src/cli/spec-test/case-runner.ts'
import type { Survivor } from '../../../src/cli/spec-test/result.ts'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import { HeaderList, type InboundRequest } from '../../../src/domain/request.ts'
import type { RefusalCode, Verification } from '../../../src/domain/verification.ts'
import { interpretRequest } from '../../../src/engine/receive/interpret.ts'
import type { CompiledHandshake } from '../../../src/spec/compiled-spec.ts'
import { createExpressionCompiler } from '../../../src/expression/compile.ts'
import { compileSpec } from '../../../src/spec/compile.ts'
import { readSpecText } from '../../../src/spec/load.ts'
import { createVerifier, type VerifierParts } from '../../../src/verify/create-verifier.ts'
import { createKeyPool } from '../../../src/verify/key-ring.ts'
import { createSigner } from '../../../src/verify/signer.ts'
import type { Verifier, VerifyContext } from '../../../src/verify/verifier.ts'
import { extendView } from '../../../src/verify/view.ts'

type Weakness = Pick<RunnerParts, 'createVerifier' | 'interpret'>

// A busy machine must not look like an expression that fails.
const compileExpression = createExpressionCompiler({ timeoutMs: 2_000 })
const keyPool = createKeyPool()

/** Every survivor of the attacks on the accepted examples; throws where an example is not as it should be. */
async function survivorsOf(text: string, weakness: Weakness = {}): Promise<readonly Survivor[]> {
  const { loaded, findings } = readSpecText(text, 'acme.yaml')
  if (loaded === null) throw new Error(JSON.stringify(findings, null, 2))
  const compiled = compileSpec(loaded.spec, 'acme.yaml', {
    compileExpression,
    ...(weakness.createVerifier !== undefined && { createVerifier: weakness.createVerifier }),
  })
  const runner = createCaseRunner(compiled, { compileExpression, keyPool, ...weakness })
  const survivors: Survivor[] = []
  for (const example of loaded.spec.examples) {
    const prepared = await runner.prepare(example)
    const seen = await prepared.observe()
    const expected = example.expect.handshake === undefined ? 'accepted' : 'handshake'
    expect(seen.outcome.kind, `${example.name}: ${JSON.stringify(seen.outcome)}`).toBe(expected)
    const report = await runAttacks({ loaded, runner, prepared, seen, compileExpression })
    survivors.push(...(report?.survivors ?? []))
  }
  return survivors
}

// ---------------------------------------------------------------------------------------------------------- weakening

type Weaken = (
  context: VerifyContext,
  verify: (context: VerifyContext) => Promise<Verification>,
  about: { readonly alternatives: readonly Alternative[]; readonly parts: VerifierParts },
) => Promise<Verification>

/** A verifier around the genuine one. */
function around(weaken: Weaken): Weakness {
  return {
    createVerifier: (alternatives, parts) => {
      const genuine = createVerifier(alternatives, parts)
      const verify = async (context: VerifyContext): Promise<Verification> => genuine.verify(context)
      return { ...genuine, verify: (context) => weaken(context, verify, { alternatives, parts }) }
    },
  }
}

/** A verifier of clauses that are not quite those of the spec. */
function ofClauses(change: (alternative: Alternative) => Alternative): Weakness {
  return { createVerifier: (alternatives, parts) => createVerifier(alternatives.map(change), parts) }
}

function without(...names: (keyof Alternative)[]): Weakness {
  return ofClauses((alternative) => {
    const entries = Object.entries(alternative).filter(([name]) => !names.includes(name as keyof Alternative))
    return Object.fromEntries(entries) as unknown as Alternative
  })
}

/** Takes a refusal of these codes for an acceptance. */
function forgiving(...codes: RefusalCode[]): Weakness {
  return around(async (context, verify, { alternatives }) => {
    const verification = await verify(context)
    if (verification.kind === 'accepted' || !codes.includes(verification.code)) return verification
    return { kind: 'accepted', scheme: verification.scheme ?? nameOf(alternatives[0]!) }
  })
}

/** Verifies another request than the one that came. */
function reading(change: (request: InboundRequest) => InboundRequest): Weakness {
  return around((context, verify) => verify({ ...context, request: change(context.request) }))
}

/** Compares the proof that came with the right one in its own way, where they differ. */
function comparing(isEnough: (given: string, right: string) => boolean): Weakness {
  return around(async (context, verify, { alternatives }) => {
    const verification = await verify(context)
    const alternative = alternatives[0]!
    const { header = 'authorization' } = alternative.signature ?? {}
    const given = context.request.headers.get(header)
    if (verification.kind === 'accepted' || given === undefined) return verification
    const right = await createSigner(alternatives, { compileExpression })
      .sign({
        alternative: nameOf(alternative),
        request: context.request,
        secrets: context.secrets,
        now: context.now,
        viewOf: () => context.view,
      })
      .catch(() => null)
    if (right === null || !isEnough(given, right.headers.get(header)!)) return verification
    return { kind: 'accepted', scheme: nameOf(alternative) }
  })
}

function nameOf({ name, scheme }: Alternative): string {
  return name ?? scheme
}

function withHeaders(
  request: InboundRequest,
  change: (name: string, values: readonly string[]) => readonly string[],
): InboundRequest {
  const names = new Set([...request.headers.pairs()].map(([name]) => name))
  const raw = [...names].flatMap((name) => change(name, request.headers.all(name)).flatMap((value) => [name, value]))
  return { ...request, headers: new HeaderList(raw) }
}

// -------------------------------------------------------------------------------------------------------------- specs

function spec(
  verify: string,
  parts: { secrets?: string; rest?: string; example?: string; admits?: string } = {},
): string {
  const {
    secrets = 'secrets: { key: { where: there }, other: { where: there } }',
    rest = '',
    example = `request: { headers: { X-Id: "msg 1" }, body: '{"type":"a","id":"e-1","n":[1,2],"text":"hello"}' }`,
  } = parts
  return `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
${secrets}
verify:
${verify}
event: { type: body.type, dedupe: body.id }
match: [{ field: connection_config.account, equals: body.account }]
${rest}
examples:
  - name: one
    ${example}
    expect: {}
`
}

const TIMESTAMP = 'timestamp: { header: X-Time, unit: s }, tolerance: 5m'

/** One alternative of every scheme that signs a text. */
const SIGNING = [
  ...['md5', 'sha1', 'sha256', 'sha512'].flatMap((hash) => [
    { scheme: `hmac-${hash}`, signed: '{timestamp}.{body}', key: 'secret: key', isSymmetric: true },
    { scheme: `digest-${hash}`, signed: '{secret}{timestamp}{body}', key: 'secret: key', isSymmetric: true },
  ]),
  { scheme: 'ed25519', signed: '{timestamp}.{body}', key: 'secret: key, key: { encoding: hex }', isSymmetric: false },
  { scheme: 'ecdsa-sha256', signed: '{timestamp}.{body}', key: 'secret: key', isSymmetric: false },
  { scheme: 'rsa-sha1', signed: '{timestamp}.{body}', key: 'secret: key', isSymmetric: false },
  { scheme: 'rsa-sha256', signed: '{timestamp}.{body}', key: 'secret: key', isSymmetric: false },
  { scheme: 'rsa-sha512', signed: '{timestamp}.{body}', key: 'secret: key', isSymmetric: false },
].map(({ scheme, signed, key, isSymmetric }) => ({
  scheme,
  isSymmetric,
  text: spec(
    `  - { scheme: ${scheme}, ${key}, signature: { header: X-Signature, encoding: base64 }, signed: "${signed}", ${TIMESTAMP} }`,
    { secrets: 'secrets: { key: { where: there } }' },
  ),
}))

const hmac = (clauses: string): string =>
  `  - { scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, ${clauses} }`

const PLAIN = spec(hmac('signed: "{body}", does_not_cover: [time]'), { secrets: 'secrets: { key: { where: there } }' })

const TOKEN = spec('  - { scheme: token, secret: key, signature: { header: X-Token }, does_not_cover: [body, time] }', {
  secrets: 'secrets: { key: { where: there } }',
})

const ITEM_TOKENS = spec(
  '  - { scheme: token, secret: key, each: body.items, signature: { body: item.token }, does_not_cover: [body, time] }',
  {
    secrets: 'secrets: { key: { where: there } }',
    example: `request: { json: { type: a, items: [{ n: 1 }, { n: 2 }] } }`,
  },
)

const BASIC = spec('  - { scheme: basic, username: user, password: key, does_not_cover: [body, time] }', {
  secrets: 'secrets: { user: { where: there }, key: { where: there } }',
})

const JWT = spec(
  `  - scheme: jwt
    jwks: https://acme.example/keys
    algorithms: [RS256]
    signature: { header: Authorization, prefix: "Bearer " }
    claims: { iss: acme, aud: { expression: options.audience }, verified: true }
    body_hash: { claim: digest, digest: sha256, encoding: hex }`,
  { secrets: 'options: { audience: { where: there, required: true } }' },
)

const TWO = spec(`${hmac('signed: "{body}", does_not_cover: [time]')}
  - { scheme: token, secret: other, signature: { header: X-Token }, unless_configured: [key], does_not_cover: [body, time] }`)

const TWO_ALIKE = spec(
  `${hmac('signed: "{body}", does_not_cover: [time]')}
  - { scheme: hmac-sha1, secret: key, signature: { header: X-Old }, signed: "{body}", does_not_cover: [time] }`,
  {
    secrets: 'secrets: { key: { where: there } }',
  },
)

const ROTATED = spec(
  `  - { name: primary, scheme: hmac-sha256, secret: key, signature: { header: X-First }, signed: "{body}", does_not_cover: [time] }
  - { name: secondary, scheme: hmac-sha256, secret: other, signature: { header: X-Second }, signed: "{body}", equal_to: primary, does_not_cover: [time] }`,
)

const TOGETHER = spec(`  - scheme: hmac-sha256
    secret: key
    signature: { header: X-Signature }
    signed: "{body}"
    does_not_cover: [time]
    also: [{ scheme: token, secret: other, signature: { header: X-Token } }]`)

const CONNECTED = spec(
  `  - scheme: hmac-sha256
    secret: key
    connection: { field: connection_config.hook, equals: "headers.\`x-hook\`" }
    signature: { header: X-Signature }
    signed: "{header:x-hook}.{body}"
    does_not_cover: [time]`,
  {
    secrets: 'secrets: { key: { where: there, scope: connection } }',
    example: `given:
      secrets: {}
      connections:
        - { connection_id: a, connection_config: { hook: h-1 }, secrets: { key: the first of all } }
        - { connection_id: b, connection_config: { hook: h-2 }, secrets: { key: the second of all } }
    request: { headers: { X-Hook: h-1 }, json: { type: a, id: "1" } }`,
  },
)

const CARRIED = spec(
  `  - scheme: jwt
    secret: key
    algorithms: [HS256]
    signature: { whole_body: true }
    required_claims: [exp, sub]
    max_age: 1h`,
  {
    secrets: 'secrets: { key: { where: there } }',
    rest: 'body: jwt',
    example: `request: { json: { type: a, id: "e-1", sub: me } }`,
  },
)

const elsewhere = [
  { name: 'one of several header names', verify: hmacAt('{ header: X-Signature, aliases: [X-Old-Signature] }') },
  { name: 'numbered headers', verify: hmacAt('{ numbered_header: X-Signature- }') },
  { name: 'a query parameter', verify: hmacAt('{ query: sig }') },
  {
    name: 'a member of JSON in base64',
    verify: hmacAt('{ header: X-Signature, json: { signature: sig, key_id: kid }, json_encoding: base64 }'),
  },
  {
    name: 'one of several sets',
    verify: hmacAt('{ header: X-Signature, format: "s={signature}", group_separator: " " }'),
  },
  {
    name: 'a header that may have a prefix',
    verify: hmacAt('{ header: X-Signature, prefix: "sha256=", prefix_optional: true }'),
  },
  {
    name: 'a header that an option names',
    verify: hmacAt('{ header_option: header_name }'),
    secrets: 'options: { header_name: { where: there, default: X-Chosen } }\nsecrets: { key: { where: there } }',
  },
]

function hmacAt(place: string): string {
  return `  - { scheme: hmac-sha256, secret: key, signature: ${place}, signed: "{body}", does_not_cover: [time] }`
}

// -------------------------------------------------------------------------------------------------------------- tests

describe('the code as it is lets no attack through', () => {
  const specs = [
    ...SIGNING,
    { scheme: 'hmac, plain', text: PLAIN },
    { scheme: 'token', text: TOKEN },
    { scheme: 'tokens of items', text: ITEM_TOKENS },
    { scheme: 'basic', text: BASIC },
    { scheme: 'jwt', text: JWT },
    { scheme: 'two alternatives', text: TWO },
    { scheme: 'two alternatives of one secret', text: TWO_ALIKE },
  ]
  for (const { scheme, text } of specs) {
    test(scheme, async () => expect((await survivorsOf(text)).map((one) => one.attack)).toEqual([]))
  }
})

describe('wherever the proof stands', () => {
  for (const { name, verify, secrets = 'secrets: { key: { where: there } }' } of elsewhere) {
    test(`in ${name}: the code as it is lets no attack through, and what takes any signature is caught`, async () => {
      const text = spec(verify, { secrets })
      expect((await survivorsOf(text)).map((one) => one.attack)).toEqual([])
      const survived = (await survivorsOf(text, forgiving('signature_mismatch'))).map((one) => one.attack)
      expect(survived).toContain('signature of another secret')
      expect(survived).toContain('signature changed in the middle')
      const unsigned = (await survivorsOf(text, forgiving('signature_missing'))).map((one) => one.attack)
      expect(unsigned).toContain('signature missing')
    })
  }
})

interface Mutant {
  readonly name: string
  readonly text: string
  readonly weakness?: Weakness
  /** Attacks that must be among the survivors. */
  readonly caughtBy: readonly string[]
}

async function expectCaught({ text, weakness, caughtBy }: Mutant): Promise<void> {
  const survived = (await survivorsOf(text, weakness)).map((one) => one.attack)
  for (const attack of caughtBy) expect(survived).toContain(attack)
  expect(caughtBy).not.toEqual([])
}

describe('a weakened copy of each scheme that signs a text is caught when it', () => {
  for (const { scheme, text, isSymmetric } of SIGNING) {
    const mutants: Omit<Mutant, 'text'>[] = [
      {
        name: 'takes any signature',
        weakness: forgiving('signature_mismatch'),
        caughtBy: ['signature of another secret', 'the first byte of the body changed'],
      },
      {
        name: 'takes no signature for a right one',
        weakness: forgiving('signature_missing'),
        caughtBy: ['signature missing'],
      },
      {
        name: 'takes what cannot be decoded for a right one',
        weakness: forgiving('signature_malformed'),
        caughtBy: ['signature empty', 'signature with a blank in it'],
      },
      {
        name: 'does not look at the time',
        weakness: forgiving('signature_expired', 'signature_premature'),
        caughtBy: [
          'received a day later',
          'received a day early',
          'received just after its tolerance',
          'received just before its tolerance',
        ],
      },
      { name: 'does without a time', weakness: forgiving('timestamp_missing'), caughtBy: ['timestamp missing'] },
      {
        name: 'has ten times the tolerance',
        weakness: ofClauses((one) => ({ ...one, tolerance: '50m' })),
        caughtBy: ['received just after its tolerance'],
      },
      {
        name: 'takes the first of two headers',
        weakness: reading((request) => withHeaders(request, (_, values) => values.slice(0, 1))),
        caughtBy: ['signature sent twice, first right, then wrong'],
      },
      {
        name: 'takes the last of two headers',
        weakness: reading((request) => withHeaders(request, (_, values) => values.slice(-1))),
        caughtBy: ['signature sent twice, first wrong, then right'],
      },
      {
        name: 'verifies the body without the blanks around it',
        weakness: reading((request) => ({
          ...request,
          rawBody: Buffer.from(Buffer.from(request.rawBody).toString().trim()),
        })),
        caughtBy: ['a line break after the body', 'a blank before the body'],
      },
      {
        name: 'verifies the body written anew',
        weakness: reading((request) => ({ ...request, rawBody: rewritten(request.rawBody) })),
        caughtBy: ['the body written anew, indented', 'a character of a text written as an escape'],
      },
      ...(isSymmetric
        ? [
            {
              name: 'compares the first 8 characters',
              weakness: comparing((given, right) => given.slice(0, 8) === right.slice(0, 8)),
              caughtBy: ['signature changed in the middle', 'signature changed near its end'],
            },
            {
              name: 'compares as many characters as there are',
              weakness: comparing((given, right) => right.startsWith(given)),
              caughtBy: ['signature cut to its first 8 characters', 'signature empty'],
            },
            {
              name: 'compares whatever the case',
              weakness: comparing((given, right) => given.toLowerCase() === right.toLowerCase()),
              caughtBy: ['signature with upper and lower case exchanged'],
            },
            {
              name: 'looks for the right signature anywhere',
              weakness: comparing((given, right) => given.includes(right)),
              caughtBy: ['signature sent twice in one value, first right'],
            },
          ]
        : []),
    ]
    for (const mutant of mutants) test(`${scheme}: ${mutant.name}`, () => expectCaught({ ...mutant, text }))
  }
})

function rewritten(rawBody: Uint8Array): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(rawBody).toString())))
  } catch {
    return rawBody
  }
}

describe('what is signed beside the body is missed when it', () => {
  const mutants: Mutant[] = [
    {
      name: 'does not hold the time',
      text: spec(hmac(`signed: "{body}", ${TIMESTAMP}`)),
      caughtBy: ['sent again a day later with a fresh timestamp'],
    },
    {
      name: 'has the time of a composite signature unsigned',
      text: spec(
        '  - { scheme: hmac-sha256, secret: key, signature: { header: X-Signature, format: "t={timestamp},v1={signature}" }, signed: "{body}", timestamp: { part: timestamp, unit: s } }',
      ),
      caughtBy: ['sent again a day later with a fresh timestamp'],
    },
    {
      name: 'is verified without its version',
      text: spec(
        '  - { scheme: hmac-sha256, secret: key, signature: { header: X-Signature, format: "v1={signature}" }, signed: "{body}", does_not_cover: [time] }',
      ),
      weakness: reading((request) =>
        withHeaders(request, (name, values) =>
          name === 'x-signature' ? values.map((value) => value.replace(/^v\d/, 'v1')) : values,
        ),
      ),
      caughtBy: ['signature of another version'],
    },
    {
      name: 'is verified with the method that is usual',
      text: spec(hmac('signed: "{method}{body}", does_not_cover: [time]')),
      weakness: reading((request) => ({ ...request, method: 'POST' })),
      caughtBy: ['sent as PUT', 'sent as GET'],
    },
    {
      name: 'is verified with the URL without its query',
      text: spec(hmac('signed: "{url}{body}", does_not_cover: [time]')),
      weakness: reading((request) => ({ ...request, url: request.url.replace(/\?.*/, '') })),
      caughtBy: ['query parameter added'],
    },
    {
      name: 'is verified with the path alone',
      text: spec(hmac('signed: "{url}{body}", does_not_cover: [time]')),
      weakness: reading((request) => ({
        ...request,
        url: request.url.replace('attacker.example', 'hooks.example.com'),
      })),
      caughtBy: ['sent to another host'],
    },
    {
      name: 'is verified with the header that is usual',
      text: spec(hmac('signed: "{header:X-Id}{body}", does_not_cover: [time]')),
      weakness: reading((request) => withHeaders(request, (name, values) => (name === 'x-id' ? ['msg 1'] : values))),
      caughtBy: ['header x-id changed', 'header x-id empty', 'header x-id sent twice, first its own'],
    },
    {
      name: 'is a URL with a digest of the body that nobody compares',
      text: spec(
        hmac('signed: "{url}", body_hash: { query: digest, digest: sha256, encoding: hex }, does_not_cover: [time]'),
      ),
      weakness: without('body_hash'),
      caughtBy: ['the first byte of the body changed', 'no body'],
    },
    {
      name: 'is a form of which names and values cannot be told apart',
      text: spec(hmac('signed: "{sorted_form}", does_not_cover: [time]'), {
        rest: 'body: form',
        example: 'request: { form: { a: b, c: d } }',
      }),
      caughtBy: ['a field of the form made part of the one before it', 'a field of the form repeated'],
    },
  ]
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})

describe('a weakened token or password is caught when it', () => {
  const mutants: Mutant[] = [
    {
      name: 'may be any token',
      text: TOKEN,
      weakness: forgiving('token_mismatch'),
      caughtBy: ['token of another secret', 'token replaced by the word undefined'],
    },
    { name: 'may be missing', text: TOKEN, weakness: forgiving('signature_missing'), caughtBy: ['token missing'] },
    {
      name: 'is compared in its first 8 characters',
      text: TOKEN,
      weakness: comparing((given, right) => given.slice(0, 8) === right.slice(0, 8)),
      caughtBy: ['token changed in the middle', 'token cut to its first half'],
    },
    {
      name: 'is compared whatever the case',
      text: TOKEN,
      weakness: comparing((given, right) => given.toLowerCase() === right.toLowerCase()),
      caughtBy: ['token with upper and lower case exchanged'],
    },
    {
      name: 'may have more behind it',
      text: TOKEN,
      weakness: comparing((given, right) => given.startsWith(right)),
      caughtBy: ['token with something after it'],
    },
    {
      name: 'is looked for in the first item only',
      text: ITEM_TOKENS,
      weakness: around((context, verify) => verify({ ...context, view: firstItemOf(context) })),
      caughtBy: ['a second item without a token', 'a second item with a wrong token'],
    },
    {
      name: 'is looked for in no item',
      text: ITEM_TOKENS,
      weakness: forgiving('signature_missing'),
      caughtBy: ['a batch without items', 'token missing'],
    },
    {
      name: 'is a password that is not compared',
      text: BASIC,
      weakness: comparing((given, right) => userOf(given) === userOf(right)),
      caughtBy: ['password changed near its end'],
    },
    {
      name: 'is a user name that is not compared',
      text: BASIC,
      weakness: comparing((given, right) => passwordOf(given) === passwordOf(right)),
      caughtBy: ['password changed in its first character'],
    },
  ]
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})

function firstItemOf({ view }: VerifyContext): VerifyContext['view'] {
  const body = view.body as { items: unknown[] } | undefined
  return extendView(view, { body: { ...body, items: body?.items.slice(0, 1) } })
}

function userOf(header: string): string {
  return Buffer.from(header.slice(6), 'base64').toString().split(':')[0]!
}

function passwordOf(header: string): string {
  return Buffer.from(header.slice(6), 'base64').toString().split(':')[1] ?? ''
}

describe('a weakened JSON Web Token is caught when it', () => {
  const tokenOf = (context: VerifyContext): string => context.request.headers.get('authorization')?.slice(7) ?? ''
  const acceptIf = (isEnough: (token: string, context: VerifyContext) => boolean | Promise<boolean>): Weakness =>
    around(async (context, verify) => {
      const verification = await verify(context)
      if (verification.kind === 'accepted') return verification
      try {
        return (await isEnough(tokenOf(context), context)) ? { kind: 'accepted', scheme: 'jwt' } : verification
      } catch {
        return verification
      }
    })
  const mutants: Mutant[] = [
    {
      name: 'may be of the algorithm "none"',
      text: JWT,
      weakness: acceptIf((token) => decodeProtectedHeader(token).alg === 'none'),
      caughtBy: ['token of the algorithm "none"'],
    },
    {
      name: 'may be of an algorithm called "None"',
      text: JWT,
      weakness: acceptIf((token) => decodeProtectedHeader(token).alg?.toLowerCase() === 'none'),
      caughtBy: ['token of the algorithm "None"', 'token of the algorithm "nOnE"'],
    },
    {
      name: 'is verified with whatever algorithm it names',
      text: JWT,
      weakness: acceptIf(async (token, { keySets }) => {
        const [header, claims, signature] = token.split('.')
        const { keys } = await keySets.fetch('https://acme.example/keys')
        const pem = createPublicKey({ key: keys[0] as Record<string, string>, format: 'jwk' }).export({
          format: 'pem',
          type: 'spki',
        })
        return createHmac('sha256', pem).update(`${header}.${claims}`).digest('base64url') === signature
      }),
      caughtBy: ['token of HS256 with the public key as secret'],
    },
    {
      name: 'is not verified at all',
      text: JWT,
      weakness: acceptIf((token) => decodeJwt(token)['iss'] === 'acme'),
      caughtBy: ['token of another secret', 'token with another subject under the same signature'],
    },
    {
      name: 'may bring its own key',
      text: JWT,
      weakness: acceptIf((token) => decodeProtectedHeader(token).jwk !== undefined),
      caughtBy: ['token that brings its own key along'],
    },
    {
      name: 'may have any claims',
      text: JWT,
      weakness: without('claims'),
      caughtBy: [
        'token with another iss',
        'token with another aud',
        'token without the claim iss',
        'token with another verified',
      ],
    },
    {
      name: 'may lack a claim that must be true',
      text: JWT,
      weakness: ofClauses((one) => ({ ...one, claims: { iss: 'acme', aud: one.claims!['aud']! } })),
      caughtBy: ['token without the claim verified'],
    },
    {
      name: 'may be of another audience',
      text: JWT,
      weakness: ofClauses((one) => ({ ...one, claims: { iss: 'acme', verified: true } })),
      caughtBy: ['token with another aud'],
    },
    {
      name: 'may be of another issuer',
      text: JWT,
      weakness: forgiving('claim_mismatch'),
      caughtBy: ['token with another iss'],
    },
    {
      name: 'lives for ever',
      text: JWT,
      weakness: ofClauses((one) => ({ ...one, tolerance: '9999d' })),
      caughtBy: ['token that has expired', 'token that is not valid yet', 'received a day later'],
    },
    {
      name: 'has a digest of the body that nobody compares',
      text: JWT,
      weakness: without('body_hash'),
      caughtBy: ['the first byte of the body changed', 'token without the digest of the body'],
    },
    {
      name: 'may be of a key that is not published',
      text: JWT,
      weakness: around((context, verify) =>
        verify({
          ...context,
          keySets: {
            fetch: async (url) => ({
              keys: (await context.keySets.fetch(url)).keys.map((key) => ({ ...key, kid: kidOf(tokenOf(context)) })),
            }),
          },
        }),
      ),
      caughtBy: ['genuine token of a key that is not published'],
    },
    {
      name: 'may be of a stronger algorithm of the same key',
      text: JWT,
      weakness: ofClauses((one) => ({ ...one, algorithms: ['RS256', 'RS384'] })),
      caughtBy: ['genuine token of RS384, which is not accepted'],
    },
  ]
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})

function kidOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    return undefined
  }
}

describe('the policy between alternatives is missed when', () => {
  const eachByItself: Weakness = {
    createVerifier(alternatives, parts): Verifier {
      const verifiers = alternatives.map((one) => createVerifier([one], parts))
      return {
        ...createVerifier(alternatives, parts),
        async verify(context) {
          let last: Verification | undefined
          for (const verifier of verifiers) {
            last = await verifier.verify(context)
            if (last.kind === 'accepted') return last
          }
          return last!
        },
      }
    },
  }
  const mutants: Mutant[] = [
    {
      name: 'a weaker proof rescues a wrong stronger one',
      text: TWO_ALIKE,
      weakness: eachByItself,
      caughtBy: ['a wrong "hmac-sha256" beside a right "hmac-sha1"'],
    },
    {
      name: 'a weaker proof counts although the stronger is configured',
      text: TWO,
      weakness: without('unless_configured'),
      caughtBy: ['"token" alone although "hmac-sha256" is configured'],
    },
    {
      name: 'a request in the form of a handshake needs no proof',
      text:
        spec(
          `${hmac('signed: "{body}", does_not_cover: [time]')}
  - { scheme: unverified, reason: the handshake comes without a signature, when: $exists(query.challenge) }`,
          {
            secrets: 'secrets: { key: { where: there } }',
            rest: 'handshakes: [{ name: challenge, when: raw = "" and $exists(query.challenge), verified: false, because: nothing is configured yet, answer: { value: query.challenge } }]',
          },
        ) +
        '  - { name: two, request: { method: GET, query: challenge=x }, sign: false, expect: { handshake: challenge } }\n',
      caughtBy: ['an event without proof in the form of the handshake "challenge"'],
    },
  ]
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})

describe('several proofs and several secrets are missed when', () => {
  const mutants: Mutant[] = [
    {
      name: 'what must be there as well is not looked at',
      text: TOGETHER,
      weakness: without('also'),
      caughtBy: ['token that must be there as well missing', 'token that must be there as well changed in the middle'],
    },
    {
      name: 'one that is equal rescues a wrong one by being there',
      text: ROTATED,
      weakness: forgiving('signature_mismatch'),
      caughtBy: ['signature of another secret'],
    },
    {
      name: 'the secret of any connection will do',
      text: CONNECTED,
      weakness: around(async (context, verify) => {
        const given = await verify(context)
        const hooks = ['h-1', 'h-2'].map((hook) =>
          withHeaders(context.request, (name, values) => (name === 'x-hook' ? [hook] : values)),
        )
        for (const request of given.kind === 'accepted' ? [] : hooks) {
          const other = await verify({
            ...context,
            request,
            view: extendView(context.view, { headers: request.headers.record() }),
          })
          if (other.kind === 'accepted') return other
        }
        return given
      }),
      caughtBy: ['header x-hook changed', 'header x-hook empty'],
    },
    {
      name: 'a token need not have what must be there',
      text: CARRIED,
      weakness: without('required_claims'),
      caughtBy: ['token without the claim sub, which must be there'],
    },
    {
      name: 'a token may be of any age',
      text: CARRIED,
      weakness: without('max_age'),
      caughtBy: ['token that was issued long ago', 'token that was issued at no time'],
    },
  ]
  test('the code as it is lets no attack through', async () => {
    for (const text of [TOGETHER, ROTATED, CONNECTED, CARRIED]) {
      expect((await survivorsOf(text)).map((one) => one.attack)).toEqual([])
    }
  })
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})

describe('a handshake is answered wrongly when', () => {
  const HANDSHAKES = (clauses: string, request: string): string =>
    spec(hmac('signed: "{body}", does_not_cover: [time]'), {
      rest: `handshakes: [{ name: hello, when: $exists(query.challenge), verified: false, because: nothing is signed yet, ${clauses}, answer: { value: query.challenge } }]`,
    }) + `  - { name: two, ${request}, sign: false, expect: { handshake: hello } }\n`
  const TOKEN_ASKED = HANDSHAKES(
    'token: { secret: other, query: token }',
    'given: { secrets: { other: T0ken-Of-The-App } }, request: { method: GET, query: challenge=x&token=T0ken-Of-The-App }',
  )
  const CAPTURING = HANDSHAKES(
    'capture: { secret: key, from: "headers.`x-hook-secret`" }',
    'given: { secrets: {} }, request: { query: challenge=x, headers: { X-Hook-Secret: s3cret }, body: "" }',
  )
  const ofHandshakes = (change: (handshake: CompiledHandshake) => CompiledHandshake): Weakness => ({
    interpret: (input) => {
      const { spec } = input.integration
      const changed = { ...spec, handshakes: spec.handshakes.map(change) }
      return interpretRequest({ ...input, integration: { ...input.integration, spec: changed } })
    },
  })
  test('the code as it is answers none', async () => {
    expect((await survivorsOf(TOKEN_ASKED)).map((one) => one.attack)).toEqual([])
    expect((await survivorsOf(CAPTURING)).map((one) => one.attack)).toEqual([])
  })
  const mutants: Mutant[] = [
    {
      name: 'its token is not looked at',
      text: TOKEN_ASKED,
      weakness: ofHandshakes((one) => ({ ...one, token: null })),
      caughtBy: ['token of the handshake missing', 'token of the handshake replaced by another'],
    },
    {
      name: 'its token may be any',
      text: TOKEN_ASKED,
      weakness: ofHandshakes((one) => ({ ...one, token: one.token && { ...one.token, check: () => true } })),
      caughtBy: [
        'token of the handshake in another case',
        'token of the handshake sent twice, first right, then wrong',
      ],
    },
    {
      name: 'it replaces the secret that there is',
      text: CAPTURING,
      weakness: {
        interpret(input) {
          const isAsked = input.request.url.includes('challenge')
          const integration = isAsked ? { ...input.integration, secrets: new Map() } : input.integration
          return interpretRequest({ ...input, integration })
        },
      },
      caughtBy: ['a second key while there is one'],
    },
  ]
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})

describe('the rest of the way of a request is wrong when', () => {
  const TEXT_TOO = spec(hmac('signed: "{body}", does_not_cover: [time]'), { rest: 'body: [json, text]' })
  const mutants: Mutant[] = [
    {
      name: 'the content type says what the body is',
      text: TEXT_TOO,
      weakness: {
        interpret: (input) => {
          const isText = input.request.headers.get('content-type')?.startsWith('text/') === true
          const spec = { ...input.integration.spec, ...(isText && { bodyKinds: [{ kind: 'text' } as const] }) }
          return interpretRequest({ ...input, integration: { ...input.integration, spec } })
        },
      },
      caughtBy: ['said to be text/plain'],
    },
    {
      name: 'the content type decides whether anything is verified',
      text: PLAIN,
      weakness: around(async (context, verify) =>
        context.request.headers.get('content-type') === 'application/json'
          ? verify(context)
          : { kind: 'accepted', scheme: 'hmac-sha256' },
      ),
      caughtBy: ['a byte of the body changed, said to be text/plain', 'signature missing, said to be text/plain'],
    },
    {
      name: 'only what comes by POST is verified',
      text: PLAIN,
      weakness: around(async (context, verify) =>
        context.request.method === 'POST' ? verify(context) : { kind: 'accepted', scheme: 'hmac-sha256' },
      ),
      caughtBy: ['signature missing, sent as PUT', 'signature missing, sent as HEAD'],
    },
    {
      name: 'only what has a body is verified',
      text: PLAIN,
      weakness: around(async (context, verify) =>
        context.request.rawBody.length > 0 ? verify(context) : { kind: 'accepted', scheme: 'hmac-sha256' },
      ),
      caughtBy: ['signature missing, without a body', 'no body'],
    },
    {
      name: 'secrets of the body are not removed',
      text: spec(hmac('signed: "{body}", does_not_cover: [time]'), {
        rest: 'strip: [body.token]',
        example: `request: { body: '{"type":"a","id":"e-1","token":"s3cret-of-the-body"}' }`,
      }),
      weakness: {
        interpret: (input) =>
          interpretRequest({
            ...input,
            integration: { ...input.integration, spec: { ...input.integration.spec, strip: [] } },
          }),
      },
      caughtBy: [
        'the secret member token',
        'the secret member token under an escaped name',
        'the secret member token twice',
      ],
    },
    {
      name: 'a copy counts as a new event',
      text: spec(hmac(`signed: "{timestamp}{body}", ${TIMESTAMP}`)).replace('dedupe: body.id', 'dedupe: body.id & now'),
      caughtBy: ['sent again a second later'],
    },
    {
      name: 'a header that nobody signs names the connection',
      text: spec(hmac('signed: "{body}", does_not_cover: [time]'))
        .replace('equals: body.account', 'equals: headers.`x-id`')
        .replace(
          '    request:',
          '    given: { connections: [{ connection_id: c, connection_config: { account: msg 1 } }] }\n    request:',
        ),
      caughtBy: ['header x-id changed', 'header x-id missing'],
    },
    {
      name: 'a parameter that nobody signs names the connection',
      text: spec(hmac('signed: "{body}", does_not_cover: [time]'))
        .replace(
          '{ field: connection_config.account, equals: body.account }',
          '{ field: connection_id, equals: query.who }',
        )
        .replace('    request:', '    given: { connections: [{ connection_id: c }] }\n    request:'),
      caughtBy: ['query parameter who added'],
    },
    {
      name: 'the method says what happened',
      text: spec(hmac('signed: "{body}", does_not_cover: [time]')).replace('type: body.type', 'type: method'),
      caughtBy: ['sent as PUT', 'sent as GET'],
    },
  ]
  for (const mutant of mutants) test(mutant.name, () => expectCaught(mutant))
})
