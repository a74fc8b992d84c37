/**
 * Keeps the order of connections where a destination wants it: of the unfinished deliveries with one order key only the first is
 * due. Those behind it are pending with `due_at` null and cost a claim nothing, however many there are. Runs inside the group's
 * transaction.
 *
 * | happens                          | then                                                                      |
 * |----------------------------------|---------------------------------------------------------------------------|
 * | a delivery is stored             | it is due when no other of its key is unfinished                          |
 * | the first is delivered, dead, …  | the next becomes due                                                      |
 * | the first fails and is retried   | it stays first: only its own connection waits                             |
 * | an earlier one is replayed       | it goes first, and what was first waits, unless it is under way already   |
 */
import type { Database, Statement } from 'better-sqlite3'

/** The condition of the partial index, word for word: by it SQLite knows that the index applies. */
export const UNFINISHED_IN_ORDER_SQL = `order_key IS NOT NULL AND state IN ('pending', 'in_flight')`

interface Place {
  destination: string
  order_key: string | null
}

interface Waiting {
  seq: number
  state: 'pending' | 'in_flight'
  due_at: number | null
}

export class ConnectionOrder {
  readonly #exists: Statement<[string, string], number>
  readonly #first: Statement<[string, string], Waiting>
  readonly #active: Statement<[string, string, number], Waiting>
  readonly #setDue: Statement<[number | null, number]>
  readonly #nextDestination: Statement<[string], string>
  readonly #end: Statement<[number, string]>

  constructor(db: Database) {
    const ofKey = `FROM deliveries WHERE destination = ? AND order_key = ? AND ${UNFINISHED_IN_ORDER_SQL}`
    this.#exists = db.prepare<[string, string], number>(`SELECT 1 ${ofKey} LIMIT 1`).pluck()
    this.#first = db.prepare(`SELECT seq, state, due_at ${ofKey} ORDER BY seq LIMIT 1`)
    this.#active = db.prepare(
      `SELECT seq, state, due_at ${ofKey} AND due_at IS NOT NULL AND seq <> ? ORDER BY seq LIMIT 1`,
    )
    this.#setDue = db.prepare('UPDATE deliveries SET due_at = ? WHERE seq = ?')
    this.#nextDestination = db
      .prepare<[string], string>(
        `SELECT destination FROM deliveries WHERE destination > ? AND ${UNFINISHED_IN_ORDER_SQL}
         ORDER BY destination LIMIT 1`,
      )
      .pluck()
    this.#end = db.prepare(
      `UPDATE deliveries SET due_at = coalesce(due_at, ?), order_key = NULL
       WHERE destination = ? AND ${UNFINISHED_IN_ORDER_SQL}`,
    )
  }

  /** Whether a delivery that is about to be stored has to wait for its turn. */
  mustWait(destination: string, orderKey: string): boolean {
    return this.#exists.get(destination, orderKey) !== undefined
  }

  /** A delivery has ended: the next of its key is due. */
  advance({ destination, order_key: key }: Place, now: number): void {
    if (key === null) return
    const first = this.#first.get(destination, key)
    if (first !== undefined && first.state === 'pending' && first.due_at === null) this.#setDue.run(now, first.seq)
  }

  /** A delivery is unfinished again, or for the first time, and due: it takes the place that its number gives it. */
  enter({ destination, order_key: key, seq }: Place & { seq: number }): void {
    if (key === null) return
    const active = this.#active.get(destination, key, seq)
    if (active === undefined) return
    const goesFirst = active.state === 'pending' && active.seq > seq
    this.#setDue.run(null, goesFirst ? active.seq : seq)
  }

  /** Ends the order of every destination but these: what waits for its turn is due. Answers how many deliveries had an order. */
  keepOnly(destinations: ReadonlySet<string>, now: number): number {
    let ended = 0
    for (let name = this.#nextDestination.get(''); name !== undefined; name = this.#nextDestination.get(name)) {
      if (!destinations.has(name)) ended += this.#end.run(now, name).changes
    }
    return ended
  }
}
