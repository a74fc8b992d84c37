import { createContext, Script } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { BoundExceeded, ExpressionFailure } from '../../src/expression/failure.ts'
import { toPlainData } from '../../src/expression/plain-data.ts'

describe('plain data', () => {
  test('has no members but its own, and the prototypes of this realm', () => {
    const foreign: unknown = new Script(
      'const s = [1, { a: [2] }]; s.sequence = true; s.push = () => 0; const o = Object.create(null); o.s = s; o.u = undefined; o.__proto__ = 3; o',
    ).runInContext(createContext({}))
    const plain = toPlainData(foreign)
    expect(plain).toStrictEqual(JSON.parse('{"s":[1,{"a":[2]}],"__proto__":3}'))
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype)
  })

  test('holds no function', () => {
    for (const value of [() => 1, [() => 1], { a: { b: () => 1 } }])
      expect(() => toPlainData(value)).toThrow(ExpressionFailure)
  })

  test('takes a member called apply for data', () => {
    expect(toPlainData({ apply: 'now', implementation: null })).toEqual({ apply: 'now', implementation: null })
  })

  test('has a size that others can afford', () => {
    const loop: unknown[] = []
    loop.push(loop)
    let doubled: unknown = 1
    for (let at = 0; at < 60; at += 1) doubled = [doubled, doubled]
    const long = 'a'.repeat(6 * 1024 * 1024)
    for (const value of [loop, doubled, [long, long, long], Array.from({ length: 200_000 }, () => 1)]) {
      expect(() => toPlainData(value)).toThrow(BoundExceeded)
    }
  })
})
