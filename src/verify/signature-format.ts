/**
 * Composite signature values such as `t=1492774577,v1=5257a8…,v1=6ffb…`. The format is cut at the separator into elements, each
 * some literal text and placeholders; so is the value, and every element of the value goes to the element of the format with the
 * longest literal text that it begins with. Elements without literal text take what is left, by position. What fits nowhere is
 * ignored (providers add new versions beside the old), `{signature}` may stand several times, with it `{key_id}`, anything else only
 * once.
 *
 *     format "t={timestamp},v1={signature}"   value "t=1492774577,v0=abcd,v1=5257a8,v1=6ffb"
 *     → parts { timestamp: "1492774577" }, signatures ["5257a8", "6ffb"]
 */
export interface SignatureFormat {
  /** Names of the placeholders, `signature` among them. */
  readonly placeholders: readonly string[]
  read(value: string): FormatReading
  /** The value with these texts in place of the placeholders; one that is not given is written as its name. */
  write(texts: Readonly<Record<string, string>>): string
}

export type FormatReading =
  | {
      readonly kind: 'read'
      readonly signatures: readonly string[]
      readonly parts: ReadonlyMap<string, string>
    }
  /** No element of the value is a signature of this format. */
  | { readonly kind: 'foreign' }
  /** A placeholder that may stand once stands twice. */
  | { readonly kind: 'ambiguous'; readonly placeholder: string }

interface Element {
  readonly head: string
  readonly holes: readonly { readonly name: string; readonly after: string }[]
}

/** A string instead of the format tells what is wrong with it. */
export function compileSignatureFormat(format: string, separator: string): SignatureFormat | string {
  const elements: Element[] = []
  for (const source of splitElements(format, separator)) {
    const element = compileElement(source)
    if (typeof element === 'string') return element
    elements.push(element)
  }
  const placeholders = elements.flatMap((element) => element.holes.map((hole) => hole.name))
  if (placeholders.filter((name) => name === 'signature').length !== 1) {
    return `the format "${format}" must hold {signature} once`
  }
  if (new Set(placeholders).size !== placeholders.length) return `the format "${format}" repeats a placeholder`
  const heads = elements.filter((element) => element.head !== '').map((element) => element.head)
  if (new Set(heads).size !== heads.length) return `the format "${format}" has two elements that begin alike`

  const byHead = elements.filter((element) => element.head !== '').sort((a, b) => b.head.length - a.head.length)
  const byPosition = elements.filter((element) => element.head === '')
  const fixed = elements.filter((element) => element.holes.length === 0)

  return {
    placeholders,
    read(value) {
      const signatures: string[] = []
      const parts = new Map<string, string>()
      const keyIds = new Set<string>()
      const seenFixed = new Set<Element>()
      let position = 0
      for (const text of splitElements(value, separator)) {
        let element = byHead.find((candidate) => text.startsWith(candidate.head))
        if (element === undefined && text !== '') {
          element = byPosition[Math.min(position, byPosition.length - 1)]
          position += 1
        }
        const captured = element === undefined ? undefined : capture(element, text)
        if (element === undefined || captured === undefined) continue
        if (captured.length === 0) seenFixed.add(element)
        for (const [name, part] of captured) {
          if (name === 'signature') signatures.push(part)
          else if (name === 'key_id') keyIds.add(part)
          else if (parts.has(name)) return { kind: 'ambiguous', placeholder: name }
          else parts.set(name, part)
        }
      }
      if (signatures.length === 0 || seenFixed.size < fixed.length) return { kind: 'foreign' }
      // With several there is no telling here which of them is meant; the signature that is right tells.
      if (keyIds.size === 1) for (const keyId of keyIds) parts.set('key_id', keyId)
      return { kind: 'read', signatures, parts }
    },
    write(texts) {
      return elements
        .map(
          (element) =>
            element.head + element.holes.map((hole) => (texts[hole.name] ?? hole.name) + hole.after).join(''),
        )
        .join(separator)
    },
  }
}

/** The names and texts that stand in this element's holes; undefined when the text does not fit it. */
function capture(element: Element, text: string): [name: string, part: string][] | undefined {
  let at = element.head.length
  const captured: [string, string][] = []
  for (const [index, hole] of element.holes.entries()) {
    const isLast = index === element.holes.length - 1
    if (isLast && !text.slice(at).endsWith(hole.after)) return undefined
    const end = isLast ? text.length - hole.after.length : text.indexOf(hole.after, at)
    if (end === -1) return undefined
    captured.push([hole.name, text.slice(at, end)])
    at = end + hole.after.length
  }
  return at === text.length ? captured : undefined
}

function compileElement(source: string): Element | string {
  const tokens = source.split(/\{([a-z][a-z0-9_]*)\}/)
  const head = tokens[0]!
  const holes: { name: string; after: string }[] = []
  for (let at = 1; at < tokens.length; at += 2) holes.push({ name: tokens[at]!, after: tokens[at + 1]! })
  if ([head, ...holes.map((hole) => hole.after)].some((text) => /[{}]/.test(text))) {
    return `the format's element "${source}" has a brace that belongs to no placeholder`
  }
  if (holes.slice(0, -1).some((hole) => hole.after === '')) return `two placeholders of "${source}" stand side by side`
  return { head, holes }
}

/** Blanks around an element are not part of it (`t=1, v1=…`), unless the separator is a blank itself. */
function splitElements(text: string, separator: string): string[] {
  const elements = text.split(separator)
  return separator.trim() === '' ? elements : elements.map((element) => element.trim())
}
