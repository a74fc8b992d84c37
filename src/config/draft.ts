/**
 * The configuration while it is being put together from the file, the environment and the defaults: plain data that may still be
 * wrong, and for each value the place to point at and how to show it.
 */
import type { DocumentPath, Position, YamlDocument } from '../document/yaml-document.ts'

export type DraftMapping = Record<string, unknown>

export class Draft implements YamlDocument {
  readonly file: string
  readonly data: DraftMapping
  readonly findings: YamlDocument['findings'] = []
  readonly #source: YamlDocument
  readonly #origins = new Map<string, string>()
  readonly #interpolated = new Set<string>()

  /** `data` is changed in place from here on. */
  constructor(source: YamlDocument, data: DraftMapping) {
    this.file = source.file
    this.data = data
    this.#source = source
    for (const [path] of leavesOf(data)) {
      const { file, line, column } = source.positionOf(path)
      this.#origins.set(keyOf(path), line === 0 ? file : `${file}:${line}:${column}`)
    }
  }

  /** Sets a value that does not come from the file, making the mappings on the way. Does nothing where something else is in the way. */
  set(path: readonly string[], value: unknown, origin: string): void {
    let mapping = this.data
    for (const step of path.slice(0, -1)) {
      const next = (mapping[step] ??= {})
      if (!isMapping(next)) return
      mapping = next
    }
    mapping[path.at(-1)!] = value
    for (const [below] of leavesOf(value)) this.#origins.set(keyOf([...path, ...below]), origin)
  }

  /** Says that the text at this path was put together from the environment or from files. */
  markInterpolated(path: DocumentPath, references: readonly string[]): void {
    const key = keyOf(path)
    this.#origins.set(key, `${this.#origins.get(key) ?? this.file} (${references.join(' ')})`)
    this.#interpolated.add(key)
  }

  /** Whether the value is not written in the file as it is: then findings show its kind, not what it says. */
  isInterpolated(path: DocumentPath): boolean {
    return this.#interpolated.has(keyOf(path))
  }

  originOf(path: DocumentPath): string {
    return this.#origins.get(keyOf(path)) ?? 'default'
  }

  /** The place in the file, or the variable that set the value. */
  positionOf(path: DocumentPath, atKey?: boolean): Position {
    const origin = this.#origins.get(keyOf(path))
    if (origin?.startsWith('environment variable') === true) return { file: origin, line: 0, column: 0 }
    return this.#source.positionOf(path, atKey)
  }
}

export function isMapping(value: unknown): value is DraftMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every scalar with its path, in order; also empty lists and mappings. */
export function* leavesOf(value: unknown, path: DocumentPath = []): Generator<[DocumentPath, unknown]> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) yield [path, value]
  else if (Array.isArray(value)) for (const [at, item] of value.entries()) yield* leavesOf(item, [...path, at])
  else for (const [key, item] of Object.entries(value)) yield* leavesOf(item, [...path, key])
}

function keyOf(path: DocumentPath): string {
  return JSON.stringify(path)
}
