/**
 * Reads an expression without running it: whether it parses, whether every function, variable and root name in it exists, what it
 * reads of its scope, and whether it does something that the gateway refuses. The linter shows what is found here, and nothing is
 * compiled that has not passed.
 *
 * What is refused, and why: `$eval` (would run text of the payload), `$random` and `$shuffle` (results must be repeatable), another
 * `$clone` and a transform of anything but a path (both could write into the request or into JSONata itself), regular expressions
 * with look-around or back-reference (no linear time), a name for `$secret` that is not literal (nobody could see which secret).
 */
import { nearest } from '../domain/suggestion.ts'
import { ADDED_FUNCTIONS, JSONATA_FUNCTIONS, REFUSED_FUNCTIONS } from './functions/catalog.ts'
import { arityOf, type ExpressionFunction } from './functions/function.ts'
import { regexProblem } from './regex.ts'
import { type AnyScopeName, type Call, SCOPE_NAMES, type Survey, surveyOf } from './survey.ts'
import { type Node, parseExpression, startOf } from './syntax.ts'

export type ExpressionCheck =
  | {
      readonly ok: true
      /** The names of the scope that it reads, and `secrets` where it calls `$secret`. */
      readonly roots: ReadonlySet<string>
      /** The secrets that it names. */
      readonly secrets: ReadonlySet<string>
    }
  | ({ readonly ok: false } & ExpressionProblem)

export interface ExpressionProblem {
  /** Quotes nothing but the expression. */
  readonly message: string
  /** The next action, where there is one to name. */
  readonly hint: string | null
  /** Offset into the source, from 0. */
  readonly position: number
}

/** Everything that is wrong is found; the first by position is reported. */
export function checkExpression(source: string, names: readonly AnyScopeName[] = SCOPE_NAMES): ExpressionCheck {
  const parsed = parseExpression(source)
  if (!parsed.ok) return { ...parsed, hint: null }
  const survey = surveyOf(parsed.tree, names)
  const problem = firstProblem(survey, source)
  if (problem !== undefined) return { ok: false, ...problem }
  const roots = new Set<string>(survey.roots)
  if (survey.secrets.size > 0) roots.add('secrets')
  return { ok: true, roots, secrets: survey.secrets }
}

export function firstProblem(survey: Survey, source: string): ExpressionProblem | undefined {
  const problems: ExpressionProblem[] = [
    ...survey.calls.flatMap((call) => callProblem(call, survey, source) ?? []),
    ...survey.unknownRoots.map((node) => unknownRoot(node, survey.names, source)),
    ...survey.variables.flatMap((node) => variableProblem(node, survey, source) ?? []),
    ...survey.regexes.flatMap((node) => regexNodeProblem(node) ?? []),
    ...survey.transforms.filter((node) => !isPath(node.pattern)).map(transformProblem),
  ]
  if (survey.bound.has('clone')) {
    problems.push({ message: '$clone cannot be given another meaning', hint: 'Use another name.', position: 0 })
  }
  // What is called without its `$` is an unknown name as well; the first of those at one place says more.
  return problems.toSorted((a, b) => a.position - b.position)[0]
}

function unknownRoot(node: Node, names: readonly AnyScopeName[], source: string): ExpressionProblem {
  const name = String(node.value)
  const near = nearest(name, names)
  const hint = near === null ? `Known here: ${names.join(', ')}.` : `Did you mean "${near}"?`
  return { message: `There is nothing called "${name}" here`, hint, position: startOf(node, name, source) }
}

function callProblem(call: Call, survey: Survey, source: string): ExpressionProblem | undefined {
  const { node, name } = call
  if (name === null) {
    const called = calledName(node)
    if (called === undefined) return undefined
    const hint = isFunctionName(called.name) ? `Did you mean $${called.name}?` : null
    return { message: `"${called.name}" is not a function`, hint, position: startOf(called.node, called.name, source) }
  }
  if (survey.bound.has(name)) return undefined
  const position = startOf(node.procedure!, `$${name}`, source)
  const added = ADDED_FUNCTIONS.get(name)
  const problem = added === undefined ? functionProblem(name) : addedCallProblem(added, call)
  return problem === undefined ? undefined : { ...problem, position }
}

/** The name that is called without its `$`: `uppercase(x)`. */
function calledName({ procedure }: Node): { name: string; node: Node } | undefined {
  const last = procedure?.type === 'path' ? procedure.steps?.at(-1) : undefined
  return last?.type === 'name' ? { name: String(last.value), node: last } : undefined
}

function functionProblem(name: string): Omit<ExpressionProblem, 'position'> | undefined {
  if (JSONATA_FUNCTIONS.has(name)) return undefined
  const reason = Object.hasOwn(REFUSED_FUNCTIONS, name) ? REFUSED_FUNCTIONS[name] : undefined
  if (reason !== undefined) return { message: `$${name} is not available: ${reason}`, hint: null }
  const near = nearest(name, [...ADDED_FUNCTIONS.keys(), ...JSONATA_FUNCTIONS.keys()])
  return { message: `There is no function $${name}`, hint: near === null ? null : `Did you mean $${near}?` }
}

function addedCallProblem(
  added: ExpressionFunction,
  { node, applied }: Call,
): Omit<ExpressionProblem, 'position'> | undefined {
  const shape = `$${added.name}(${added.parameters.join(', ')})`
  const args = node.arguments ?? []
  if (node.type === 'partial') {
    return { message: `$${added.name} cannot be applied in part`, hint: `Write function($x) { ${shape} }.` }
  }
  if (added.name === 'secret' && (applied > 0 || args[0]?.type !== 'string')) {
    return { message: 'The name for $secret must be a literal', hint: "Write $secret('the_name')." }
  }
  const { min, max } = arityOf(added)
  const count = args.length + applied
  if (count < min || count > max)
    return { message: `$${added.name} cannot take ${count} arguments`, hint: `It is ${shape}.` }
  for (const [at, choices] of Object.entries(added.choices ?? {})) {
    const arg = args[Number(at) - applied]
    if (arg?.type !== 'string' || choices.includes(String(arg.value))) continue
    return {
      message: `"${String(arg.value)}" is nothing that $${added.name} knows`,
      hint: `Known: ${choices.join(', ')}.`,
    }
  }
  return undefined
}

function variableProblem(node: Node, survey: Survey, source: string): ExpressionProblem | undefined {
  const name = String(node.value)
  const position = startOf(node, `$${name}`, source)
  if (survey.bound.has(name)) return undefined
  if (name === 'secret') return { message: '$secret can only be called', hint: "Write $secret('the_name').", position }
  if (ADDED_FUNCTIONS.has(name)) return undefined
  const problem = functionProblem(name)
  if (problem === undefined) return undefined
  if (Object.hasOwn(REFUSED_FUNCTIONS, name)) return { ...problem, position }
  const near = nearest(name, [...survey.bound.keys()])
  return {
    message: `There is no variable $${name}`,
    hint: near === null ? problem.hint : `Did you mean $${near}?`,
    position,
  }
}

function regexNodeProblem(node: Node): ExpressionProblem | undefined {
  const position = node.position ?? 0
  if (!(node.value instanceof RegExp)) {
    return {
      message: 'A regular expression cannot stand on the left of ?? or ?:',
      hint: 'Bind it to a variable first.',
      position,
    }
  }
  const message = regexProblem(node.value)
  const start = Math.max(0, position - node.value.source.length - 2)
  return message === null ? undefined : { message, hint: null, position: start }
}

function transformProblem(node: Node): ExpressionProblem {
  return {
    message: 'A transform can only change what a path of names leads to',
    hint: null,
    position: node.position ?? 0,
  }
}

const PATH_STEPS = new Set(['name', 'wildcard', 'descendant'])

/** Whether it can lead to nothing but members of the copy that the transform works on. */
function isPath(node: Node | undefined): boolean {
  if (node === undefined) return false
  if (node.type === 'path') return (node.steps ?? []).every(isPath)
  return PATH_STEPS.has(node.type) || (node.type === 'variable' && node.value === '')
}

function isFunctionName(name: string): boolean {
  return JSONATA_FUNCTIONS.has(name) || ADDED_FUNCTIONS.has(name)
}
