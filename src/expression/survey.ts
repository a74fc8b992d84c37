/**
 * One walk through a syntax tree that notes what an expression reads, calls and binds. A name is a name of the scope only where the
 * context is still the scope itself: `body.items[type = 'x']` reads `body`, and `type` is a member of an item.
 */
import { JSONATA_FUNCTIONS } from './functions/catalog.ts'
import { type Filter, isPairs, type Node, type Pair } from './syntax.ts'

/** What an expression can read: the members of a RequestView. */
export const SCOPE_NAMES = [
  'method',
  'url',
  'path',
  'headers',
  'query',
  'body',
  'raw',
  'event',
  'item',
  'claims',
  'parts',
  'jwk',
  'outer',
  'list',
  'position',
  'options',
  'now',
] as const
export type ScopeName = (typeof SCOPE_NAMES)[number]

/** What the filter of a destination can read: the same, and the type of the event. */
export const FILTER_SCOPE_NAMES = [...SCOPE_NAMES, 'type'] as const

/** What an expression of a sync can read: the members of a SyncView. */
export const SYNC_SCOPE_NAMES = [
  'connection',
  'checkpoint',
  'page',
  'response',
  'records',
  'item',
  'event',
  'body',
  'headers',
  'id',
  'options',
  'now',
] as const
export type SyncScopeName = (typeof SYNC_SCOPE_NAMES)[number]

/** Any name of either scope; which of them there are at a place, the survey knows. */
export type AnyScopeName = ScopeName | SyncScopeName | 'type'
export const ANY_SCOPE_NAMES: readonly AnyScopeName[] = [...new Set([...FILTER_SCOPE_NAMES, ...SYNC_SCOPE_NAMES])]

export interface Call {
  readonly node: Node
  /** The name of the variable that is called; null for anything else. */
  readonly name: string | null
  /** How many arguments come before those in the parentheses: 1 after `~>`. */
  readonly applied: 0 | 1
}

export interface Survey {
  /** Names of the scope that are read; all of them where the scope is read as a whole. */
  readonly roots: ReadonlySet<AnyScopeName>
  /** All names of the scope. */
  readonly names: readonly AnyScopeName[]
  /** Names where the scope is the context, but that it does not have. */
  readonly unknownRoots: readonly Node[]
  readonly secrets: ReadonlySet<string>
  readonly calls: readonly Call[]
  /** Variables that are read and not called. */
  readonly variables: readonly Node[]
  /** Variables that are bound, with the bound expression where there is one. */
  readonly bound: ReadonlyMap<string, readonly (Node | null)[]>
  readonly regexes: readonly Node[]
  readonly transforms: readonly Node[]
  /**
   * Whether running it could write into what it reads. JSONata does so in a few places: it marks an array for `[]`, puts a
   * placeholder into an empty array for a group or an object made from it, and a position on whatever is called.
   */
  readonly mayWriteInput: boolean
}

export function surveyOf(tree: Node, names: readonly AnyScopeName[] = SCOPE_NAMES): Survey {
  const walk = new Walk(names)
  walk.visit(tree, true)
  return walk.finish()
}

const SAFE_TO_CALL = new Set(['lambda', 'partial', 'transform'])

class Walk {
  readonly #names: readonly AnyScopeName[]
  readonly #roots = new Set<AnyScopeName>()
  readonly #unknownRoots: Node[] = []
  readonly #secrets = new Set<string>()
  readonly #calls: Call[] = []
  readonly #variables: Node[] = []
  readonly #bound = new Map<string, (Node | null)[]>()
  readonly #regexes: Node[] = []
  readonly #transforms: Node[] = []
  #mayWriteInput = false

  constructor(names: readonly AnyScopeName[]) {
    this.#names = names
  }

  finish(): Survey {
    return {
      roots: this.#roots,
      names: this.#names,
      unknownRoots: this.#unknownRoots,
      secrets: this.#secrets,
      calls: this.#calls,
      variables: this.#variables,
      bound: this.#bound,
      regexes: this.#regexes,
      transforms: this.#transforms,
      mayWriteInput: this.#mayWriteInput || !this.#calls.every((call) => this.#isSafeToCall(call)),
    }
  }

  /** `isScope`: the context is the scope itself. */
  visit(node: Node | undefined, isScope: boolean): void {
    if (node === undefined) return
    if (node.keepArray === true || node.keepSingletonArray === true || node.tuple === true) this.#mayWriteInput = true
    if (node.focus !== undefined) this.#bind(node.focus, null)
    if (node.index !== undefined) this.#bind(node.index, null)
    switch (node.type) {
      case 'path':
        this.#visitPath(node.steps ?? [], isScope)
        break
      case 'name':
        if (isScope) this.#readRoot(node)
        break
      case 'wildcard':
      case 'descendant':
        if (isScope) this.#readAll()
        break
      case 'parent':
        this.#readAll()
        break
      case 'variable':
        this.#visitVariable(node, isScope)
        break
      case 'function':
      case 'partial':
        this.#visitCall(node, isScope, 0)
        break
      case 'apply':
        if (!isPairs(node.lhs)) this.visit(node.lhs, isScope)
        if (node.rhs?.type === 'function') this.#visitCall(node.rhs, isScope, 1)
        else this.visit(node.rhs, isScope)
        break
      case 'bind':
        if (node.lhs !== undefined && !isPairs(node.lhs)) this.#bind(String(node.lhs.value), node.rhs ?? null)
        this.visit(node.rhs, isScope)
        break
      case 'lambda':
        for (const parameter of node.arguments ?? []) this.#bind(String(parameter.value), null)
        this.visit(node.body, isScope)
        break
      case 'unary':
        if (node.value === '{' && !isScope) this.#mayWriteInput = true
        this.#visitChildren(node, isScope)
        break
      case 'sort':
        for (const term of node.terms ?? []) this.visit(term.expression, false)
        break
      case 'transform':
        this.#transforms.push(node)
        for (const part of [node.pattern, node.update, node.delete]) this.visit(part, false)
        break
      case 'regex':
        this.#regexes.push(node)
        break
      default: // literals, binary, condition, block
        this.#visitChildren(node, isScope)
    }
    this.#visitFilters(node.stages)
    this.#visitFilters(node.predicate)
    if (node.group !== undefined) {
      this.#mayWriteInput = true
      this.#visitPairs(node.group.lhs, false)
    }
  }

  #visitPath(steps: readonly Node[], isScope: boolean): void {
    const isScopeAgain = steps.length > 1 && isScopeVariable(steps[0], isScope) && steps[1]?.type === 'name'
    steps.forEach((step, at) => {
      if (at === 0 && isScopeAgain) return // `$$.body` reads `body` and nothing else
      this.visit(step, at === 0 ? isScope : at === 1 && isScopeAgain)
    })
  }

  #visitVariable(node: Node, isScope: boolean): void {
    if (isScopeVariable(node, isScope) || node.value === '$') this.#readAll()
    else if (node.value !== '') this.#variables.push(node)
  }

  #visitCall(node: Node, isScope: boolean, applied: 0 | 1): void {
    const { procedure } = node
    const name = procedure?.type === 'variable' ? String(procedure.value) : null
    const args = node.arguments ?? []
    this.#calls.push({ node, name, applied })
    if (name === null) this.visit(procedure, isScope)
    for (const arg of args) this.visit(arg, isScope)
    if (name === 'secret' && args[0]?.type === 'string') this.#secrets.add(String(args[0].value))
    // Without its first argument a function of JSONata's takes the context, and ours do the same.
    const own = name === null ? undefined : JSONATA_FUNCTIONS.get(name)
    if (isScope && args.length + applied < (own?.contextBelow ?? 1) && name !== 'now' && name !== 'millis')
      this.#readAll()
  }

  #visitChildren(node: Node, isScope: boolean): void {
    if (isPairs(node.lhs)) this.#visitPairs(node.lhs, isScope)
    else this.visit(node.lhs, isScope)
    for (const child of [
      node.rhs,
      node.expression,
      node.condition,
      node.then,
      node.else,
      ...(node.expressions ?? []),
    ]) {
      this.visit(child, isScope)
    }
  }

  #visitPairs(pairs: readonly Pair[], isScope: boolean): void {
    for (const pair of pairs) for (const node of pair) this.visit(node, isScope)
  }

  #visitFilters(filters: readonly Filter[] | undefined): void {
    for (const filter of filters ?? []) {
      if (filter.type === 'index') this.#bind(String(filter.value), null)
      else this.visit(filter.expr, false)
    }
  }

  #readRoot(node: Node): void {
    const known = this.#names.find((name) => name === node.value)
    if (known === undefined) this.#unknownRoots.push(node)
    else this.#roots.add(known)
  }

  #readAll(): void {
    for (const name of this.#names) this.#roots.add(name)
  }

  #bind(name: string, value: Node | null): void {
    const values = this.#bound.get(name)
    if (values === undefined) this.#bound.set(name, [value])
    else values.push(value)
  }

  /** JSONata notes the position of a call on what is called, which must not be a member of the request. */
  #isSafeToCall({ node, name }: Call): boolean {
    if (node.type === 'partial') return true
    if (name === null) return node.procedure !== undefined && SAFE_TO_CALL.has(node.procedure.type)
    const values = this.#bound.get(name)
    return values === undefined || values.every((value) => value !== null && SAFE_TO_CALL.has(value.type))
  }
}

/** `$$`, or `$` where the scope is the context. */
function isScopeVariable(node: Node | undefined, isScope: boolean): boolean {
  if (node?.type !== 'variable' || node.stages !== undefined || node.predicate !== undefined) return false
  return node.value === '$' || (node.value === '' && isScope)
}
