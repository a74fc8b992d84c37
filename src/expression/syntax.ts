/**
 * The syntax tree of an expression. JSONata parses; here its tree gets a type, its errors a place, and the few texts are refused
 * that would cost its parser more than they are worth.
 */
import jsonata from 'jsonata'

/** A node as JSONata makes it. Which members a node has depends on its type. */
export interface Node {
  readonly type: string
  /** Name, literal or operator. */
  readonly value?: unknown
  /** Offset just after the token. */
  readonly position?: number
  readonly steps?: readonly Node[]
  /** Filters of a step of a path. */
  readonly stages?: readonly Filter[]
  /** Filters of anything else. */
  readonly predicate?: readonly Filter[]
  readonly group?: { readonly lhs: readonly Pair[] }
  readonly lhs?: Node | readonly Pair[]
  readonly rhs?: Node
  readonly expression?: Node
  readonly expressions?: readonly Node[]
  readonly condition?: Node
  readonly then?: Node
  readonly else?: Node
  readonly procedure?: Node
  readonly arguments?: readonly Node[]
  readonly body?: Node
  /** A lambda that JSONata has put around a call in the last place of a function. */
  readonly thunk?: boolean
  /** What a function says of the types it takes. */
  readonly signature?: unknown
  readonly terms?: readonly { readonly expression: Node }[]
  readonly pattern?: Node
  readonly update?: Node
  readonly delete?: Node
  /** `[]` after a step: a single result stays an array. */
  readonly keepArray?: boolean
  readonly keepSingletonArray?: boolean
  /** Names bound by `@` and `#`. */
  readonly focus?: string
  readonly index?: string
  readonly tuple?: boolean
}

export type Pair = readonly [key: Node, value: Node]

export interface Filter {
  readonly type: string
  readonly expr?: Node
  /** The name that `#` binds. */
  readonly value?: unknown
}

export type Parsed = { readonly ok: true; readonly tree: Node } | SyntaxProblem

export interface SyntaxProblem {
  readonly ok: false
  readonly message: string
  /** Offset into the source, from 0. */
  readonly position: number
}

/** Twice what the schema lets a spec write. */
const MAX_SOURCE_LENGTH = 8_000

/** JSONata copies the left side of `??` and `?:`, so that nesting them to the left doubles the tree every time. */
const MAX_DEFAULT_OPERATORS = 12

export function parseExpression(source: string): Parsed {
  if (source.length > MAX_SOURCE_LENGTH)
    return problem(`The expression has more than ${MAX_SOURCE_LENGTH} characters`, MAX_SOURCE_LENGTH)
  if ((source.match(/\?\?|\?:/g)?.length ?? 0) > MAX_DEFAULT_OPERATORS) {
    return problem(
      `The expression has more than ${MAX_DEFAULT_OPERATORS} operators ?? and ?:; $coalesce takes a list`,
      0,
    )
  }
  try {
    return { ok: true, tree: jsonata(source).ast() as unknown as Node }
  } catch (error) {
    return syntaxProblem(error, source)
  }
}

/** Where the text of this node begins, for the tokens that stand in the source as they are. */
export function startOf(node: Node, text: string, source: string): number {
  const end = Math.min(node.position ?? 0, source.length)
  const start = end - text.length
  return start >= 0 && source.slice(start, end) === text ? start : end
}

/** Whether `lhs` holds the members of an object constructor. */
export function isPairs(lhs: Node['lhs']): lhs is readonly Pair[] {
  return Array.isArray(lhs)
}

function problem(message: string, position: number): SyntaxProblem {
  return { ok: false, message, position }
}

function syntaxProblem(error: unknown, source: string): SyntaxProblem {
  if (error instanceof SyntaxError) {
    // `new RegExp` has refused a pattern: "Invalid regular expression: /(/: Unterminated group".
    const pattern = /^Invalid regular expression: (\/.*\/)\w*: /s.exec(error.message)?.[1]
    return problem(error.message, pattern === undefined ? 0 : Math.max(0, source.indexOf(pattern)))
  }
  const { message, position, token } = error as { message?: unknown; position?: unknown; token?: unknown }
  if (typeof message !== 'string' || typeof position !== 'number')
    return problem('The expression is nested too deeply', 0)
  return problem(message, startOf({ type: 'error', position }, typeof token === 'string' ? token : '', source))
}
