/**
 * Of a provider that signs nothing the protection is the token in the URL. It is checked before anything else, by the code around
 * what the other attacks go through, so here that code runs too: the receiving of the gateway, with a store that keeps nothing.
 */
import { createIds } from '../../../domain/ids.ts'
import { Secret } from '../../../domain/secret.ts'
import { createReceive, type ReceiveRequest } from '../../../engine/receive/receive.ts'
import type { Settings } from '../../../engine/settings.ts'
import type { Target } from './attack.ts'

/** What became of it: the code of the refusal, or null when it was taken. */
export interface TokenTrial {
  readonly name: string
  readonly isAccepted: boolean
  readonly isRight: boolean
}

const TOKEN = 'an-ingress-token-of-the-spec-runner'

/** Tries the request with the right token and with others; only the right one may be taken. */
export async function tryIngressTokens(target: Target): Promise<TokenTrial[]> {
  const trials: readonly (readonly [name: string, token: string | null])[] = [
    ['the right ingress token', TOKEN],
    ['no ingress token', null],
    ['an empty ingress token', ''],
    ['another ingress token', 'another-ingress-token-of-the-runner'],
    ['the beginning of the ingress token', TOKEN.slice(0, -1)],
    ['the ingress token and more', `${TOKEN}0`],
    ['the ingress token in capitals', TOKEN.toUpperCase()],
  ]
  const results: TokenTrial[] = []
  for (const [name, token] of trials) {
    results.push({ name, isRight: token === TOKEN, isAccepted: await isAccepted(target, token) })
  }
  return results
}

async function isAccepted({ prepared, request, now, spec }: Target, ingressToken: string | null): Promise<boolean> {
  const url = new URL(request.url)
  let accepted = false
  const receive = createTrialGateway(prepared, url.origin, now, () => (accepted = true))
  await receive({
    integrationKey: spec.provider,
    ingressToken,
    method: request.method,
    target: request.url.slice(url.origin.length),
    host: url.host,
    rawHeaders: [...request.headers.pairs()].flat(),
    rawBody: Buffer.from(request.rawBody),
    remoteAddress: null,
    startedAt: now,
  })
  return accepted
}

function createTrialGateway(
  { integration, directory, ready }: Target['prepared'],
  publicUrl: string,
  now: number,
  onAccepted: () => void,
): ReceiveRequest {
  const settings: Settings = {
    integrations: new Map([[integration.key, { ...integration, ingressTokens: [new Secret(TOKEN)] }]]),
    destinations: new Map(),
    publicUrl,
    signingSecrets: [],
    retrySchedule: { delaysMs: [], jitter: 0, maxRetryAfterMs: 0 },
    maxBodyBytes: Number.MAX_SAFE_INTEGER,
  }
  const nothing = (): void => {}
  return createReceive({
    settings: { current: () => settings },
    store: {
      findConnections: (query, limit) => directory.findConnections(query, limit),
      assertRoom: nothing,
      async acceptRequest() {
        onAccepted()
        return { duplicates: new Set(), stored: [] }
      },
      recordRefusal: nothing,
      recordHandshake: onAccepted,
    },
    handOff: { hasRoom: () => false, offer: nothing, kick: nothing, leaseMs: () => 0 },
    keySets: ready.keySets,
    keyring: {
      secretsOf: ({ secrets }) => secrets,
      connectionSecrets: () => ready.connectionSecrets,
      keep: () => Promise.resolve(true),
    },
    confirm: nothing,
    clock: { now: () => now, after: () => ({ cancel: nothing }) },
    ids: createIds({ now: () => now, randomBytes: (size) => new Uint8Array(size) }),
    journal: { record: nothing, warn: nothing, error: nothing },
  })
}
