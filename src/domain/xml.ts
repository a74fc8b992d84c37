/**
 * XML as plain data, read strictly and within bounds: what is not well-formed is refused, and so are document types and with them
 * every entity but the five of XML itself, so that no text can grow or reach for a file. Elements become members, attributes members
 * with an `@` in front; a repeated element is a list; an element with nothing but text is that text, text beside attributes stands
 * under `#text`. Prefixes are dropped: providers change them, and mean the same.
 *
 *     <n:Order id="7"><item>a</item><item>b</item><note/></n:Order>
 *     → { Order: { '@id': '7', item: ['a', 'b'], note: '' } }
 */
export type ParsedXml =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  /** `detail` quotes nothing of the text. */
  | { readonly ok: false; readonly detail: string }

export interface XmlOptions {
  /** Elements that are always lists, also where one stands alone. */
  readonly lists?: readonly string[] | undefined
}

const MAX_DEPTH = 100
/** A notification of a hundred records has some thousands. */
const MAX_ELEMENTS = 100_000
const MAX_ATTRIBUTES = 100

interface OpenElement {
  /** As it is written, for its end tag. */
  readonly tag: string
  readonly name: string
  readonly members: Record<string, unknown>
  hasMembers: boolean
  text: string
}

/** Never throws. */
export function parseXml(text: string, options: XmlOptions = {}): ParsedXml {
  try {
    return { ok: true, value: new Reading(text, new Set(options.lists)).document() }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, detail: error.message }
    throw error
  }
}

class Malformed extends Error {}

/** Names of XML 1.0 §2.3, in ASCII and beyond it whatever is no space or sign of the syntax. */
const NAME = /[A-Za-z_:\u0080-\uffff][\w.:\-\u0080-\uffff]*/y
const ATTRIBUTE = /\s+([A-Za-z_:\u0080-\uffff][\w.:\-\u0080-\uffff]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y
const TAG_END = /\s*(\/?)>/y
const END_TAG = /<\/([A-Za-z_:\u0080-\uffff][\w.:\-\u0080-\uffff]*)\s*>/y
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

class Reading {
  readonly #text: string
  readonly #lists: ReadonlySet<string>
  readonly #open: OpenElement[] = []
  readonly #root = newRecord()
  #elements = 0
  #at = 0

  constructor(text: string, lists: ReadonlySet<string>) {
    this.#text = text
    this.#lists = lists
  }

  document(): Record<string, unknown> {
    const text = this.#text
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1
    while (this.#at < text.length) {
      if (text.charCodeAt(this.#at) !== LESS_THAN) this.#readText()
      else if (text.startsWith('<!--', this.#at)) this.#skipTo('-->', 4)
      else if (text.startsWith('<![CDATA[', this.#at)) this.#readCdata()
      else if (text.startsWith('<?', this.#at)) this.#skipTo('?>', 2)
      else if (text.startsWith('</', this.#at)) this.#endElement()
      else if (text.startsWith('<!', this.#at)) this.#fail('a document type is not allowed')
      else this.#startElement()
    }
    if (this.#open.length > 0) this.#fail('an element is not closed')
    if (this.#elements === 0) this.#fail('there is no element')
    return this.#root
  }

  #readText(): void {
    const end = this.#text.indexOf('<', this.#at)
    const raw = this.#text.slice(this.#at, end === -1 ? undefined : end)
    const open = this.#open.at(-1)
    if (open !== undefined) open.text += this.#resolve(raw)
    else if (raw.trim() !== '') this.#fail('there is text outside of the root element')
    this.#at += raw.length
  }

  #readCdata(): void {
    const start = this.#at + '<![CDATA['.length
    const open = this.#open.at(-1)
    if (open === undefined) this.#fail('there is text outside of the root element')
    this.#skipTo(']]>', '<![CDATA['.length)
    open.text += this.#text.slice(start, this.#at - ']]>'.length)
  }

  #startElement(): void {
    this.#elements += 1
    if (this.#elements > MAX_ELEMENTS) this.#fail(`there are more than ${MAX_ELEMENTS} elements`)
    if (this.#open.length >= MAX_DEPTH) this.#fail(`elements are nested more than ${MAX_DEPTH} deep`)
    if (this.#open.length === 0 && this.#elements > 1) this.#fail('there is more than one root element')
    this.#at += 1
    const tag = this.#take(NAME)?.[0]
    if (tag === undefined) this.#fail('a tag has no name')
    const element: OpenElement = { tag, name: localName(tag), members: newRecord(), hasMembers: false, text: '' }
    this.#readAttributes(element)
    const end = this.#take(TAG_END)
    if (end === null) this.#fail('a tag is malformed')
    if (end[1] === '/') this.#close(element)
    else this.#open.push(element)
  }

  #readAttributes(element: OpenElement): void {
    const seen = new Set<string>()
    for (let found = this.#take(ATTRIBUTE); found !== null; found = this.#take(ATTRIBUTE)) {
      const name = found[1]!
      if (seen.has(name)) this.#fail('an attribute is repeated')
      seen.add(name)
      if (seen.size > MAX_ATTRIBUTES) this.#fail(`an element has more than ${MAX_ATTRIBUTES} attributes`)
      if (name === 'xmlns' || name.startsWith('xmlns:')) continue
      element.members[`@${localName(name)}`] = this.#resolve(found[2] ?? found[3] ?? '')
      element.hasMembers = true
    }
  }

  #endElement(): void {
    const name = this.#take(END_TAG)?.[1]
    const open = this.#open.pop()
    if (open === undefined || name !== open.tag) this.#fail('an end tag does not fit')
    this.#close(open)
  }

  #close({ name, members, hasMembers, text }: OpenElement): void {
    let value: unknown = text
    if (hasMembers) {
      if (text.trim() !== '') members['#text'] = text.trim()
      value = members
    }
    const parent = this.#open.at(-1)
    const into = parent?.members ?? this.#root
    if (parent !== undefined) parent.hasMembers = true
    const seen = into[name]
    if (Array.isArray(seen)) seen.push(value)
    else if (seen !== undefined) into[name] = [seen, value]
    else into[name] = this.#lists.has(name) ? [value] : value
  }

  /** Text with its entities resolved. */
  #resolve(text: string): string {
    if (!text.includes('&')) return text
    return text.replace(/&(#x?)?([^;&\s]{0,10})(;?)/g, (_, number: string | undefined, name: string, end: string) => {
      const resolved = end === '' ? undefined : number === undefined ? ENTITIES[name] : character(name, number === '#x')
      return resolved ?? this.#fail('an entity is not known')
    })
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found !== null) this.#at = pattern.lastIndex
    return found
  }

  #skipTo(end: string, from: number): void {
    const found = this.#text.indexOf(end, this.#at + from)
    if (found === -1) this.#fail('something is not closed')
    this.#at = found + end.length
  }

  #fail(problem: string): never {
    throw new Malformed(`${problem} (at character ${this.#at + 1})`)
  }
}

const LESS_THAN = 0x3c

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

/** The character of a reference such as `&#x20AC;`; undefined for what is none. */
function character(digits: string, isHex: boolean): string | undefined {
  if (!(isHex ? /^[0-9A-Fa-f]{1,6}$/ : /^\d{1,7}$/).test(digits)) return undefined
  const code = Number.parseInt(digits, isHex ? 16 : 10)
  const isCharacter = code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0x10ffff)
  return isCharacter && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : undefined
}

/** Without prototype, so that an element may have any name. */
function newRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}
