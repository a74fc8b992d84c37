/**
 * Why a request was refused, for the person who has to mend it: what each alternative of the spec says by itself, and which of the
 * usual mistakes would explain it. A mistake is never guessed from looks; it is named only when the request verifies with that one
 * thing put right. The signature that was expected is never shown, here or anywhere.
 */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import { Secret } from '../../domain/secret.ts'
import type { Verification } from '../../domain/verification.ts'
import { decodeBody } from '../../spec/body.ts'
import { createRequestView } from '../../spec/request-view.ts'
import { createVerifier } from '../../verify/create-verifier.ts'
import { fingerprintOf } from '../../verify/fingerprint.ts'
import type { ExpressionCompiler, KeySets } from '../../verify/verifier.ts'
import type { IntegrationSettings } from '../settings.ts'

export interface DiagnoseInput {
  readonly integration: IntegrationSettings
  readonly request: InboundRequest
  /** Time of receipt, ms since the epoch. */
  readonly now: number
  readonly keySets: KeySets
  readonly compileExpression: ExpressionCompiler
}

export interface Diagnosis {
  /** What the spec as a whole decided. */
  readonly verification: Verification
  /** What each alternative says when it is asked alone, in their order. */
  readonly alternatives: readonly AlternativeVerdict[]
  /** Live secrets, so that one can be told from another without being shown. */
  readonly secrets: readonly { readonly name: string; readonly fingerprint: string }[]
  /** Null where the request verifies, or none of the usual mistakes explains it. */
  readonly mistake: Mistake | null
}

export interface AlternativeVerdict {
  readonly name: string
  readonly outcome: 'accepted' | Extract<Verification, { kind: 'refused' }>['code']
  readonly detail: string | null
}

export interface Mistake {
  readonly code:
    | 'stale_clock'
    | 'secret_whitespace'
    | 'secret_prefix'
    | 'secret_encoding'
    | 'body_newline'
    | 'body_line_endings'
    | 'body_reserialized'
    | 'public_url'
  readonly message: string
  readonly hint: string
}

/** One thing put right, and what it says about the request when that makes it verify. */
interface Remedy extends Mistake {
  readonly request?: InboundRequest
  readonly secrets?: (secret: Secret) => Secret
  readonly alternative?: (alternative: Alternative) => Alternative
}

export async function diagnose(input: DiagnoseInput): Promise<Diagnosis> {
  const { integration } = input
  const { document } = integration.spec
  const verification = await verifyWith(input, document.verify, {})
  const alternatives: AlternativeVerdict[] = []
  for (const alternative of document.verify) {
    const verdict = await verifyWith(input, [alternative], {})
    alternatives.push({
      name: alternative.name ?? alternative.scheme,
      outcome: verdict.kind === 'accepted' ? 'accepted' : verdict.code,
      detail: verdict.kind === 'accepted' ? null : verdict.detail,
    })
  }
  const secrets = [...integration.secrets].flatMap(([name, live]) =>
    live.map((secret) => ({ name, fingerprint: fingerprintOf(secret) })),
  )
  return { verification, alternatives, secrets, mistake: await findMistake(input, verification) }
}

async function findMistake(input: DiagnoseInput, verification: Verification): Promise<Mistake | null> {
  if (verification.kind === 'accepted') return null
  const { code, clockSkewMs } = verification
  if (code === 'signature_expired' || code === 'signature_premature') {
    const seconds = Math.round(Math.abs(clockSkewMs ?? 0) / 1000)
    return {
      code: 'stale_clock',
      message: `The signature is right, but its timestamp is ${seconds} s ${code === 'signature_expired' ? 'old' : 'ahead of our clock'}.`,
      hint: 'Check the clock of this machine, and whether the request was held up or sent again by something in between.',
    }
  }
  if (
    code !== 'signature_mismatch' &&
    code !== 'body_hash_mismatch' &&
    code !== 'token_mismatch' &&
    code !== 'key_invalid'
  )
    return null
  for (const remedy of remediesOf(input)) {
    const { code: mistake, message, hint } = remedy
    const verdict = await verifyWith(input, input.integration.spec.document.verify, remedy)
    // A right signature that is too old or too early was still made with this remedy.
    const isExplained =
      verdict.kind === 'accepted' || verdict.code === 'signature_expired' || verdict.code === 'signature_premature'
    if (isExplained) return { code: mistake, message, hint }
  }
  return null
}

function remediesOf({ request }: DiagnoseInput): Remedy[] {
  return [...secretRemedies(), ...bodyRemedies(request), ...urlRemedies(request)]
}

function secretRemedies(): Remedy[] {
  const remedies: Remedy[] = [
    {
      code: 'secret_whitespace',
      message: 'It verifies with the blank or line break around the configured secret removed.',
      hint: 'Configure the secret without it; `echo -n` and `${file:…}` of a file without a last line break help.',
      secrets: (secret) => new Secret(secret.reveal().trim()),
    },
    {
      code: 'secret_prefix',
      message: 'It verifies with the prefix of the configured secret taken off.',
      hint: 'Configure the secret without its prefix.',
      secrets: (secret) => new Secret(secret.reveal().replace(/^[a-z0-9]{2,12}_/i, '')),
    },
  ]
  for (const encoding of ['utf8', 'hex', 'base64'] as const) {
    remedies.push({
      code: 'secret_encoding',
      message: `It verifies with the secret read as ${encoding === 'utf8' ? 'plain text' : encoding}.`,
      hint: 'The spec reads it another way: the secret may belong to another product of the provider, or was decoded before it was configured.',
      alternative: (alternative) => ({ ...alternative, key: { ...alternative.key, encoding } }),
    })
  }
  return remedies
}

function bodyRemedies(request: InboundRequest): Remedy[] {
  const text = Buffer.from(request.rawBody).toString('utf8')
  const withBody = (body: string): InboundRequest => ({ ...request, rawBody: Buffer.from(body, 'utf8') })
  const remedies: Remedy[] = []
  const add = (code: Mistake['code'], body: string, message: string, hint: string): void => {
    if (body !== text) remedies.push({ code, message, hint, request: withBody(body) })
  }
  const between =
    'Something between the provider and the gateway changes the body; let it pass the bytes through untouched.'
  add('body_newline', text.replace(/\r?\n$/, ''), 'It verifies without the line break at the end of the body.', between)
  add('body_newline', `${text}\n`, 'It verifies with a line break at the end of the body.', between)
  add('body_line_endings', text.replaceAll('\r\n', '\n'), 'It verifies with LF instead of CR LF in the body.', between)
  add('body_line_endings', text.replace(/\r?\n/g, '\r\n'), 'It verifies with CR LF instead of LF in the body.', between)
  const parsed = parseJson(text)
  if (parsed !== undefined) {
    const message = 'It verifies with the body written anew, so what arrived was parsed and serialised on its way.'
    add('body_reserialized', JSON.stringify(parsed), message, between)
    add('body_reserialized', JSON.stringify(parsed, null, 2), message, between)
    add('body_reserialized', JSON.stringify(parsed, null, 4), message, between)
    add('body_reserialized', spaced(JSON.stringify(parsed)), message, between)
    add('body_reserialized', JSON.stringify(parsed).replaceAll('/', '\\/'), message, between)
  }
  return remedies
}

function urlRemedies(request: InboundRequest): Remedy[] {
  const url = new URL(request.url)
  const host = request.headers.get('host')
  const candidates = new Set<string>()
  for (const protocol of ['https:', 'http:']) {
    for (const authority of [url.host, url.hostname, host, request.headers.get('x-forwarded-host')]) {
      if (authority === undefined || authority === '') continue
      for (const path of [url.pathname, url.pathname.replace(/\/$/, ''), `${url.pathname.replace(/\/$/, '')}/`]) {
        for (const query of [url.search, '']) candidates.add(`${protocol}//${authority}${path}${query}`)
      }
    }
  }
  candidates.delete(request.url)
  return [...candidates].map((candidate) => ({
    code: 'public_url',
    message: `It verifies as a request to ${candidate.split('?')[0]!}.`,
    hint: 'Set server.public_url to the scheme and host that the provider calls, and give the provider exactly the URL it signs.',
    request: { ...request, url: candidate },
  }))
}

async function verifyWith(
  input: DiagnoseInput,
  alternatives: readonly Alternative[],
  remedy: Partial<Remedy>,
): Promise<Verification> {
  const { integration, now, keySets, compileExpression } = input
  const request = remedy.request ?? input.request
  const { spec, options } = integration
  let decoded: ReturnType<typeof decodeBody> | undefined
  const view = createRequestView({
    request,
    decode: () => (decoded ??= decodeBody(spec.bodyKinds, request.rawBody)),
    options,
    now,
  })
  const changed = remedy.alternative === undefined ? alternatives : alternatives.map(remedy.alternative)
  try {
    return await createVerifier(changed, { compileExpression }).verify({
      request,
      view,
      secrets: (name) => {
        const live = integration.secrets.get(name) ?? []
        return remedy.secrets === undefined ? live : live.map(remedy.secrets)
      },
      now,
      keySets,
    })
  } catch {
    // A changed clause that its scheme does not take explains nothing.
    return { kind: 'refused', code: 'scheme_not_applicable', detail: 'the alternative cannot be read that way' }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** As Python's `json.dumps` writes it: a blank after each comma and colon that stands outside strings. */
function spaced(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|[,:]/g, (part) => (part === ',' ? ', ' : part === ':' ? ': ' : part))
}
