/** Every function that we add to JSONata, and the names of its own. */
import { DIGEST_FUNCTIONS } from './digests.ts'
import { ENCODING_FUNCTIONS } from './encodings.ts'
import type { ExpressionFunction } from './function.ts'
import { PAIR_FUNCTIONS } from './pairs.ts'
import { URL_FUNCTIONS } from './urls.ts'
import { VALUE_FUNCTIONS } from './values.ts'

/** By name. `base64encode` and `base64decode` stand in for JSONata's, which know Latin-1 and let anything pass. */
export const ADDED_FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map(
  [...DIGEST_FUNCTIONS, ...ENCODING_FUNCTIONS, ...URL_FUNCTIONS, ...PAIR_FUNCTIONS, ...VALUE_FUNCTIONS].map((added) => [
    added.name,
    added,
  ]),
)

/** JSONata's own functions, with the fewest arguments of those that take the context in the place of a missing first one. */
export const JSONATA_FUNCTIONS: ReadonlyMap<string, { readonly contextBelow: number }> = new Map(
  Object.entries({
    ...without(
      0,
      'sum count max min average join map zip filter single reduce append exists merge reverse error assert',
    ),
    ...without(0, 'type sort distinct now millis'),
    ...without(1, 'string lowercase uppercase length trim number floor ceil round abs sqrt boolean not keys spread'),
    ...without(
      1,
      'base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone',
    ),
    ...without(2, 'substring substringBefore substringAfter pad match contains split formatNumber formatInteger'),
    ...without(2, 'parseInteger power lookup each sift'),
    ...without(1, 'formatBase'),
    ...without(3, 'replace'),
  }),
)

/** What JSONata has and we refuse, with the reason. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  eval: 'it would run text of the payload',
  random: 'the same request must always give the same result',
  shuffle: 'the same request must always give the same result',
}

function without(contextBelow: number, names: string): Record<string, { contextBelow: number }> {
  return Object.fromEntries(names.split(' ').map((name) => [name, { contextBelow }]))
}
