/**
 * The four functions of JSONata that take a regular expression, for a literal one: the same walk from match to match, and BAIL for
 * everything else. A second match of nothing would never get further, which is an error that JSONata reports.
 */
import { compileRegex, type LinearRegex, type Match } from '../regex.ts'
import type { Node } from '../syntax.ts'
import { BAIL, type Run, type Step } from './run.ts'

type RegexFunction = (run: Run, text: string, regex: LinearRegex, replacement: unknown) => unknown

const REGEX_FUNCTIONS: Readonly<Record<string, { readonly arity: number; readonly call: RegexFunction }>> = {
  contains: { arity: 2, call: (run, text, regex) => !find(run, text, regex, 0).next().done },
  match: { arity: 2, call: match },
  split: { arity: 2, call: split },
  replace: { arity: 3, call: replace },
}

/** Null for other functions and numbers of arguments. */
export function compileRegexCall(
  name: string,
  nodes: readonly Node[],
  compile: (node: Node) => Step | null,
): Step | null {
  const known = Object.hasOwn(REGEX_FUNCTIONS, name) ? REGEX_FUNCTIONS[name] : undefined
  const [textNode, regexNode, replacementNode] = nodes
  if (known === undefined || nodes.length !== known.arity || textNode === undefined) return null
  if (!(regexNode?.value instanceof RegExp) || regexNode.predicate !== undefined) return null
  const textStep = compile(textNode)
  const replacementStep = replacementNode === undefined ? () => undefined : compile(replacementNode)
  if (textStep === null || replacementStep === null) return null
  const regex = compileRegex(regexNode.value)
  return (run, context) => {
    const text = textStep(run, context)
    const replacement = replacementStep(run, context)
    if (text === undefined && known.arity === 2) return undefined
    if (typeof text !== 'string') throw BAIL
    return known.call(run, text, regex, replacement)
  }
}

/** The matches from a place on, as JSONata comes by them. */
function* find(run: Run, text: string, regex: LinearRegex, from: number): Generator<Match> {
  let place = from
  for (let isFirst = true; isFirst || place < text.length; isFirst = false) {
    // Some 10 ns for every state and character in the worst case; 10 ms for all the work that is allowed.
    run.charge(1 + ((regex.size * (text.length - place)) >>> 6))
    regex.lastIndex = place
    const match = regex.exec(text)
    if (match === null) return
    if (match[0] === '' && !isFirst) throw BAIL
    place = regex.lastIndex
    yield match
  }
}

function match(run: Run, text: string, regex: LinearRegex): unknown {
  const found = []
  for (const each of find(run, text, regex, 0)) found.push({ match: each[0], index: each.index, groups: each.slice(1) })
  return found.length < 2 ? found[0] : found
}

function split(run: Run, text: string, regex: LinearRegex): string[] {
  const parts: string[] = []
  let start = 0
  for (const each of find(run, text, regex, 0)) {
    parts.push(text.slice(start, each.index))
    start = each.index + (each[0]?.length ?? 0)
  }
  parts.push(text.slice(start))
  return parts
}

function replace(run: Run, text: string, regex: LinearRegex, replacement: unknown): string {
  if (typeof replacement !== 'string') throw BAIL
  let result = ''
  let start = 0
  for (const each of find(run, text, regex, 0)) {
    run.charge(1 + (replacement.length >>> 8))
    result += text.slice(start, each.index) + substitute(replacement, each)
    start = each.index + (each[0]?.length ?? 0)
  }
  return result + text.slice(start)
}

/** `$0` is the match, `$1` a group with as many digits as there can be groups, `$$` a dollar; another dollar stands for itself. */
function substitute(replacement: string, match: Match): string {
  const groupCount = match.length - 1
  let text = ''
  let from = 0
  for (let at = replacement.indexOf('$'); at !== -1; at = replacement.indexOf('$', from)) {
    text += replacement.slice(from, at)
    from = at + 1
    const next = replacement.charAt(from)
    if (next === '$' || next === '0') {
      text += next === '$' ? '$' : (match[0] ?? '')
      from += 1
      continue
    }
    const digits = groupCount === 0 ? 1 : Math.floor(Math.log(groupCount) * Math.LOG10E) + 1
    let group = Number.parseInt(replacement.slice(from, from + digits), 10)
    if (digits > 1 && group > groupCount) group = Number.parseInt(replacement.slice(from, from + digits - 1), 10)
    if (Number.isNaN(group)) {
      text += '$'
      continue
    }
    if (group > 0) text += match[group] ?? ''
    from += String(group).length
  }
  return text + replacement.slice(from)
}
