/**
 * Turns a validated spec into what the engine runs. Nothing is decided here that the linter has not seen: a spec with errors never
 * comes this far.
 */
import { parseDuration } from '../domain/duration.ts'
import type { Alternative, Answer, EventRules, Handshake, ProviderSpec } from '../domain/provider-spec.gen.ts'
import { isForwardable } from '../domain/forwardable.ts'
import { createVerifier } from '../verify/create-verifier.ts'
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
  body: { kind: 'fixed', contentType: 'application/json', text: '{"status":"success"}' },
}

const DEFAULT_REFUSAL: CompiledAnswer = {
  status: 401,
  headers: {},
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
    strip: (document.strip ?? []).map(stripPath),
    forwardHeaders: (document.forward?.headers ?? []).map((name) => name.toLowerCase()).filter(isForwardable),
    forwardQuery: document.forward?.query ?? [],
    answers: [
      ...(document.answers ?? []).map((rule) => ({
        when: rule.when === undefined ? null : compile(rule.when),
        answer: compileAnswer(rule.answer, 200, compile),
      })),
      { when: null, answer: DEFAULT_ANSWER },
    ],
    refusedAnswer: document.refused === undefined ? DEFAULT_REFUSAL : compileAnswer(document.refused, 401, compile),
  }
}

function compileHandshake(handshake: Handshake, compile: ExpressionCompiler): CompiledHandshake {
  return {
    name: handshake.name,
    when: compile(handshake.when),
    isVerified: handshake.verified ?? true,
    answer: compileAnswer(handshake.answer, 200, compile),
  }
}

function compileEventRules(rules: EventRules, compile: ExpressionCompiler): CompiledEventRules {
  return {
    batchPath: rules.each === undefined ? null : rules.each.split('.').slice(1),
    type: compile(rules.type),
    dedupe: rules.dedupe === undefined ? null : compile(rules.dedupe),
    dedupeWindowMs: rules.dedupe_window === undefined ? null : parseDuration(rules.dedupe_window),
    time: rules.time === undefined ? null : { value: compile(rules.time.value), unit: rules.time.unit },
    skip: rules.skip === undefined ? null : compile(rules.skip),
  }
}

function compileAnswer(answer: Answer, defaultStatus: number, compile: ExpressionCompiler): CompiledAnswer {
  const status = answer.status ?? defaultStatus
  const headers = Object.fromEntries(
    Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  if (answer.value !== undefined) return { status, headers, body: { kind: 'computed', value: compile(answer.value) } }
  if (answer.json !== undefined) {
    return {
      status,
      headers,
      body: { kind: 'fixed', contentType: 'application/json', text: JSON.stringify(answer.json) },
    }
  }
  const text = answer.text ?? ''
  return {
    status,
    headers,
    body: { kind: 'fixed', contentType: text === '' ? null : 'text/plain; charset=utf-8', text },
  }
}

/** `body.value[].clientState` → `['value', '[]', 'clientState']` */
function stripPath(path: string): readonly string[] {
  return path.slice('body'.length).match(/\[\]|[^.[\]]+/g) ?? []
}
