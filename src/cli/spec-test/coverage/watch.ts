/** Stands between a spec and what runs it, and sees which of its rules have an effect. The spec runs as it is. */
import { andThen, type CompiledExpression, isTruthy } from '../../../domain/expression.ts'
import type { ConnectionDirectory } from '../../../engine/ports.ts'
import type { CompiledSpec } from '../../../spec/compiled-spec.ts'

export interface Sightings {
  /** Positions of the match rules that found a connection. */
  readonly matchRules: ReadonlySet<number>
  /** Positions of the answers whose condition held. */
  readonly answers: ReadonlySet<number>
}

export interface SpecWatch {
  spec(spec: CompiledSpec): CompiledSpec
  directory(directory: ConnectionDirectory): ConnectionDirectory
  /** What was seen since this was last called. */
  take(): Sightings
}

export function createSpecWatch(): SpecWatch {
  let matchRules = new Set<number>()
  let answers = new Set<number>()
  let rule = -1
  return {
    spec: (spec) => ({
      ...spec,
      match: spec.match.map((one, at) => ({ ...one, equals: before(one.equals, () => (rule = at)) })),
      answers: spec.answers.map((one, at) => ({
        ...one,
        when: one.when === null ? null : after(one.when, (holds) => holds && answers.add(at)),
      })),
    }),
    directory: (directory) => ({
      findConnections: (query, limit) =>
        andThen(directory.findConnections(query, limit), (found) => {
          if (found.length > 0) matchRules.add(rule)
          return found
        }),
    }),
    take() {
      const seen = { matchRules, answers }
      matchRules = new Set()
      answers = new Set()
      return seen
    },
  }
}

function before(expression: CompiledExpression, note: () => void): CompiledExpression {
  return {
    source: expression.source,
    evaluate(scope, extra) {
      note()
      return expression.evaluate(scope, extra)
    },
  }
}

function after(expression: CompiledExpression, note: (holds: boolean) => void): CompiledExpression {
  return {
    source: expression.source,
    evaluate: (scope, extra) =>
      andThen(expression.evaluate(scope, extra), (result) => {
        note(result.ok && isTruthy(result.value))
        return result
      }),
  }
}
