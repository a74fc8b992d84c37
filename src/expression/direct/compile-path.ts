/** Compiles paths: where one begins, its names, and what stands in brackets after them. */
import type { RequestView } from '../../domain/expression.ts'
import { SCOPE_NAMES } from '../survey.ts'
import type { Filter, Node } from '../syntax.ts'
import { type PathFilter, type PathStep, readItems, readMembers } from './paths.ts'
import { BAIL, type Step } from './run.ts'

/** Compiles any node; null where it cannot. `isScope`: the context is the scope itself. */
export type Compile = (node: Node | undefined, isScope: boolean) => Step | null

export function compilePath(nodes: readonly Node[], isScope: boolean, compile: Compile): Step | null {
  const [first, ...rest] = nodes
  if (first === undefined) return null
  const isOwnScope =
    first.type === 'variable' && (first.value === '$' || (first.value === '' && isScope)) && !isFiltered(first)
  if (isOwnScope) return rest.length > 0 ? compileScopePath(rest, compile) : null
  if (first.type === 'name')
    return isScope ? compileScopePath(nodes, compile) : compileMembers((_run, context) => context, nodes, compile)
  if (first.stages !== undefined) return null
  const start =
    first.type === 'function' || first.type === 'block' || first.type === 'variable' ? compile(first, isScope) : null
  if (start === null) return null
  if (isScope || first.type === 'variable') return compileMembers(start, rest, compile)
  // JSONata would evaluate the first step once for every item of the context.
  return compileMembers((run, context) => (Array.isArray(context) ? bail() : start(run, context)), rest, compile)
}

/** A path from the scope: its first name is a member of the view, which may have to compute it. */
function compileScopePath(nodes: readonly Node[], compile: Compile): Step | null {
  const [first, ...rest] = nodes
  const name = SCOPE_NAMES.find((known) => known === first?.value)
  if (first?.type !== 'name' || name === undefined || needsMore(first)) return null
  if (!isFiltered(first)) return compileMembers((run) => memberOfView(run.view, name), rest, compile)
  const steps = compileSteps(nodes, compile)
  return steps === null ? null : (run) => readItems(run, [{ [name]: memberOfView(run.view, name) }], steps, 0)
}

function memberOfView(view: RequestView, name: keyof RequestView): unknown {
  return view[name]
}

function compileMembers(start: Step, nodes: readonly Node[], compile: Compile): Step | null {
  if (nodes.length === 0) return start
  const steps = compileSteps(nodes, compile)
  if (steps === null) return null
  const names = steps.map((step) => step.name)
  if (steps.every((step) => step.filters.length === 0)) {
    return (run, context) => readMembers(run, start(run, context), names, steps)
  }
  return (run, context) => {
    const value = start(run, context)
    return readItems(run, Array.isArray(value) ? value : [value], steps, 0)
  }
}

function compileSteps(nodes: readonly Node[], compile: Compile): PathStep[] | null {
  const steps: PathStep[] = []
  for (const node of nodes) {
    if (node.type !== 'name' || needsMore(node) || node.predicate !== undefined) return null
    const filters: PathFilter[] = []
    for (const stage of node.stages ?? []) {
      const filter = compileFilter(stage, compile)
      if (filter === null) return null
      filters.push(filter)
    }
    steps.push({ name: String(node.value), filters })
  }
  return steps
}

function compileFilter(stage: Filter, compile: Compile): PathFilter | null {
  const index = indexOf(stage)
  if (index !== undefined) return { index }
  const test = stage.type === 'filter' ? compile(stage.expr, false) : null
  return test === null ? null : { test }
}

/** The position of `[0]`, and undefined for a condition. */
export function indexOf({ type, expr }: Filter): number | undefined {
  return type === 'filter' && expr?.type === 'number' && expr.predicate === undefined
    ? Math.floor(Number(expr.value))
    : undefined
}

/** Whether anything stands in brackets after it. */
export function isFiltered(node: Node): boolean {
  return node.stages !== undefined || node.predicate !== undefined
}

/** What only JSONata knows: kept singletons, groups, bound positions. */
export function needsMore(node: Node): boolean {
  return (
    node.keepArray === true ||
    node.keepSingletonArray === true ||
    node.tuple === true ||
    node.focus !== undefined ||
    node.index !== undefined ||
    node.group !== undefined
  )
}

function bail(): never {
  throw BAIL
}
