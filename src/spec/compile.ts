/**
 * Turns a validated spec into what the engine runs. Nothing is decided here that the linter has not seen: a spec with errors never
 * comes this far.
 */
import { parseDuration } from '../domain/duration.ts'
import { GatewayError } from '../domain/errors.ts'
import type { CompiledExpression } from '../domain/expression.ts'
import type { Alternative, Answer, EventRules, Handshake, ProviderSpec } from '../domain/provider-spec.gen.ts'
import { isForwardable } from '../domain/forwardable.ts'
import { createVerifier } from '../verify/create-verifier.ts'
import { compileTokenCheck } from '../verify/handshake-token.ts'
import { compileUrlRule } from '../verify/hosts.ts'
import type { ExpressionCompiler, Verifier } from '../verify/verifier.ts'
import { bodyKindsOf } from './body.ts'
import type { CompiledAnswer, CompiledEventRules, CompiledHandshake, CompiledSpec } from './compiled-spec.ts'

export interface CompileDeps {
  readonly compileExpression: ExpressionCompiler
  /** Makes the verifier; the spec-runner passes one that knows its throwaway keys. */
  readonly createVerifier?: (
    alternatives: readonly Alternative[],
    deps: { compileExpression: ExpressionCompiler },
  ) => Verifier
}

const DEFAULT_ANSWER: CompiledAnswer = {
  status: 200,
  headers: {},
  computedHeaders: [],
  body: { kind: 'fixed', contentType: 'application/json', text: '{"status":"success"}' },
}

const DEFAULT_REFUSAL: CompiledAnswer = {
  status: 401,
  headers: {},
  computedHeaders: [],
  body: {
    kind: 'fixed',
    contentType: 'application/json',
    text: '{"error":{"code":"request_refused","message":"The request was refused."}}',
  },
}

export function compileSpec(document: ProviderSpec, file: string, deps: CompileDeps): CompiledSpec {
  const compile = deps.compileExpression
  const makeVerifier = deps.createVerifier ?? createVerifier
  return {
    provider: document.provider,
    name: document.name,
    file,
    document,
    bodyKinds: bodyKindsOf(document.body),
    verifier: makeVerifier(document.verify, { compileExpression: compile }),
    handshakes: (document.handshakes ?? []).map((handshake) => compileHandshake(handshake, compile)),
    event: compileEventRules(document.event, compile),
    match: (document.match ?? []).map((rule) => ({
      field: rule.field,
      equals: compile(rule.equals),
      when: rule.when === undefined ? null : compile(rule.when),
    })),
    strip: (document.strip ?? []).map(pathOf),
    forwardHeaders: (document.forward?.headers ?? []).map((name) => name.toLowerCase()).filter(isForwardable),
    forwardQuery: document.forward?.query ?? [],
    answers: [
      ...(document.answers ?? []).map((rule) => ({
        when: rule.when === undefined ? null : compile(rule.when),
        answer: compileAnswer(rule.answer, 200, compile),
      })),
      { when: null, answer: DEFAULT_ANSWER },
    ],
    refusals: (document.refusals ?? []).map(({ codes, answer }) => ({
      codes: new Set<string>(codes),
      answer: compileAnswer(answer, 401, compile),
    })),
    refusedAnswer: document.refused === undefined ? DEFAULT_REFUSAL : compileAnswer(document.refused, 401, compile),
  }
}

function compileHandshake(handshake: Handshake, compile: ExpressionCompiler): CompiledHandshake {
  return {
    name: handshake.name,
    when: compile(handshake.when),
    isVerified: handshake.verified ?? true,
    token: compileToken(handshake, compile),
    capture: compileCapture(handshake, compile),
    confirm:
      handshake.confirm === undefined
        ? null
        : { url: compile(handshake.confirm.url), rule: compileUrlRule(handshake.confirm) },
    answer: compileAnswer(handshake.answer, 200, compile),
  }
}

function compileToken({ name, token, otherwise }: Handshake, compile: ExpressionCompiler): CompiledHandshake['token'] {
  if (token === undefined) return null
  const check = compileTokenCheck(token, compile)
  if (check === undefined) {
    throw new GatewayError({
      code: 'spec_invalid',
      message: `handshake "${name}": the token needs exactly one of header, query, form, body`,
      hint: 'Say where the token stands.',
    })
  }
  return {
    secret: token.secret,
    check,
    otherwise: otherwise === undefined ? null : compileAnswer(otherwise, 401, compile),
  }
}

function compileCapture({ capture }: Handshake, compile: ExpressionCompiler): CompiledHandshake['capture'] {
  if (capture === undefined) return null
  const { connection } = capture
  return {
    secret: capture.secret,
    from: compile(capture.from),
    scope: capture.scope ?? 'integration',
    connection: connection === undefined ? null : { field: connection.field, equals: compile(connection.equals) },
    replace: capture.replace ?? 'never',
  }
}

function compileEventRules(rules: EventRules, compile: ExpressionCompiler): CompiledEventRules {
  return {
    batchPath: rules.each === undefined ? null : pathOf(rules.each),
    type: compile(rules.type),
    dedupe: rules.dedupe === undefined ? null : compile(rules.dedupe),
    dedupeWindowMs: rules.dedupe_window === undefined ? null : parseDuration(rules.dedupe_window),
    time: rules.time === undefined ? null : { value: compile(rules.time.value), unit: rules.time.unit },
    skip: rules.skip === undefined ? null : compile(rules.skip),
  }
}

function compileAnswer(answer: Answer, defaultStatus: number, compile: ExpressionCompiler): CompiledAnswer {
  const headers: Record<string, string> = {}
  const computedHeaders: { name: string; value: CompiledExpression }[] = []
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value
    else computedHeaders.push({ name: name.toLowerCase(), value: compile(value.expression) })
  }
  const common = { status: answer.status ?? defaultStatus, headers, computedHeaders }
  if (answer.value !== undefined) return { ...common, body: { kind: 'computed', value: compile(answer.value) } }
  if (answer.json !== undefined) {
    const text = JSON.stringify(answer.json)
    return { ...common, body: { kind: 'fixed', contentType: 'application/json', text } }
  }
  const text = answer.text ?? ''
  return {
    ...common,
    body: { kind: 'fixed', contentType: text === '' ? null : 'text/plain; charset=utf-8', text },
  }
}

/** `body.value[].clientState` → `['value', '[]', 'clientState']` */
function pathOf(path: string): readonly string[] {
  return path.slice('body'.length).match(/\[\]|[^.[\]]+/g) ?? []
}
