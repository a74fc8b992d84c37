/**
 * A provider's API that answers from an example: the recorded answers in their order, each to the request it was recorded for. A request
 * that was not expected, and an answer that nobody asked for, are mismatches.
 */
import type { SyncExample } from '../../../domain/provider-spec.gen.ts'
import type { ApiAnswer, ApiCall, ApiClient } from '../../../engine/sync/ports/api-client.ts'

export interface RecordedApi extends ApiClient {
  /** By place in the example's `answers`. */
  readonly mismatches: { readonly at: number; readonly expected: unknown; readonly seen: unknown }[]
  /** Answers that nobody has asked for. */
  unused(): readonly number[]
}

export function createRecordedApi(answers: SyncExample['answers']): RecordedApi {
  const mismatches: RecordedApi['mismatches'] = []
  let next = 0
  return {
    mismatches,
    unused: () => answers.flatMap((_answer, at) => (at >= next ? [at] : [])),
    call(call) {
      const at = next
      const recorded = answers[at]
      next += 1
      const seen = `${call.method} ${call.url}`
      if (recorded === undefined) {
        mismatches.push({ at, expected: undefined, seen })
        return Promise.resolve(refusal)
      }
      if (recorded.request !== undefined && comparable(recorded.request) !== comparable(seen))
        mismatches.push({ at, expected: recorded.request, seen })
      return Promise.resolve(answerOf(recorded, call))
    },
  }
}

/** Invalid for good, so that nothing is tried again. */
const refusal: ApiAnswer = {
  kind: 'unanswered',
  reason: 'invalid_url',
  detail: 'the example has no answer for this request',
  durationMs: 0,
}

/** Method and URL with the query in order of its names. */
function comparable(request: string): string {
  const [method = '', target = ''] = request.split(' ')
  if (!URL.canParse(target)) return request
  const url = new URL(target)
  url.searchParams.sort()
  return `${method} ${url.href}`
}

function answerOf(recorded: SyncExample['answers'][number], call: ApiCall): ApiAnswer {
  const text = recorded.text ?? (recorded.json === undefined ? '' : JSON.stringify(recorded.json))
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const [name, value] of Object.entries(recorded.headers ?? {})) headers[name.toLowerCase()] = value
  const body = Buffer.from(text)
  return {
    kind: 'answered',
    status: recorded.status ?? 200,
    headers,
    body: body.subarray(0, call.maxBytes),
    isCut: body.length > call.maxBytes,
    durationMs: 0,
  }
}
