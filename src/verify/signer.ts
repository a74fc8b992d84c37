/**
 * The inverse of verification: makes a request carry the proof that an alternative of the spec expects, in exactly its form. The
 * spec-runner signs examples with it and `postern trigger` signs what it sends; the gateway itself never needs it. That a signature
 * made here is the provider's is proven by published vectors and by the providers' own packages, not by verifying it.
 */
import { isTruthy, type RequestView } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../domain/request.ts'
import type { Secret } from '../domain/secret.ts'
import { readDataPath, readMember } from './data-path.ts'
import { readFields, readQuery, valuesOf } from './form.ts'
import { MAX_NUMBERED } from './place.ts'
import { nameOf } from './scheme.ts'
import { isSigningScheme } from './schemes/catalog.ts'
import { decodeToken } from './schemes/unverified-token.ts'
import { signatureSourceOf } from './signature-source.ts'
import type { ConnectionSecrets, ExpressionCompiler } from './verifier.ts'
import type { KeyRing } from './key-ring.ts'
import { jsonIn, memberPath, unsignable } from './signing/request-edit.ts'
import { signText } from './signing/sign-text.ts'
import { signingSecret } from './signing/signing-secret.ts'
import { signWithBasic, signWithJwt, signWithSharedToken } from './signing/sign-token.ts'

export interface SignInput {
  /** Name of the alternative; by default the first that proves something, applies to the request and has its keys. */
  readonly alternative?: string | undefined
  readonly request: InboundRequest
  /** As the verifier is given them; the first of a name signs. */
  readonly secrets: (name: string) => readonly Secret[]
  /** The same, for the connection that the request says it belongs to. */
  readonly connectionSecrets?: ConnectionSecrets | undefined
  /** ms since the epoch; becomes the timestamp where the request has none. */
  readonly now: number
  /** Needed for the schemes whose keys come in pairs. */
  readonly keyRing?: KeyRing | undefined
  /** What expressions see of a request: of the given one, and of what signing makes of it. */
  readonly viewOf: (request: InboundRequest) => RequestView
}

export interface Signer {
  /** A new request that carries the proof. Rejects with `usage_invalid`, saying what is missing, where none can be made. */
  sign(input: SignInput): Promise<InboundRequest>
}

export function createSigner(
  alternatives: readonly Alternative[],
  parts: { readonly compileExpression: ExpressionCompiler },
): Signer {
  const { compileExpression } = parts
  const signAs = async (alternative: Alternative, input: SignInput): Promise<InboundRequest> => {
    const { scheme } = alternative
    if (isSigningScheme(scheme)) return signText(alternative, scheme, input, compileExpression)
    if (scheme === 'jwt') return signWithJwt(alternative, input, compileExpression)
    if (scheme === 'token') return signWithSharedToken(alternative, input, compileExpression)
    return scheme === 'basic' ? signWithBasic(alternative, input) : input.request
  }
  return {
    async sign(input) {
      const alternative = await chooseAlternative(alternatives, input, compileExpression)
      let { request } = input
      // What the request must carry as well may stand in what is signed.
      for (const other of alternative.also ?? []) {
        if (await isReady(other, { ...input, request }, compileExpression)) {
          request = await signAs(other, { ...input, request })
        }
      }
      return signAs(alternative, { ...input, request })
    },
  }
}

/** Whether the request carries something where one of the alternatives looks for its proof. */
export function hasSignature(alternatives: readonly Alternative[], request: InboundRequest): boolean {
  return alternatives.some((alternative) => {
    const source = signatureSourceOf(alternative)
    if (source === undefined) return false
    const { header, aliases = [], numbered_header: numbered, query, form } = source
    if (header !== undefined) return [header, ...aliases].some((name) => request.headers.has(name))
    if (numbered !== undefined) {
      return Array.from({ length: MAX_NUMBERED }, (_, at) => `${numbered}${at + 1}`).some((name) =>
        request.headers.has(name),
      )
    }
    if (query !== undefined) return valuesOf(readQuery(request.url), query).length > 0
    if (form !== undefined) return valuesOf(readFields(request.rawBody), form).length > 0
    if (source.whole_body === true) return decodeToken(Buffer.from(request.rawBody).toString('latin1')) !== undefined
    return hasBodySignature(alternative, source.body ?? '', request)
  })
}

/** Only plain paths can be seen without the expression language; what is computed counts as not there. */
function hasBodySignature(alternative: Alternative, expression: string, request: InboundRequest): boolean {
  const body = jsonIn(request.rawBody)?.value
  const path = memberPath(expression, alternative.each === undefined ? 'body' : 'item')
  if (path === undefined) return false
  const holders = alternative.each === undefined ? body : readDataPath(body, alternative.each)
  return (Array.isArray(holders) ? (holders as unknown[]) : [holders]).some(
    (holder) => readMember(holder, path) !== undefined,
  )
}

async function chooseAlternative(
  alternatives: readonly Alternative[],
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<Alternative> {
  const isConfigured = (name: string): boolean => input.secrets(name).length > 0
  const named = alternatives.filter((one) => input.alternative === undefined || nameOf(one) === input.alternative)
  let ready: Alternative | undefined
  for (const alternative of named) {
    if (alternative.scheme === 'unverified' && input.alternative === undefined) continue
    const { unless_configured: unless = [], when } = alternative
    if (unless.some(isConfigured)) continue
    if (!(await isReady(alternative, input, compileExpression))) continue
    if (when === undefined) return alternative
    const result = await compileExpression(when).evaluate(input.viewOf(input.request))
    if (result.ok && isTruthy(result.value)) return alternative
    ready ??= alternative
  }
  // One that is asked for by name may come to apply only by what signing adds, such as a digest in the query.
  if (ready !== undefined && input.alternative !== undefined) return ready
  throw unsignable(
    named.length === 0
      ? `the spec has no alternative "${input.alternative}"`
      : 'no alternative applies to it and has its secrets configured',
  )
}

/** Whether the keys are there that the alternative signs with. */
async function isReady(
  alternative: Alternative,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<boolean> {
  const { secret, username, password } = alternative
  if (input.keyRing?.privateKey(alternative) !== undefined) return true
  const names = [secret, username, password].filter((name) => name !== undefined)
  if (names.every((name) => input.secrets(name).length > 0)) return true
  if (alternative.connection === undefined || input.connectionSecrets === undefined) return false
  // Of a token only its claims tell the connection, and they are made when it is signed.
  return alternative.scheme === 'jwt' || (await signingSecret(alternative, input, compileExpression)) !== undefined
}
