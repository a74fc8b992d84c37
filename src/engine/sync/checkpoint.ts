/** What the next run continues from: computed page by page, and committed only when the whole run has succeeded. */
import type { JsonValue } from '../../domain/connection.ts'
import type { SyncView } from '../../domain/expression.ts'
import type { Checkpoint } from '../../domain/sync.ts'
import type { CompiledSync } from '../../spec/compiled-sync.ts'
import { ok, type Outcome } from './failure.ts'
import { evaluate } from './request.ts'

/** The checkpoint after this page. A maximum never goes back; what an expression does not find stays as it was. */
export async function advanceCheckpoint(
  declaration: CompiledSync,
  pending: Checkpoint,
  view: SyncView,
): Promise<Outcome<Checkpoint>> {
  if (declaration.checkpoint.length === 0) return ok(pending)
  const next: Checkpoint = { ...pending }
  for (const { name, value, isMaximum } of declaration.checkpoint) {
    const found = await evaluate(value, view)
    if (!found.ok) return found
    if (found.value === undefined || found.value === null) continue
    const reached = isMaximum ? largest([pending[name], found.value].flat()) : (found.value as JsonValue)
    if (reached !== undefined) next[name] = reached
  }
  return ok(next)
}

/** Of numbers, or of texts by code unit, which is right for ISO dates in one zone. Texts win where both occur. */
function largest(values: readonly unknown[]): string | number | undefined {
  let best: string | number | undefined
  for (const value of values) {
    if (typeof value !== 'string' && typeof value !== 'number') continue
    if (best === undefined || (typeof value === typeof best ? value > best : typeof value === 'string')) best = value
  }
  return best
}
