/** The forwards that would leave the gateway for an accepted request: planned, and their bodies built, by the gateway's own code. */
import { parseLossless } from '../../domain/json-text.ts'
import type { Ids } from '../../domain/ids.ts'
import { forwardBody } from '../../engine/forward/body.ts'
import { forwardedHeaders } from '../../engine/forward/headers.ts'
import { planDeliveries } from '../../engine/forward/plan.ts'
import type { Interpretation } from '../../engine/receive/interpret.ts'
import type { IntegrationSettings } from '../../engine/settings.ts'
import type { SeenForward } from './observation.ts'

/** In the order in which they are planned. Throws when a body cannot be built, which the gateway would try in vain for days. */
export function forwardsOf(
  integration: IntegrationSettings,
  meaning: Interpretation & { readonly kind: 'accepted' },
  ids: Ids,
): SeenForward[] {
  const { events, connections, payload } = meaning
  const named = { integration: integration.key, provider: integration.spec.provider }
  return planDeliveries({ integration, events, connections, ids }).map((delivery) => {
    const body = forwardBody({ ...delivery, ...named, payload })
    if (body === null) throw new Error('a forward has no body: the items of its events cannot be found in the payload')
    const text = Buffer.from(body.bytes).toString('utf8')
    const payloadText = delivery.body === 'raw' ? text : embeddedPayload(text)
    // Text that is no JSON stands in the envelope as a JSON string; what is meant by its bytes is the text itself.
    const isJson = payload.kind === 'json' || delivery.body === 'wrapped'
    const value = isJson ? valueOf(payloadText) : payloadText
    return {
      connection: delivery.connectionId,
      headers: { ...forwardedHeaders(payload.headers, {}), 'content-type': body.contentType },
      payload: value,
      payloadText: payload.kind === 'text' && typeof value === 'string' ? value : payloadText,
    }
  })
}

const MEMBER = ',"payload":'

/** The payload is the envelope's last member; no name before it can hold an unescaped quotation mark. */
function embeddedPayload(envelope: string): string {
  return envelope.slice(envelope.indexOf(MEMBER) + MEMBER.length, -1)
}

function valueOf(text: string): unknown {
  const parsed = parseLossless(text)
  return parsed.ok ? parsed.value : text
}
