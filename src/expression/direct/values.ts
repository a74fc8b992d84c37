/** Truth, text and comparison of single values, by JSONata's rules. Arrays and objects are mostly left to JSONata. */
import { BAIL, type Run } from './run.ts'

/** `$boolean`, with undefined as false. */
export function isTrue(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return value !== ''
    case 'number':
      if (value === Infinity || value === -Infinity) throw BAIL
      return value !== 0 && !Number.isNaN(value)
    case 'object':
      if (value === null) return false
      if (Array.isArray(value)) throw BAIL
      return hasMembers(value)
    default:
      return false
  }
}

function hasMembers(value: object): boolean {
  for (const key in value) if (Object.hasOwn(value, key)) return true
  return false
}

/** `$string` of a value, as `&` uses it: nothing for undefined. */
export function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      // 15 significant digits, so that 0.1 + 0.2 is 0.3
      if (!Number.isFinite(value)) throw BAIL
      return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(15)))
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return ''
    default:
      if (value === null) return 'null'
      throw BAIL
  }
}

export function concatenate(run: Run, left: unknown, right: unknown): string {
  const text = textOf(left) + textOf(right)
  run.chargeText(text.length)
  return text
}

/** False where either side is missing, for `=` and for `!=`. */
export function equals(left: unknown, right: unknown, whenEqual: boolean): boolean {
  if (left === undefined || right === undefined) return false
  if (left === right) return whenEqual
  if (typeof left === 'object' && typeof right === 'object' && left !== null && right !== null) throw BAIL
  return !whenEqual
}

export type Order = '<' | '<=' | '>' | '>='

/** Undefined where either side is missing. */
export function compare(left: unknown, right: unknown, order: Order): boolean | undefined {
  if (!isComparable(left) || !isComparable(right)) throw BAIL
  if (left === undefined || right === undefined) return undefined
  if (typeof left !== typeof right) throw BAIL
  switch (order) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    default:
      return left >= right
  }
}

function isComparable(value: unknown): value is string | number | undefined {
  return value === undefined || typeof value === 'string' || typeof value === 'number'
}

export function isIn(run: Run, item: unknown, list: unknown): boolean {
  if (item === undefined || list === undefined) return false
  if (!Array.isArray(list)) return list === item
  run.charge(list.length)
  return list.includes(item) && !Number.isNaN(item) // JSONata asks ===
}

export type Arithmetic = '+' | '-' | '*' | '/' | '%'

/** Undefined where either side is missing. */
export function calculate(left: unknown, right: unknown, operator: Arithmetic): number | undefined {
  if (!isNumber(left) || !isNumber(right)) throw BAIL
  if (left === undefined || right === undefined) return undefined
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    default:
      return left % right
  }
}

function isNumber(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value))
}

export function negate(value: unknown): number | undefined {
  if (!isNumber(value)) throw BAIL
  return value === undefined ? undefined : -value
}
