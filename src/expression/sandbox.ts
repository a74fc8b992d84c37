/**
 * Runs JSONata where it can be stopped. Its own guards (depth, length of sequences, time) are looked at between two steps, and one
 * step can be a comparison of two huge values or a sort; its promises would keep the event loop busy all that time. So it lives in a
 * context of its own, whose microtasks are worked off before `run` comes back, and V8 ends whatever is still running at the deadline.
 * What V8 cannot interrupt are single operations of the engine on very long text; those are refused by length before they begin.
 *
 * In this context JSONata has its own `Object.prototype`, no code from strings, no `Buffer`, and a clock that only goes forward.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createContext, Script, type Context } from 'node:vm'
import type jsonata from 'jsonata'
import { ADDED_FUNCTIONS, REFUSED_FUNCTIONS } from './functions/catalog.ts'
import { arityOf, type ExpressionFunction, type FunctionHost, MAX_TEXT_LENGTH } from './functions/function.ts'
import { BoundExceeded, ExpressionFailure } from './failure.ts'
import { LENGTH_GUARDS, type LengthGuard } from './length-guards.ts'
import type { ExpressionLimits } from './limits.ts'
import { createRegexEngine, type RegexEngine } from './regex.ts'
import type { Survey } from './survey.ts'

/** A function as JSONata keeps it. */
interface Definition {
  _jsonata_function: true
  implementation: (this: Focus, ...args: unknown[]) => unknown
  signature?: unknown
}

/** What JSONata passes as `this`. */
interface Focus {
  readonly input: unknown
  readonly environment: { lookup(name: string): Definition | undefined }
}

interface Job {
  readonly expression: jsonata.Expression
  readonly input: Readonly<Record<string, unknown>>
  /** Gives JSONata a copy, because this expression could write into what it reads. */
  readonly copiesInput: boolean
  outcome: { readonly value: unknown } | { readonly thrown: unknown } | undefined
}

/** Defined inside, so that every promise is one of the context. */
const BOOTSTRAP = `
  const copy = (value) => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(copy)
    const members = Object.create(null)
    for (const key of Object.keys(value)) members[key] = copy(value[key])
    return members
  }
  const run = async (job) => {
    try {
      job.outcome = { value: await job.expression.evaluate(job.copiesInput ? copy(job.input) : job.input) }
    } catch (thrown) {
      job.outcome = { thrown }
    }
  }
  run
`

/**
 * What JSONata uses of the language's library. As parameters of a function around it they are found at once; as globals of a context
 * each use would go through Node's interceptors, which makes JSONata five times slower.
 */
const GLOBALS =
  'Array, Object, String, Number, Math, JSON, Date, RegExp, Error, Symbol, Promise, isNaN, isFinite, parseInt, parseFloat, ' +
  'encodeURI, encodeURIComponent, decodeURI, decodeURIComponent'

/** JSONata's guard comes first, because it unwinds cleanly; V8's is for what it does not see. */
const OWN_GUARD_SHARE = 0.8

const MAX_ROUNDS = 3

const EVALUATE_EXIT = Symbol.for('jsonata.__evaluate_exit')

export class Sandbox {
  readonly #limits: ExpressionLimits
  readonly #context: Context
  readonly #compile: typeof jsonata
  readonly #start = new Script('start()')
  readonly #regexes: RegexEngine = createRegexEngine()
  readonly #options: jsonata.JsonataOptions
  #job: Job | undefined
  #host: FunctionHost | undefined

  constructor(limits: ExpressionLimits) {
    this.#limits = limits
    const globals: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    this.#context = createContext(globals, {
      microtaskMode: 'afterEvaluate',
      codeGeneration: { strings: false, wasm: false },
    })
    const file = createRequire(import.meta.url).resolve('jsonata')
    const source = `(function (module, exports, ${GLOBALS}) {${readFileSync(file, 'utf8')}\n})`
    const load = new Script(source, { filename: 'jsonata.js' }).runInContext(this.#context) as (
      ...args: unknown[]
    ) => void
    const module = { exports: {} }
    load(module, module.exports, ...(new Script(`[${GLOBALS}]`).runInContext(this.#context) as unknown[]))
    this.#compile = module.exports as typeof jsonata
    const run = new Script(BOOTSTRAP).runInContext(this.#context) as (job: Job) => void
    globals['start'] = () => run(this.#job!)
    globals['monotonic'] = () => performance.now()
    new Script('Date.now = monotonic').runInContext(this.#context)
    this.#options = {
      timeout: Math.max(1, Math.floor(limits.timeoutMs * OWN_GUARD_SHARE)),
      stack: limits.stack,
      sequence: limits.sequence,
      RegexEngine: this.#regexes.engine,
    }
    for (const [name, guard] of Object.entries(LENGTH_GUARDS)) this.#guard(name, guard)
    for (const name of Object.keys(REFUSED_FUNCTIONS)) {
      this.#guard(name, () => {
        throw new ExpressionFailure(`$${name} is not available`)
      })
    }
  }

  /** Makes the expression ready to run. It has passed the checks before. */
  prepare(source: string, survey: Survey): jsonata.Expression {
    const expression = this.#compile(source, this.#options)
    const bind = (name: string, value: unknown): void => expression.assign(name, value)
    const used = new Set([...survey.calls.map((call) => call.name), ...survey.variables.map((node) => node.value)])
    for (const name of used) {
      const added = typeof name === 'string' ? ADDED_FUNCTIONS.get(name) : undefined
      if (added !== undefined) bind(added.name, this.#define(added))
    }
    if (used.has('now')) bind('now', this.#defineNow())
    if (used.has('millis')) bind('millis', { _jsonata_function: true, implementation: () => this.#host!.now })
    // Called with the result of every step: no text may grow beyond what the engine handles in a few milliseconds.
    Reflect.apply(expression.assign, expression, [EVALUATE_EXIT, checkLength])
    return expression
  }

  /**
   * The value, which still belongs to the context. Throws what the expression throws, or BoundExceeded. An expression that ran out
   * of time while the process hardly got any (a busy machine, a CPU quota used up) is run again: it has no effects.
   */
  run(expression: jsonata.Expression, input: Job['input'], copiesInput: boolean, host: FunctionHost): unknown {
    for (let round = 1; ; round += 1) {
      const before = process.cpuUsage()
      try {
        return this.#runOnce(expression, input, copiesInput, host)
      } catch (thrown) {
        const { user, system } = process.cpuUsage(before)
        const wasStarved = (user + system) / 1_000 < this.#limits.timeoutMs / 2
        if (!wasStarved || round === MAX_ROUNDS || !ranOutOfTime(thrown)) throw thrown
      }
    }
  }

  #runOnce(expression: jsonata.Expression, input: Job['input'], copiesInput: boolean, host: FunctionHost): unknown {
    const job: Job = { expression, input, copiesInput, outcome: undefined }
    this.#job = job
    this.#host = host
    try {
      this.#start.runInContext(this.#context, { timeout: this.#limits.timeoutMs, displayErrors: false })
    } catch (error) {
      if (codeOf(error) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      this.#regexes.forget()
      throw new TimeExceeded(`it took longer than ${this.#limits.timeoutMs} ms`)
    } finally {
      this.#job = undefined
      this.#host = undefined
    }
    const { outcome } = job
    if (outcome === undefined) throw new ExpressionFailure('the expression waits for something that never comes')
    if ('thrown' in outcome) throw outcome.thrown
    return outcome.value
  }

  #define(added: ExpressionFunction): Definition {
    const { min } = arityOf(added)
    const call = (args: readonly unknown[]): unknown => added.call(args, this.#host!)
    return {
      _jsonata_function: true,
      implementation(...args) {
        return call(added.takesContext === true && args.length === min ? [this.input, ...args] : args)
      },
    }
  }

  /** `$now()` of the request's clock; a picture and a time zone are JSONata's business. */
  #defineNow(): Definition {
    const now = (): number => this.#host!.now
    return {
      ...this.#definitionOf('now'),
      implementation(picture, timezone) {
        return this.environment.lookup('fromMillis')!.implementation.call(this, now(), picture, timezone)
      },
    }
  }

  /** Puts the guard in front of one of JSONata's own functions, for all expressions of this sandbox. */
  #guard(name: string, guard: LengthGuard): void {
    const definition = this.#definitionOf(name)
    const original = definition.implementation
    const { sequence } = this.#limits
    const guarded = function (this: Focus, ...args: unknown[]): unknown {
      guard(args, sequence)
      return original.apply(this, args)
    }
    // JSONata looks at how many parameters a function has, and reads their names out of its text.
    Object.defineProperty(guarded, 'length', { value: original.length })
    Object.defineProperty(guarded, 'toString', { value: () => original.toString() })
    definition.implementation = guarded
  }

  /** What JSONata itself calls by this name: one object for all expressions. */
  #definitionOf(name: string): Definition {
    return this.run(this.#compile(`$${name}`), {}, false, NO_HOST) as Definition
  }
}

const NO_HOST: FunctionHost = {
  now: 0,
  secret() {
    throw new ExpressionFailure('no secret is available here')
  },
}

/** V8 ended it. */
class TimeExceeded extends BoundExceeded {}

function ranOutOfTime(thrown: unknown): boolean {
  return thrown instanceof TimeExceeded || codeOf(thrown) === 'D1012'
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
}

function checkLength(_node: unknown, _input: unknown, _environment: unknown, result: unknown): void {
  if (typeof result === 'string' && result.length > MAX_TEXT_LENGTH) {
    throw new BoundExceeded(`a text grew beyond ${MAX_TEXT_LENGTH} characters`)
  }
}
