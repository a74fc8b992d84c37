/**
 * A small diff of two values as people read JSON: members that are the same are left out, members that differ appear with a minus
 * as they were expected and with a plus as they were seen. Long texts are cut down to the place where they part.
 */
export interface DiffLine {
  /** `-` expected, `+` seen, a blank for what stands around them. */
  readonly sign: '-' | '+' | ' '
  readonly text: string
}

/** More lines than this help nobody; the rest is counted. */
const MAX_LINES = 60
const MAX_INLINE = 100
/** Characters shown before and after the place where two long texts part. */
const CONTEXT_BEFORE = 30
const CONTEXT_AFTER = 50

/** The difference of two values of JSON; undefined is a value that is not there. Empty when they are the same. */
export function diffValues(expected: unknown, seen: unknown): DiffLine[] {
  const lines: DiffLine[] = []
  compare(expected, seen, '', '', lines)
  if (lines.length <= MAX_LINES) return lines
  return [...lines.slice(0, MAX_LINES), { sign: ' ', text: `… ${lines.length - MAX_LINES} more lines` }]
}

/** Whether two values of JSON are the same; the order of members does not count, that of items does. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => isSameValue(item, b[at]))
    )
  }
  if (!isRecord(a) || !isRecord(b)) return a === b
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]))
  )
}

function compare(expected: unknown, seen: unknown, indent: string, label: string, lines: DiffLine[]): void {
  if (isSameValue(expected, seen)) return
  if (Array.isArray(expected) && Array.isArray(seen)) {
    lines.push({ sign: ' ', text: `${indent}${label}[` })
    const places = Array.from({ length: Math.max(expected.length, seen.length) }, (_, at) => ({
      label: '',
      expected: at < expected.length ? { value: expected[at] as unknown } : null,
      seen: at < seen.length ? { value: seen[at] as unknown } : null,
    }))
    compareParts(places, 'item', indent, lines)
    lines.push({ sign: ' ', text: `${indent}]` })
  } else if (isRecord(expected) && isRecord(seen)) {
    lines.push({ sign: ' ', text: `${indent}${label}{` })
    const names = [...new Set([...Object.keys(expected), ...Object.keys(seen)])]
    const members = names.map((name) => ({
      label: `${JSON.stringify(name)}: `,
      expected: Object.hasOwn(expected, name) ? { value: expected[name] } : null,
      seen: Object.hasOwn(seen, name) ? { value: seen[name] } : null,
    }))
    compareParts(members, 'member', indent, lines)
    lines.push({ sign: ' ', text: `${indent}}` })
  } else if (isLongText(expected) || isLongText(seen)) {
    const [left, right] = aroundDifference(asText(expected), asText(seen))
    lines.push({ sign: '-', text: `${indent}${label}${left}` }, { sign: '+', text: `${indent}${label}${right}` })
  } else {
    write(expected, '-', indent, label, lines)
    write(seen, '+', indent, label, lines)
  }
}

interface Part {
  readonly label: string
  /** null where there is no such member or item */
  readonly expected: { readonly value: unknown } | null
  readonly seen: { readonly value: unknown } | null
}

function compareParts(parts: readonly Part[], noun: string, indent: string, lines: DiffLine[]): void {
  let same = 0
  const inner = `${indent}  `
  const flush = (): void => {
    if (same > 0) lines.push({ sign: ' ', text: `${inner}… ${same} equal ${noun}${same === 1 ? '' : 's'}` })
    same = 0
  }
  for (const { label, expected, seen } of parts) {
    if (expected !== null && seen !== null && isSameValue(expected.value, seen.value)) {
      same += 1
      continue
    }
    flush()
    if (expected !== null && seen !== null) compare(expected.value, seen.value, inner, label, lines)
    else if (expected !== null) write(expected.value, '-', inner, label, lines)
    else if (seen !== null) write(seen.value, '+', inner, label, lines)
  }
  flush()
}

function write(value: unknown, sign: '-' | '+', indent: string, label: string, lines: DiffLine[]): void {
  for (const [at, line] of render(value).split('\n').entries()) {
    lines.push({ sign, text: at === 0 ? `${indent}${label}${line}` : `${indent}${line}` })
  }
}

/** One line of JSON where that is short enough to be read, indented JSON otherwise. */
export function render(value: unknown): string {
  if (value === undefined) return 'nothing'
  const line = JSON.stringify(value)
  return line.length <= MAX_INLINE ? line : JSON.stringify(value, null, 2)
}

function isLongText(value: unknown): boolean {
  return typeof value === 'string' && value.length > MAX_INLINE
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : render(value)
}

/** Both texts around the first character in which they differ. */
function aroundDifference(left: string, right: string): [string, string] {
  let at = 0
  while (at < left.length && at < right.length && left[at] === right[at]) at += 1
  const start = Math.max(0, at - CONTEXT_BEFORE)
  const cut = (text: string): string => {
    const end = Math.min(text.length, at + CONTEXT_AFTER)
    const head = start > 0 ? `…${start} characters… ` : ''
    const tail = end < text.length ? ` …${text.length - end} characters…` : ''
    return `${head}${JSON.stringify(text.slice(start, end))}${tail}`
  }
  return [cut(left), cut(right)]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
