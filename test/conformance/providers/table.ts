/**
 * Every entry of the suite. A provider stands here as soon as it has a spec and there is a package to judge it by.
 *
 * Left out with reasons: jose for Microsoft Teams and Gmail, because our own code verifies tokens with it and would judge itself;
 * packages that only work online (eBay, Bot Framework), that serve whole requests and export no verifier (Zoom, Twitch), that bring
 * a web server or abandoned libraries along (Slack, Viber, Coinbase Commerce), or that want a newer Node than we do (Shopify).
 */
import { BODY_SIGNATURES } from './body-signatures.ts'
import { BOX } from './box.ts'
import { BRAINTREE } from './braintree.ts'
import type { Conformity } from './conformity.ts'
import { KEYS_AND_TOKENS } from './keys-and-tokens.ts'
import { SINCH } from './sinch.ts'
import { STANDARD_WEBHOOKS } from './standard-webhooks.ts'
import { TIMED_SIGNATURES } from './timed-signatures.ts'
import { URL_SIGNATURES } from './url-signatures.ts'

export const CONFORMITIES: readonly Conformity[] = [
  ...STANDARD_WEBHOOKS,
  ...BODY_SIGNATURES,
  ...TIMED_SIGNATURES,
  ...BOX,
  ...BRAINTREE,
  ...SINCH,
  ...URL_SIGNATURES,
  ...KEYS_AND_TOKENS,
]
