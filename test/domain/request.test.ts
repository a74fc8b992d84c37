import { describe, expect, test } from 'vitest'
import { HeaderList } from '../../src/domain/request.ts'

const list = new HeaderList(['X-Sig', 'a', 'Host', 'h', 'x-sig', 'b', 'X-SIG', 'a'])

describe('HeaderList', () => {
  test('finds a header however its name is written', () => {
    expect(list.get('HOST')).toBe('h')
    expect(list.has('hOsT')).toBe(true)
  })

  test('keeps every value of a repeated header in order', () => expect(list.all('x-sig')).toEqual(['a', 'b', 'a']))

  test('joins repeated values for reading', () => expect(list.get('x-sig')).toBe('a, b, a'))

  test('answers for a header that is not there', () => {
    expect(list.all('x-none')).toEqual([])
    expect(list.get('x-none')).toBeUndefined()
    expect(list.has('x-none')).toBe(false)
  })

  test('takes names for names, also those of object members', () => {
    const odd = new HeaderList(['__proto__', 'x', 'constructor', 'y'])
    expect(Object.entries(odd.toRecord())).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(list.has('constructor')).toBe(false)
    expect(list.toRecord()['toString']).toBeUndefined()
  })

  test('becomes a record of lower-case names in order of arrival', () => {
    expect(Object.entries(list.toRecord())).toEqual([
      ['x-sig', 'a, b, a'],
      ['host', 'h'],
    ])
  })

  test('gives the same record at every call, and beside it copies that may be changed', () => {
    const one = new HeaderList(['A', '1'])
    expect(one.record()).toBe(one.record())
    one.toRecord()['a'] = '2'
    expect(one.record()).toEqual({ a: '1' })
  })

  test('tells which headers were sent once', () => {
    const odd = new HeaderList(['__proto__', 'x', 'Twice', '1', 'once', 'o', 'twice', '2', 'TWICE', '3'])
    expect(Object.entries(odd.singles())).toEqual([
      ['__proto__', 'x'],
      ['once', 'o'],
    ])
  })

  test('gives pairs that can be sent again', () => {
    expect([...list.pairs()]).toEqual([
      ['x-sig', 'a'],
      ['x-sig', 'b'],
      ['x-sig', 'a'],
      ['host', 'h'],
    ])
  })

  test('comes from a record, with lists for repetitions', () => {
    expect([...HeaderList.from({ A: ['1', '2'], b: '3' }).pairs()]).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
    ])
  })

  test('leaves out a name without a value', () =>
    expect([...new HeaderList(['a', '1', 'b']).pairs()]).toEqual([['a', '1']]))
})
