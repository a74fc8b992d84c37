/**
 * Compiles the plain part of the language (paths, filters, literals, operators, conditions, constructors, variables, common calls,
 * `$map` and `$filter`) into closures that run at once, without a promise and some thirty times faster than JSONata. What is not in
 * here is not compiled, and what turns out at run time to be unlike what is in here bails out (see run.ts); a test holds the two
 * against each other over random expressions and documents.
 *
 * One difference is meant: JSONata takes an object of the payload for a function when it has a member `_jsonata_function` or
 * `_jsonata_lambda`, and for one of its own tuples when it has `tupleStream`; here an object of the payload is data.
 */
import { ADDED_FUNCTIONS } from '../functions/catalog.ts'
import { arityOf } from '../functions/function.ts'
import { setMember } from '../plain-data.ts'
import { isPairs, type Node } from '../syntax.ts'
import { DIRECT_FUNCTIONS } from './calls.ts'
import { compileRegexCall } from './regex-calls.ts'
import { compileBlock, compileIteration, compileVariable } from './compile-binding.ts'
import { compileFilters, compilePath, isFiltered, needsMore } from './compile-path.ts'
import type { Place } from './place.ts'
import { filterValue, pushAll } from './paths.ts'
import { BAIL, type Step } from './run.ts'
import { type Arithmetic, calculate, compare, concatenate, equals, isIn, isTrue, negate, type Order } from './values.ts'

/** Null where the expression needs more of the language than there is here. */
export function compileDirect(tree: Node): Step | null {
  return compile(tree, { isScope: true, variables: new Map(), nextSlot: 0 })
}

function compile(node: Node | undefined, place: Place): Step | null {
  if (node === undefined || needsMore(node)) return null
  const step = compileBare(node, place)
  if (step === null || node.predicate === undefined) return step
  if (node.type !== 'variable' && (node.type !== 'function' || givesSequence(node))) return null
  const filters = compileFilters(node.predicate, place, compile)
  return filters === null ? null : (run, context) => filterValue(run, step(run, context), filters)
}

/** JSONata takes a single result out of its sequence only after the brackets, and not at all at the end of a function. */
function givesSequence(call: Node): boolean {
  const name = call.procedure?.value
  return name === 'map' || name === 'filter' || name === 'match'
}

function compileBare(node: Node, place: Place): Step | null {
  switch (node.type) {
    case 'string':
    case 'number':
    case 'value': {
      const { value } = node
      return () => value
    }
    case 'path':
      return compilePath(node.steps ?? [], place, compile)
    case 'variable':
      return compileVariable(String(node.value), place)
    case 'binary':
      return compileBinary(node, place)
    case 'unary':
      return compileUnary(node, place)
    case 'condition':
      return compileCondition(node, place)
    case 'block':
      return compileBlock(node.expressions ?? [], place, compile)
    case 'lambda':
      // A call at the end of a function, which JSONata puts off to spare the stack.
      return node.thunk === true && node.body !== undefined && !givesSequence(node.body)
        ? compile(node.body, place)
        : null
    case 'function':
      return compileCall(node.procedure, node.arguments ?? [], place)
    case 'apply':
      if (isPairs(node.lhs) || node.lhs === undefined || node.rhs === undefined || needsMore(node.rhs)) return null
      if (node.rhs.type === 'variable') return node.rhs.predicate ? null : compileCall(node.rhs, [node.lhs], place)
      if (node.rhs.type !== 'function' || node.rhs.predicate !== undefined) return null
      return compileCall(node.rhs.procedure, [node.lhs, ...(node.rhs.arguments ?? [])], place)
    default:
      return null
  }
}

// -------------------------------------------------------------------------------------------------------------- operators

function compileBinary(node: Node, place: Place): Step | null {
  const left = isPairs(node.lhs) ? null : compile(node.lhs, place)
  const right = compile(node.rhs, place)
  if (left === null || right === null) return null
  const operator = node.value
  switch (operator) {
    case '&':
      return (run, context) => concatenate(run, left(run, context), right(run, context))
    case '=':
    case '!=': {
      const whenEqual = operator === '='
      return (run, context) => equals(left(run, context), right(run, context), whenEqual)
    }
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const order: Order = operator
      return (run, context) => compare(left(run, context), right(run, context), order)
    }
    case '+':
    case '-':
    case '*':
    case '/':
    case '%': {
      const arithmetic: Arithmetic = operator
      return (run, context) => calculate(left(run, context), right(run, context), arithmetic)
    }
    case 'and':
      return (run, context) => isTrue(left(run, context)) && isTrue(right(run, context))
    case 'or':
      return (run, context) => isTrue(left(run, context)) || isTrue(right(run, context))
    case 'in':
      return (run, context) => isIn(run, left(run, context), right(run, context))
    default:
      return null
  }
}

function compileUnary(node: Node, place: Place): Step | null {
  if (node.value === '[') return compileArray(node.expressions ?? [], place)
  if (node.value === '{') return compileObject(node, place)
  const operand = node.value === '-' ? compile(node.expression, place) : null
  return operand === null ? null : (run, context) => negate(operand(run, context))
}

/** Missing items are left out; arrays are put in by their items, unless they are written as arrays. */
function compileArray(nodes: readonly Node[], place: Place): Step | null {
  const items = compileAll(nodes, place)
  if (items === null) return null
  const isNested = nodes.map((node) => node.type === 'unary' && node.value === '[')
  return (run, context) => {
    const array: unknown[] = []
    for (const [at, item] of items.entries()) {
      const value = item(run, context)
      if (Array.isArray(value) && !isNested[at]) pushAll(run, array, value)
      else if (value !== undefined) array.push(value)
    }
    return array
  }
}

/** Keys must be literal and different; missing members are left out. */
function compileObject(node: Node, place: Place): Step | null {
  const pairs = isPairs(node.lhs) ? node.lhs : []
  const keys: string[] = []
  for (const [key] of pairs) {
    if (key.type !== 'string' || key.predicate !== undefined || keys.includes(String(key.value))) return null
    keys.push(String(key.value))
  }
  const values = compileAll(
    pairs.map(([, value]) => value),
    place,
  )
  if (values === null || keys.some((key) => key.startsWith('_jsonata_'))) return null
  return (run, context) => {
    // JSONata would make one object of all items.
    if (!place.isScope && Array.isArray(context)) throw BAIL
    const object: Record<string, unknown> = {}
    for (const [at, step] of values.entries()) {
      const value = step(run, context)
      if (value !== undefined) setMember(object, keys[at]!, value)
    }
    return object
  }
}

function compileCondition(node: Node, place: Place): Step | null {
  const then = compile(node.then, place)
  const otherwise = node.else === undefined ? () => undefined : compile(node.else, place)
  if (then === null || otherwise === null) return null
  // `a ?? b` and `a ?: b` come with a second copy of `a`.
  const { condition } = node
  const isExists =
    condition?.type === 'function' &&
    condition.procedure?.value === 'exists' &&
    !isFiltered(condition) &&
    !place.variables.has('exists')
  if (isExists && isSame(condition.arguments?.[0], node.then)) {
    return (run, context) => {
      const value = then(run, context)
      return value === undefined ? otherwise(run, context) : value // null is there
    }
  }
  const test = compile(condition, place)
  if (test === null) return null
  return (run, context) => (isTrue(test(run, context)) ? then(run, context) : otherwise(run, context))
}

function isSame(left: Node | undefined, right: Node | undefined): boolean {
  return left !== undefined && JSON.stringify(left) === JSON.stringify(right)
}

// ------------------------------------------------------------------------------------------------------------------ calls

function compileCall(procedure: Node | undefined, nodes: readonly Node[], place: Place): Step | null {
  if (procedure?.type !== 'variable' || isFiltered(procedure)) return null
  const name = String(procedure.value)
  if (place.variables.has(name)) return null
  if (nodes[1]?.type === 'lambda') return compileIteration(name, nodes, place, compile)
  if (nodes[1]?.type === 'regex') return compileRegexCall(name, nodes, (node) => compile(node, place))
  const added = ADDED_FUNCTIONS.get(name)
  const { min, max } = added === undefined ? (DIRECT_FUNCTIONS.get(name) ?? { min: Infinity, max: 0 }) : arityOf(added)
  // One argument fewer takes the context, which is JSONata's business.
  const fewest = added?.takesContext === true ? min + 1 : min
  const args = compileAll(nodes, place)
  if (args === null || args.length < fewest || args.length > max) return null
  if (added !== undefined) {
    return (run, context) => {
      const values = args.map((arg) => arg(run, context))
      run.charge(digestingWork(values))
      return added.call(values, run)
    }
  }
  const { call } = DIRECT_FUNCTIONS.get(name)!
  return (run, context) =>
    call(
      args.map((arg) => arg(run, context)),
      run,
    )
}

function compileAll(nodes: readonly Node[], place: Place): Step[] | null {
  const steps: Step[] = []
  for (const node of nodes) {
    const step = compile(node, place)
    if (step === null) return null
    steps.push(step)
  }
  return steps
}

/** A digest takes some 2 us before its first character; it and the decoders up to 10 ns for each. */
function digestingWork(values: readonly unknown[]): number {
  let characters = 0
  for (const value of values) {
    if (typeof value === 'string') characters += value.length
    else if (Array.isArray(value)) for (const part of value) characters += typeof part === 'string' ? part.length : 1
  }
  return 40 + (characters >>> 5)
}
