/**
 * The headers of a forward that do not depend on the attempt: the provider's that may pass, and over them the operator's static ones.
 * What the spec lets through was chosen when the request was received; it is checked here once more, at the last gate, because it has
 * lain in the store since.
 */
import { isForwardable } from '../../domain/forwardable.ts'

/** The gateway's own header that carries the query parameters a spec lets pass. */
export const QUERY_HEADER = 'postern-query'

/** The framing and the signatures are ours alone; his own credentials for the app the operator may well add. */
const NEVER_ADDED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
  'x-nango-hmac-sha256',
  'x-nango-signature',
  QUERY_HEADER,
])

/** Under this a provider's signature header goes that is called like one of ours, as with providers that use Standard Webhooks. */
const PROVIDER_PREFIX = 'postern-provider-'

/**
 * The headers that a provider signs with, for a receiver that verifies them itself: only those its spec names, and of these none that
 * is a credential or says how the message is framed.
 */
export function signatureHeaders(
  received: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of names) {
    const value = received[name]
    if (value === undefined || value === '[secret]') continue
    if (isForwardable(name) || isContentDigest(name)) headers[name] = value
    else if (name.startsWith('webhook-')) headers[PROVIDER_PREFIX + name] = value
  }
  return headers
}

function isContentDigest(name: string): boolean {
  return name.startsWith('content-') && !NEVER_ADDED.has(name)
}

/** Names in lower case, so that the operator's header replaces the provider's of the same name however it is written. */
export function forwardedHeaders(
  provider: Readonly<Record<string, string>>,
  operator: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(provider)) {
    const lower = name.toLowerCase()
    if (mayPass(lower)) headers[lower] = value
  }
  for (const [name, value] of Object.entries(operator)) {
    const lower = name.toLowerCase()
    if (!NEVER_ADDED.has(lower)) headers[lower] = value
  }
  return headers
}

const judged = new Map<string, boolean>()
const MAX_JUDGED = 1_000

/** The names are those of the specs, so there are few, and each is judged once. */
function mayPass(name: string): boolean {
  let answer = judged.get(name)
  if (answer === undefined) {
    answer = name === QUERY_HEADER || isForwardable(name)
    if (judged.size < MAX_JUDGED) judged.set(name, answer)
  }
  return answer
}
