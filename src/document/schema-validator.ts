/**
 * JSON Schemas made ready to check documents. The schemas of this package refer to their parts by `#/$defs/…` only, which lets any
 * part of one be compiled by itself: that is how the errors of a `oneOf` are told apart, see `alternatives.ts`.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

/** The part of JSON Schema that findings are worded from. */
export interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly pattern?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

/** The schema that an error was found against, with its neighbours. */
export function schemaAround(error: ErrorObject): Schema {
  return (error.parentSchema ?? {}) as Schema
}

/** The formats that our schemas use; another one does not compile. */
const FORMATS = {
  'date-time': (text: string): boolean =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
  uri: (text: string): boolean => URL.canParse(text),
}

export interface SchemaValidator {
  /** Every error of the data. Fills in defaults where the validator was made so. */
  check(data: unknown): readonly ErrorObject[]
  /** Every error of the data against one part of the schema, given as the object that stands there. Fills in nothing. */
  checkPart(part: Schema, data: unknown): readonly ErrorObject[]
  /** The part itself, or what it refers to. */
  resolve(part: Schema): Schema
}

/**
 * Compiles a schema of this package; throws when it is not a valid one. `withDefaults` writes the `default` of absent members into the
 * data that is checked.
 */
export function createSchemaValidator(schema: Schema, options: { withDefaults?: boolean } = {}): SchemaValidator {
  const common = {
    allErrors: true,
    verbose: true,
    discriminator: true,
    strict: true,
    allowUnionTypes: true,
    formats: FORMATS,
    // Half the time of compiling is spent on shorter code and on checking our own schemas, which the tests do (0.33 s to 0.16 s of a start).
    code: { optimize: false },
    validateSchema: false,
  } as const
  const validate = new Ajv2020({ ...common, useDefaults: options.withDefaults === true }).compile(schema)
  const partCompiler = new Ajv2020(common)
  const parts = new WeakMap<Schema, ValidateFunction>()
  const run = (check: ValidateFunction, data: unknown): readonly ErrorObject[] =>
    check(data) ? [] : (check.errors ?? [])
  return {
    check: (data) => run(validate, data),
    checkPart(part, data) {
      let check = parts.get(part)
      if (check === undefined) {
        check = partCompiler.compile({ $defs: schema.$defs ?? {}, allOf: [part] })
        parts.set(part, check)
      }
      return run(check, data)
    },
    resolve(part) {
      const name = part.$ref === undefined ? undefined : /^#\/\$defs\/([^/]+)$/.exec(part.$ref)?.[1]
      return name === undefined ? part : { ...schema.$defs?.[name], ...part }
    },
  }
}
