/**
 * State that the writer keeps in memory beside the database. Within a transaction it is tentative; it follows the transaction's
 * end, so that memory never knows of rows that were rolled back.
 */
export interface TransactionState {
  /** Called inside the transaction, last: writes what belongs into it. */
  beforeCommit?(): void
  afterCommit(): void
  afterRollback(): void
}
