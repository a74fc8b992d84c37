/**
 * Handshakes: requests that ask us to prove we own the URL. One whose condition holds is answered at once and is never an event. It may
 * ask for a token first, bring a secret that is to be kept, or name a URL that has to be visited; keeping and visiting are left to
 * whoever runs this.
 *
 * | the handshake                              | what follows                                                              |
 * |--------------------------------------------|---------------------------------------------------------------------------|
 * | its `when` does not hold, or fails         | the next one                                                              |
 * | it captures a secret that is not there     | the next one                                                              |
 * | `replace: never`, and a secret is kept     | the next one, so that the request has to be verified like any other       |
 * | its token is missing or wrong              | refused                                                                   |
 * | anything else                              | answered                                                                  |
 */
import { type CompiledExpression, isTruthy, type MaybePromise, type RequestView } from '../../domain/expression.ts'
import type { ConnectionId } from '../../domain/ids.ts'
import { Secret } from '../../domain/secret.ts'
import type { InboundRequest } from '../../domain/request.ts'
import type { Verification } from '../../domain/verification.ts'
import type { CompiledAnswer, CompiledCapture, CompiledHandshake } from '../../spec/compiled-spec.ts'
import type { ConnectionSecrets } from '../../verify/verifier.ts'
import type { ConnectionDirectory } from '../ports.ts'
import type { IntegrationSettings } from '../settings.ts'

export interface HandshakeInput {
  readonly integration: IntegrationSettings
  readonly request: InboundRequest
  readonly view: RequestView
  readonly directory: ConnectionDirectory
  readonly connectionSecrets?: ConnectionSecrets | undefined
  /** Remarks are added here. */
  readonly problems: string[]
}

/** A secret that a provider has sent, to be kept for the requests that follow. Whoever keeps it must not overwrite another. */
export interface CapturedSecret {
  readonly name: string
  readonly value: Secret
  /** The connection whose secret it is; undefined for the integration's. */
  readonly connection: ConnectionId | undefined
}

export type HandshakeDecision =
  | {
      readonly kind: 'answer'
      readonly handshake: CompiledHandshake
      readonly captured: CapturedSecret | undefined
      /** A URL on a pinned host that is to be visited by one guarded GET. */
      readonly confirm: string | undefined
    }
  | {
      readonly kind: 'refuse'
      readonly verification: Verification & { readonly kind: 'refused' }
      /** Null leaves it to the answer for refused requests. */
      readonly answer: CompiledAnswer | null
    }

const MAX_CAPTURED_LENGTH = 4_096

/** The first handshake of this sort that applies; null where none does, and at once where every condition can be told at once. */
export function findHandshake(input: HandshakeInput, verified: boolean): MaybePromise<HandshakeDecision | null> {
  const { handshakes } = input.integration.spec
  for (let at = 0; at < handshakes.length; at += 1) {
    const { isVerified, when } = handshakes[at]!
    if (isVerified !== verified) continue
    const condition = when.evaluate(input.view)
    if (condition instanceof Promise || !condition.ok || isTruthy(condition.value)) return tryFrom(at, input, verified)
  }
  return null
}

/** The same from one handshake on, whatever it takes. */
async function tryFrom(from: number, input: HandshakeInput, verified: boolean): Promise<HandshakeDecision | null> {
  for (const handshake of input.integration.spec.handshakes.slice(from)) {
    if (handshake.isVerified !== verified) continue
    const remark = (text: string): void => void input.problems.push(`handshake ${handshake.name}: ${text}`)
    const condition = await handshake.when.evaluate(input.view)
    if (!condition.ok) remark(condition.detail)
    if (!condition.ok || !isTruthy(condition.value)) continue
    const refusal = await judgeToken(handshake, input)
    if (refusal !== null) return refusal
    const captured = handshake.capture === null ? undefined : await capture(handshake.capture, input, remark)
    if (captured === 'none') continue
    const confirm = handshake.confirm === null ? undefined : await urlToConfirm(handshake.confirm, input, remark)
    return { kind: 'answer', handshake, captured: captured === 'kept' ? undefined : captured, confirm }
  }
  return null
}

async function judgeToken(
  { name, token }: CompiledHandshake,
  { integration, request, view }: HandshakeInput,
): Promise<(HandshakeDecision & { kind: 'refuse' }) | null> {
  if (token === null) return null
  const refuse = (code: 'secret_missing' | 'signature_missing' | 'token_mismatch', detail: string) =>
    ({
      kind: 'refuse',
      verification: { kind: 'refused', code, scheme: name, detail },
      answer: token.otherwise,
    }) as const
  const secrets = integration.secrets.get(token.secret) ?? []
  if (secrets.length === 0) return refuse('secret_missing', `No secret is configured as ${token.secret}.`)
  const isRight = await token.check({ request, view }, secrets)
  if (isRight === 'absent') return refuse('signature_missing', 'The token of the handshake is missing.')
  return isRight ? null : refuse('token_mismatch', `The token of the handshake is no live ${token.secret}.`)
}

/** The secret; `kept` where there is one already and the handshake is answered all the same; `none` where it does not apply. */
async function capture(
  rule: CompiledCapture,
  input: HandshakeInput,
  remark: (text: string) => void,
): Promise<CapturedSecret | 'kept' | 'none'> {
  const text = await evaluateText(rule.from, input.view, remark)
  if (text === undefined || text === '' || text.length > MAX_CAPTURED_LENGTH) return 'none'
  let connection: ConnectionId | undefined
  let isSet = (input.integration.secrets.get(rule.secret) ?? []).length > 0
  if (rule.scope === 'connection') {
    const owner = await connectionOf(rule, input, remark)
    if (owner === undefined) return 'none'
    connection = owner.id
    isSet = owner.hasSecret
  }
  if (!isSet) return { name: rule.secret, value: new Secret(text), connection }
  remark(`there is a ${rule.secret} already, and it was not replaced`)
  return rule.replace === 'never' ? 'none' : 'kept'
}

/** The one connection that a captured secret is for, and whether it has one. */
async function connectionOf(
  { connection: hint, secret }: CompiledCapture,
  { integration, view, directory, connectionSecrets }: HandshakeInput,
  remark: (text: string) => void,
): Promise<{ readonly id: ConnectionId; readonly hasSecret: boolean } | undefined> {
  const value = hint === null ? undefined : await evaluateText(hint.equals, view, remark)
  if (hint === null || value === undefined || value === '') return undefined
  const query = { field: hint.field, values: [value] }
  const found = await directory.findConnections({ integration: integration.key, ...query }, 2)
  if (found.length !== 1) {
    remark(`${found.length === 0 ? 'no' : 'more than one'} connection is meant by ${hint.field}`)
    return undefined
  }
  const id = found[0]!.connectionId
  const secrets = (await connectionSecrets?.find({ ...query, name: secret })) ?? []
  return { id, hasSecret: secrets.some((one) => one.connectionId === id && one.secrets.length > 0) }
}

async function urlToConfirm(
  { url, rule }: NonNullable<CompiledHandshake['confirm']>,
  { view, integration }: HandshakeInput,
  remark: (text: string) => void,
): Promise<string | undefined> {
  const text = await evaluateText(url, view, remark)
  const allowed = text === undefined ? undefined : rule(text, integration.options)
  if (allowed === undefined) remark('the URL to confirm is not one that the spec allows, and is not visited')
  return allowed
}

async function evaluateText(
  expression: CompiledExpression,
  view: RequestView,
  remark: (text: string) => void,
): Promise<string | undefined> {
  const result = await expression.evaluate(view)
  if (!result.ok) remark(result.detail)
  const value = result.ok ? result.value : undefined
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}
