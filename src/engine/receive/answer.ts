/** Answers to providers: fixed by the spec, or computed from the request. */
import type { MaybePromise, RequestView } from '../../domain/expression.ts'
import type { Secret } from '../../domain/secret.ts'
import type { CompiledAnswer } from '../../spec/compiled-spec.ts'

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The spec fixes it: this very object answers many requests. */
  readonly isConstant?: true
  /** Why the answer is not the one the spec meant; absent when it is. */
  readonly problem?: string
}

/** What a computed answer echoes is the caller's text: it stays short, and no browser may take it for a page. */
const MAX_COMPUTED_LENGTH = 16_384
const MAX_HEADER_LENGTH = 4_096

type Secrets = (name: string) => readonly Secret[]

/**
 * Never throws. An answer that cannot be computed becomes an empty 500, so that the provider does not take it for a success. One
 * that the spec fixes is there at once, and always the same object.
 */
export function makeAnswer(answer: CompiledAnswer, view: RequestView, secrets?: Secrets): MaybePromise<HttpAnswer> {
  if (answer.body.kind === 'fixed' && answer.computedHeaders.length === 0) return fixedAnswer(answer, answer.body)
  return computeAnswer(answer, view, secrets)
}

const fixed = new WeakMap<CompiledAnswer, HttpAnswer>()

function fixedAnswer(answer: CompiledAnswer, body: CompiledAnswer['body'] & { kind: 'fixed' }): HttpAnswer {
  let made = fixed.get(answer)
  if (made === undefined) {
    const headers = withContentType(answer.headers, body)
    made = { status: answer.status, headers, body: body.text, isConstant: true }
    fixed.set(answer, made)
  }
  return made
}

function withContentType(
  headers: Readonly<Record<string, string>>,
  { contentType }: CompiledAnswer['body'] & { kind: 'fixed' },
): Readonly<Record<string, string>> {
  if (contentType === null || headers['content-type'] !== undefined) return headers
  return { ...headers, 'content-type': contentType }
}

async function computeAnswer(answer: CompiledAnswer, view: RequestView, secrets?: Secrets): Promise<HttpAnswer> {
  const { status, body } = answer
  const extra = secrets === undefined ? undefined : { secrets }
  const headers = answer.computedHeaders.length === 0 ? answer.headers : await computeHeaders(answer, view, extra)
  if (typeof headers === 'string') return failed(headers)
  if (body.kind === 'fixed') return { status, headers: withContentType(headers, body), body: body.text }
  const result = await body.value.evaluate(view, extra)
  if (!result.ok) return failed(`the answer could not be computed: ${result.detail}`)
  if (result.value === undefined) return failed('the expression of the answer found nothing')
  const { value } = result
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length > MAX_COMPUTED_LENGTH)
    return failed(`the answer has ${text.length} characters, more than ${MAX_COMPUTED_LENGTH}`)
  return {
    status,
    headers: {
      'content-type': typeof value === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: text,
  }
}

/** All headers; one whose expression finds nothing is left out. A text says what went wrong. */
async function computeHeaders(
  { headers: fixed, computedHeaders }: CompiledAnswer,
  view: RequestView,
  extra: { secrets: Secrets } | undefined,
): Promise<Record<string, string> | string> {
  const headers: Record<string, string> = { ...fixed }
  for (const { name, value } of computedHeaders) {
    const result = await value.evaluate(view, extra)
    if (!result.ok) return `the header ${name} could not be computed: ${result.detail}`
    if (result.value === undefined) continue
    const text = typeof result.value === 'number' ? String(result.value) : result.value
    // Visible ASCII and blanks between: a line break would begin another header.
    if (
      typeof text !== 'string' ||
      text.length > MAX_HEADER_LENGTH ||
      !/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text)
    ) {
      return `what the header ${name} should hold cannot stand in a header`
    }
    headers[name] = text
  }
  return headers
}

function failed(problem: string): HttpAnswer {
  return { status: 500, headers: {}, body: '', problem }
}
