/**
 * The same check for every item of a batch, each of which brings its own proof. One item that fails refuses the request, and so does
 * one without proof, or an empty batch: what is not proven item by item is not proven.
 */
import type { MaybePromise } from '../domain/expression.ts'
import { readDataPath } from './data-path.ts'
import type { PlaceContext } from './place.ts'
import { type Acceptance, type Finding, refuse, type SecretOwners } from './scheme.ts'
import type { VerifyContext } from './verifier.ts'
import { extendView } from './view.ts'

/** Items of one request, of which each may cost a signature. */
const MAX_ITEMS = 10_000

const MISSING = refuse('signature_missing', 'An item of the batch does not carry its proof.')
const EMPTY = refuse('signature_missing', 'The batch is empty, so nothing carries a proof.')
const TOO_MANY = refuse('signature_ambiguous', `The batch has more than ${MAX_ITEMS} items.`)

/** `absent` where the body has no such array. */
export function checkEachItem(
  each: string,
  checkOne: (context: VerifyContext, place: PlaceContext) => MaybePromise<Finding>,
): (context: VerifyContext) => MaybePromise<Finding> {
  const checkItems = async (context: VerifyContext, items: readonly unknown[]): Promise<Finding> => {
    if (items.length > MAX_ITEMS) return TOO_MANY
    let accepted: Acceptance | undefined
    for (const item of items) {
      const checking = checkOne(context, { request: context.request, view: extendView(context.view, { item }) })
      const finding = checking instanceof Promise ? await checking : checking
      if (finding === 'absent') return MISSING
      if (finding.kind === 'refused') return finding
      accepted = accepted === undefined ? finding : together(accepted, finding)
    }
    return accepted ?? EMPTY
  }
  return (context) => {
    const items = readDataPath(context.view.body, each)
    return Array.isArray(items) ? checkItems(context, items) : 'absent'
  }
}

/** What two items prove. Where one of them is of the integration's own secret, no connection owns the request. */
function together(first: Acceptance, next: Acceptance): Acceptance {
  const { connections: before, ...rest } = first
  if (before === undefined || next.connections === undefined) return rest
  const union: SecretOwners = {
    field: before.field,
    values: [...new Set([...before.values, ...next.connections.values])],
    ids: [...new Set([...before.ids, ...next.connections.ids])],
  }
  return { ...rest, connections: union }
}
