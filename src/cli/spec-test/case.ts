/**
 * From specs to cases: what is to be run, each with the place it comes from. Today a case is one example; whatever else is made from
 * an example joins it here.
 */
import type { Example } from '../../domain/provider-spec.gen.ts'
import type { LoadedSpec } from '../../spec/load.ts'
import type { DocumentPath } from '../../spec/lint.ts'
import type { Place } from './result.ts'

export interface SpecCase {
  readonly name: string
  readonly example: Example
  /** Where the example stands. */
  readonly place: Place
  /** Where something within the example stands; for what is not written down, the nearest thing around it that is. */
  placeOf(path: DocumentPath): Place
}

/** The cases of one spec, in the order of the file; with a filter those whose name contains it, case ignored. */
export function casesOf({ file, spec, yaml }: LoadedSpec, filter?: string): SpecCase[] {
  const wanted = filter?.toLowerCase()
  return spec.examples.flatMap((example, at) => {
    if (wanted !== undefined && !example.name.toLowerCase().includes(wanted)) return []
    const placeOf = (path: DocumentPath): Place => {
      const { line, column } = yaml.positionOf(['examples', at, ...path])
      return { file, line, column }
    }
    return [{ name: example.name, example, place: placeOf([]), placeOf }]
  })
}
