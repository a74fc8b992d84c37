/** Compiles paths: where one begins, its names, and what stands in brackets after them. */
import type { ExpressionScope } from '../../domain/expression.ts'
import { ANY_SCOPE_NAMES, type AnyScopeName } from '../survey.ts'
import type { Filter, Node } from '../syntax.ts'
import { type PathFilter, type PathStep, readItems, readPath } from './paths.ts'
import { type Compile, type Place, workOf } from './place.ts'
import { BAIL, type Step } from './run.ts'

export function compilePath(nodes: readonly Node[], place: Place, compile: Compile): Step | null {
  const [first, ...rest] = nodes
  if (first === undefined) return null
  const isOwnScope =
    first.type === 'variable' && (first.value === '$' || (first.value === '' && place.isScope)) && !isFiltered(first)
  if (isOwnScope) return rest.length > 0 ? compileScopePath(rest, place, compile) : null
  if (first.type === 'name')
    return place.isScope ? compileScopePath(nodes, place, compile) : compileItemPath(nodes, place, compile)
  if (first.stages !== undefined) return null
  const start =
    first.type === 'function' || first.type === 'block' || first.type === 'variable' ? compile(first, place) : null
  if (start === null) return null
  if (place.isScope || first.type === 'variable') return compileRest(start, rest, place, compile)
  // JSONata would evaluate the first step once for every item of the context.
  return compileRest((run, context) => (Array.isArray(context) ? bail() : start(run, context)), rest, place, compile)
}

/** A path from the scope: its first name is a member of the view, which may have to compute it. */
function compileScopePath(nodes: readonly Node[], place: Place, compile: Compile): Step | null {
  const [first, ...rest] = nodes
  const name = ANY_SCOPE_NAMES.find((known) => known === first?.value)
  if (first?.type !== 'name' || name === undefined || needsMore(first)) return null
  if (!isFiltered(first)) return compileRest((run) => memberOfView(run.view, name), rest, place, compile)
  const steps = compileSteps(nodes, place, compile)
  return steps === null ? null : (run) => readItems(run, [{ [name]: memberOfView(run.view, name) }], steps, 0)
}

/** A path from an item inside a filter; even from none, which a filter such as `[true]` may let pass. */
function compileItemPath(nodes: readonly Node[], place: Place, compile: Compile): Step | null {
  const steps = compileSteps(nodes, place, compile)
  if (steps === null) return null
  return (run, context) => (context === undefined ? readItems(run, [context], steps, 0) : readPath(run, context, steps))
}

function memberOfView(view: ExpressionScope, name: AnyScopeName): unknown {
  return view[name]
}

/** What follows the first step. */
function compileRest(start: Step, nodes: readonly Node[], place: Place, compile: Compile): Step | null {
  if (nodes.length === 0) return start
  const steps = compileSteps(nodes, place, compile)
  return steps === null ? null : (run, context) => readPath(run, start(run, context), steps)
}

function compileSteps(nodes: readonly Node[], place: Place, compile: Compile): PathStep[] | null {
  const steps: PathStep[] = []
  for (const node of nodes) {
    if (needsMore(node) || node.predicate !== undefined) return null
    const take = node.type === 'name' ? String(node.value) : compileTake(node, place, compile)
    const filters = compileFilters(node.stages ?? [], place, compile)
    if (take === null || filters === null) return null
    steps.push({ take, filters, work: typeof take === 'string' ? 1 : workOf(node) })
  }
  return steps
}

/** `.( … )`, `.$call( … )`, `.{ … }`; an array as a step is one that JSONata does not flatten. */
function compileTake(node: Node, place: Place, compile: Compile): Step | null {
  const isKnown = node.type === 'block' || node.type === 'function' || (node.type === 'unary' && node.value === '{')
  return isKnown ? compile(node, { ...place, isScope: false }) : null
}

export function compileFilters(stages: readonly Filter[], place: Place, compile: Compile): PathFilter[] | null {
  const filters: PathFilter[] = []
  for (const stage of stages) {
    const filter = compileFilter(stage, place, compile)
    if (filter === null) return null
    filters.push(filter)
  }
  return filters
}

function compileFilter(stage: Filter, place: Place, compile: Compile): PathFilter | null {
  const index = indexOf(stage)
  if (index !== undefined) return { index }
  const test = stage.type === 'filter' ? compile(stage.expr, { ...place, isScope: false }) : null
  return test === null || stage.expr === undefined ? null : { test, work: workOf(stage.expr) }
}

/** The position of `[0]`, and undefined for a condition. */
function indexOf({ type, expr }: Filter): number | undefined {
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
