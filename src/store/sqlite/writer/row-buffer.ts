/**
 * Rows of the transaction under way that are not inserted yet, so that those of several commands share a statement. Whoever reads the
 * table within the transaction flushes first; the end of the transaction flushes too.
 */
import type { Database } from 'better-sqlite3'
import type { TapeValue } from '../tape.ts'
import { BulkInsert } from './bulk-insert.ts'

export class RowBuffer {
  readonly #insert: BulkInsert
  #values: TapeValue[] = []

  constructor(db: Database, table: string, columns: readonly string[]) {
    this.#insert = new BulkInsert(db, {
      into: `${table} (${columns.join(', ')})`,
      width: columns.length,
      onConflict: 'FAIL',
    })
  }

  /** The values of one row, in the order of the columns. */
  add(...values: TapeValue[]): void {
    for (const value of values) this.#values.push(value)
  }

  flush(): void {
    if (this.#values.length === 0) return
    const values = this.#values
    this.#values = []
    this.#insert.run(values)
  }

  clear(): void {
    this.#values = []
  }
}
