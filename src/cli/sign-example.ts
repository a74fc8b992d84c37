/**
 * An example as its provider would send it now, to this integration: addressed to its URL, with the present time where the spec looks
 * for one, and signed with the integration's own secrets by the inverse of the verifier (`verify/signer.ts`; a second implementation
 * of signing here would prove nothing).
 *
 * An example that is meant to be refused goes out as it stands in the spec, because its fault is the point of it.
 */
import { GatewayError } from '../domain/errors.ts'
import type { Example } from '../domain/provider-spec.gen.ts'
import { HeaderList, type InboundRequest } from '../domain/request.ts'
import type { IntegrationSettings } from '../engine/settings.ts'
import { decodeBody } from '../spec/body.ts'
import { createRequestView } from '../spec/request-view.ts'
import { compilePlace, type Place } from '../verify/place.ts'
import { isRefusal } from '../verify/scheme.ts'
import { createSigner, hasSignature } from '../verify/signer.ts'
import { signatureSourceOf } from '../verify/signature-source.ts'
import { memberPath, withValue } from '../verify/signing/request-edit.ts'
import { formatTime } from '../verify/timestamp.ts'
import type { ExpressionCompiler } from '../verify/verifier.ts'
import { isAccepted, slugOf } from './examples.ts'
import { exampleRequest } from './spec-test/example-request.ts'

export interface SignExampleInput {
  readonly integration: IntegrationSettings
  readonly example: Example
  /** Scheme, host and path under which the provider calls the integration. */
  readonly url: string
  /** ms since the epoch */
  readonly now: number
  readonly compileExpression: ExpressionCompiler
}

/** Rejects with `usage_invalid` where nobody but the provider could sign it, or a secret is missing. */
export async function signExample(input: SignExampleInput): Promise<InboundRequest> {
  const { integration, example, url } = input
  const { document } = integration.spec
  const recorded = exampleRequest(document, example, url)
  if (!isAccepted(example)) {
    const isComplete = example.sign === false || hasSignature(document.verify, recorded)
    return isComplete ? recorded : await sign(recorded, input).catch(() => recorded)
  }
  if (example.sign === false || isUnsignedHandshake(input)) return recorded
  const fresh = refresh(recorded, input)
  try {
    return await sign(fresh, input)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (integration.spec.verifier.isUnverified) return fresh // the ingress token in the URL is its proof
    throw new GatewayError({
      code: 'usage_invalid',
      message: `${document.provider}/${slugOf(example.name)} cannot be signed for the integration "${integration.key}". ${error.message}`,
      hint: 'See with `postern doctor` which secrets it lacks. What a provider signs with a private key of its own, only the provider can send.',
      cause: error,
    })
  }
}

/** Tries the alternative that the example is about first, because that is the way its provider signs; then any that can be used. */
async function sign(
  request: InboundRequest,
  { integration, example, now, compileExpression }: SignExampleInput,
): Promise<InboundRequest> {
  const { spec, secrets, options } = integration
  const signer = createSigner(spec.document.verify, { compileExpression })
  const signAs = (alternative: string | undefined): Promise<InboundRequest> =>
    signer.sign({
      alternative,
      request,
      secrets: (name) => secrets.get(name) ?? [],
      now,
      viewOf: (seen) =>
        createRequestView({ request: seen, decode: () => decodeBody(spec.bodyKinds, seen.rawBody), options, now }),
    })
  const named = typeof example.sign === 'string' ? example.sign : example.expect.scheme
  if (named === undefined) return signAs(undefined)
  return signAs(named).catch(() => signAs(undefined))
}

function isUnsignedHandshake({ integration, example }: SignExampleInput): boolean {
  const { handshake } = example.expect
  return integration.spec.handshakes.some(({ name, isVerified }) => name === handshake && !isVerified)
}

/** Takes recorded signatures out and puts the present time where a recorded one stands; the signer adds what is missing. */
function refresh(recorded: InboundRequest, { integration, now, compileExpression }: SignExampleInput): InboundRequest {
  let request = recorded
  for (const alternative of integration.spec.document.verify) {
    const { header } = signatureSourceOf(alternative) ?? {}
    if (header !== undefined) request = withoutHeader(request, header)
  }
  for (const { timestamp } of integration.spec.document.verify) {
    if (timestamp === undefined || !standsIn(request, timestamp, integration, compileExpression)) continue
    const time = formatTime(now, timestamp.unit)
    const isNumber = timestamp.body !== undefined && (timestamp.unit === 's' || timestamp.unit === 'ms')
    request = withValue(request, timestamp, isNumber ? Number(time) : time)
  }
  return request
}

/** Whether there is a value that can be replaced; one that an expression computes cannot. */
function standsIn(
  request: InboundRequest,
  place: Place,
  integration: IntegrationSettings,
  compileExpression: ExpressionCompiler,
): boolean {
  if (place.body !== undefined && memberPath(place.body, 'body') === undefined) return false
  const { spec, options } = integration
  const view = createRequestView({
    request,
    decode: () => decodeBody(spec.bodyKinds, request.rawBody),
    options,
    now: 0,
  })
  const located = compilePlace(place, compileExpression)?.({ request, view })
  return located !== undefined && !(located instanceof Promise) && !isRefusal(located)
}

function withoutHeader(request: InboundRequest, name: string): InboundRequest {
  const kept = [...request.headers.pairs()].filter(([other]) => other !== name.toLowerCase())
  return { ...request, headers: new HeaderList(kept.flat()) }
}
