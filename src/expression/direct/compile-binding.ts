/**
 * Compiles variables: those that a block binds one after the other, and the parameters of a function that is written where `$map` or
 * `$filter` takes it. Such a function runs there and nowhere else, so that every variable has its slot before anything runs.
 */
import { isPairs, type Node } from '../syntax.ts'
import { type Compile, type Place, withVariable, workOf } from './place.ts'
import type { Run, Step } from './run.ts'
import { isTrue } from './values.ts'

/** The context inside a filter, or a variable that is bound. */
export function compileVariable(name: string, place: Place): Step | null {
  if (name === '') return place.isScope ? null : (_run, context) => context
  const slot = place.variables.get(name)
  return slot === undefined ? null : (run) => run.getSlot(slot)
}

/** `(a; $x := b; c)`: each in turn, the last being the value. What is bound can be seen by those after it. */
export function compileBlock(nodes: readonly Node[], place: Place, compile: Compile): Step | null {
  const steps: Step[] = []
  let inside = place
  for (const node of nodes) {
    const name =
      node.type === 'bind' && node.lhs !== undefined && !isPairs(node.lhs) ? String(node.lhs.value) : undefined
    const step = compile(name === undefined ? node : node.rhs, inside)
    if (step === null || (name !== undefined && (node.predicate !== undefined || node.keepArray === true))) return null
    if (name === undefined) {
      steps.push(step)
      continue
    }
    const bound = withVariable(inside, name)
    inside = bound.place
    steps.push((run, context) => {
      const value = step(run, context)
      run.setSlot(bound.slot, value)
      return value
    })
  }
  if (steps.length === 1) return steps[0]!
  return (run, context) => {
    let value: unknown
    for (const step of steps) value = step(run, context)
    return value
  }
}

/** `$map(list, function($item, $at, $list) { … })` and `$filter`; null for other functions. */
export function compileIteration(name: string, nodes: readonly Node[], place: Place, compile: Compile): Step | null {
  const [listNode, lambda] = nodes
  if ((name !== 'map' && name !== 'filter') || nodes.length !== 2 || lambda === undefined) return null
  if (lambda.thunk === true || lambda.signature !== undefined || lambda.predicate !== undefined) return null
  const listStep = compile(listNode, place)
  let inside = place
  const slots = (lambda.arguments ?? []).map((parameter) => {
    const bound = withVariable(inside, String(parameter.value))
    inside = bound.place
    return bound.slot
  })
  const body = compile(lambda.body, inside)
  if (listStep === null || body === null || slots.length > 3) return null
  const isMap = name === 'map'
  const work = workOf(lambda)
  return (run, context) => {
    const value = listStep(run, context)
    if (value === undefined) return undefined
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    run.charge(list.length * work)
    const found: unknown[] = []
    for (const [at, item] of list.entries()) {
      fill(run, slots, [item, at, list])
      const result = body(run, context)
      if (isMap ? result !== undefined : isTrue(result)) found.push(isMap ? result : item)
    }
    return found.length < 2 ? found[0] : found
  }
}

function fill(run: Run, slots: readonly number[], values: readonly unknown[]): void {
  for (const [at, slot] of slots.entries()) run.setSlot(slot, values[at])
}
