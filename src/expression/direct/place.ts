/** Where a node stands, as far as that decides how it is compiled. */
import type { Node } from '../syntax.ts'
import type { Step } from './run.ts'

export interface Place {
  /** The context is the scope itself, and not an item inside a filter. */
  readonly isScope: boolean
  /** The slots of the variables that can be seen. */
  readonly variables: ReadonlyMap<string, number>
  /** The first slot that nobody uses who could still be read. */
  readonly nextSlot: number
}

/** Compiles any node; null where it cannot. */
export type Compile = (node: Node | undefined, place: Place) => Step | null

/** The place after this variable is bound, and its slot. */
export function withVariable(place: Place, name: string): { readonly place: Place; readonly slot: number } {
  const slot = place.nextSlot
  return { slot, place: { ...place, variables: new Map(place.variables).set(name, slot), nextSlot: slot + 1 } }
}

/** The work of running a node once, where it is run again and again: one for every five nodes or so. */
export function workOf(node: Node): number {
  return 1 + (JSON.stringify(node).length >>> 9)
}
