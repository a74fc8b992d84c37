/** Random documents and random expressions over them, for holding two evaluators against each other. */
import fc from 'fast-check'

/** Names that documents and paths share, so that paths find something; some of them mean something to JavaScript. */
const NAMES = ['a', 'b', 'c', 'x-y', '0', '__proto__', 'constructor', 'length', 'and']
const TEXTS = ['', 'a', 'b', 'A-b-c', '1', '1.50', '0x10', 'true', 'é\u{1f600}', ' a  b ', '[']
const NUMBERS = [0, 1, -1, 2, 0.1 + 0.2, 1 / 3, 1e21, 1e-7, 123456789012345680000, 2 ** 53, -2.5, 1e300]

const scalar = fc.oneof(
  fc.constantFrom(...TEXTS.map((text) => JSON.stringify(text))),
  fc.constantFrom(...NUMBERS.map(String)),
  fc.constantFrom('null', 'true', 'false'),
)

/** JSON text, because only a parser makes `__proto__` a member like any other. */
export const jsonText = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthSize: 'medium' }, scalar, tie('object'), tie('array')),
  object: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 5, selector: ([name]) => name })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
})).object

const name = fc.constantFrom(
  ...NAMES.map((each) => (/^[a-z]+$/.test(each) && each !== 'and' ? each : `\`${each}\``)),
  '"x-y"',
)
const literal = fc.oneof(
  fc.constantFrom(...TEXTS.map((text) => JSON.stringify(text))),
  fc.constantFrom('0', '1', '-1', '2.5', '0.1', '1e21', 'true', 'false', 'null'),
)
const operator = fc.constantFrom('&', '&', '=', '!=', '<', '<=', '>', '>=', 'and', 'or', 'in', '+', '-', '*', '/', '%')
const call = fc.constantFrom(
  'exists',
  'boolean',
  'not',
  'string',
  'number',
  'type',
  'count',
  'lowercase',
  'uppercase',
  'trim',
  'length',
)
const regex = fc.constantFrom('/a/', '/[a-z]+/i', '/(\\w)-(\\w)/', '/(x)|b/', '/-|$/', '/a*/')
const search = fc.constantFrom('contains', 'substringBefore', 'substringAfter', 'split', 'join')

// A type, not an interface: only that has the index signature that fast-check asks for.
type Grammar = { scope: string; item: string }

const plain = fc.letrec<Grammar>((tie) => ({
  scope: expressionIn(tie('scope'), tie('item'), { isScope: true, variables: [] }),
  item: expressionIn(tie('item'), tie('item'), { isScope: false, variables: [] }),
})).scope

const withVariables = fc.letrec<Grammar>((tie) => ({
  scope: expressionIn(tie('scope'), tie('item'), { isScope: true, variables: ['$v', '$w', '$v.a'] }),
  item: expressionIn(tie('item'), tie('item'), { isScope: false, variables: ['$v', '$w'] }),
})).scope

/** Expressions of the directly compiled subset and a little beyond it, over `body`. */
export const expression = fc.oneof(
  { weight: 3, arbitrary: plain },
  {
    weight: 1,
    arbitrary: fc.tuple(plain, plain, withVariables).map(([v, w, use]) => `($v := ${v}; $w := ${w}; ${use})`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('map', 'filter'), plain, withVariables)
      .map(([own, list, use]) => `$${own}(${list}, function($v, $w) { ${use} })`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(plain, withVariables, withVariables)
      .map(([v, inner, use]) => `($v := ${v}; ($w := ${inner}; $v := $w); $w := $v; ${use})`),
  },
)

/** `inside` is an expression in the same context, `filter` one in the context of an item. */
function expressionIn(
  inside: fc.Arbitrary<string>,
  filter: fc.Arbitrary<string>,
  { isScope, variables }: { isScope: boolean; variables: readonly string[] },
): fc.Arbitrary<string> {
  const bracket = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('[0]', '[1]', '[-1]', '[1.7]') },
    { weight: 2, arbitrary: filter.map((test) => `[${test}]`) },
  )
  const step = fc
    .tuple(name, fc.array(bracket, { maxLength: 2, size: 'xsmall' }), fc.nat(9))
    .map(([own, brackets, choice]) => (choice < 7 ? own : own + brackets.join('')))
  const anyStep = fc.oneof(
    { weight: 12, arbitrary: step },
    { weight: 1, arbitrary: fc.tuple(filter, fc.constantFrom('', '[0]')).map(([own, index]) => `(${own})${index}`) },
    { weight: 1, arbitrary: fc.tuple(call, filter).map(([own, arg]) => `$${own}(${arg})`) },
    { weight: 1, arbitrary: filter.map((own) => `{"k": ${own}}`) },
  )
  const own = isScope
    ? fc.constantFrom('body', 'body', 'body', '$$.body', '$.body', 'event', 'headers', 'body[0]')
    : fc.oneof(name, fc.constantFrom('$', '$$.body', '$.a'))
  const start = variables.length === 0 ? own : fc.oneof(own, fc.constantFrom(...variables))
  const path = fc.tuple(start, fc.array(anyStep, { maxLength: 3 })).map((parts) => parts.flat().join('.'))
  return fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 6, arbitrary: path },
    { weight: 2, arbitrary: literal },
    {
      weight: 4,
      arbitrary: fc.tuple(inside, operator, inside).map(([left, own, right]) => `(${left}) ${own} (${right})`),
    },
    { weight: 1, arbitrary: fc.tuple(path, operator, path).map(([left, own, right]) => `${left} ${own} ${right}`) },
    { weight: 3, arbitrary: fc.tuple(call, inside).map(([own, arg]) => `$${own}(${arg})`) },
    { weight: 2, arbitrary: fc.tuple(search, inside, literal).map(([own, arg, token]) => `$${own}(${arg}, ${token})`) },
    { weight: 1, arbitrary: fc.tuple(inside, literal).map(([arg, token]) => `$split(${arg}, ${token})[1]`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(inside, literal, bracket, step)
        .map(([arg, token, own, next]) => `$split(${arg}, ${token})${own}.${next}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('contains', 'match', 'split'), inside, regex)
        .map(([own, arg, pattern]) => `$${own}(${arg}, ${pattern})`),
    },
    { weight: 1, arbitrary: fc.tuple(path, regex).map(([arg, pattern]) => `$match(${arg}, ${pattern}).groups[0]`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(inside, fc.oneof(regex, literal), literal)
        .map(([arg, pattern, replacement]) => `$replace(${arg}, ${pattern}, ${replacement})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(inside, fc.integer({ min: -4, max: 4 }), fc.integer({ min: -1, max: 4 }))
        .map(([arg, from, length]) => `$substring(${arg}, ${from}, ${length})`),
    },
    { weight: 1, arbitrary: fc.tuple(inside, call).map(([arg, own]) => `${arg} ~> $${own}`) },
    {
      weight: 2,
      arbitrary: fc.tuple(inside, inside, inside).map(([test, yes, no]) => `(${test}) ? (${yes}) : (${no})`),
    },
    { weight: 1, arbitrary: fc.tuple(inside, inside).map(([test, yes]) => `(${test}) ? (${yes})`) },
    { weight: 1, arbitrary: fc.tuple(path, inside).map(([left, right]) => `${left} ?? ${right}`) },
    { weight: 1, arbitrary: fc.tuple(path, inside).map(([left, right]) => `${left} ?: ${right}`) },
    { weight: 1, arbitrary: inside.map((own) => `-(${own})`) },
    ...(variables.length === 0 ? [] : [{ weight: 1, arbitrary: iteration(inside) }]),
    { weight: 1, arbitrary: fc.tuple(inside, step).map(([own, next]) => `(${own}).${next}`) },
    { weight: 1, arbitrary: fc.array(inside, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`) },
    {
      weight: 1,
      arbitrary: fc
        .uniqueArray(fc.tuple(fc.constantFrom('k', 'l', '__proto__', '1'), inside), {
          maxLength: 3,
          selector: ([key]) => key,
        })
        .map((members) => `{${members.map(([key, value]) => `"${key}": ${value}`).join(', ')}}`),
    },
  )
}

/** Functions within functions, at their end and elsewhere. */
function iteration(inside: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom('map', 'filter'), inside, inside, fc.constantFrom('', '', '[0]', '.a'))
    .map(([own, list, use, after]) => `$${own}(${list}, function($v) { ${use} })${after}`)
}
