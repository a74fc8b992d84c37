/** A process of its own that accepts requests without end and prints the id of each one as soon as it is promised to be on disk. */
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { given } from '../../conformance/store/given.ts'
import { optionsFor } from './opening.ts'

const path = process.argv[2]
if (path === undefined) throw new Error('usage: accepting-child.ts PATH')
const store = await openSqliteStore(optionsFor(path))
const { acceptance } = given()
let made = 0

async function acceptOnAndOn(): Promise<never> {
  for (;;) {
    made += 1
    const accepted = acceptance({
      events: [{ dedupeKey: `key-${process.pid}-${made}` }],
      dedupeSince: 0,
      body: 'x'.repeat(1_000),
    })
    await store.acceptRequest(accepted)
    process.stdout.write(`${accepted.request.id}\n`)
  }
}

await Promise.all(Array.from({ length: 32 }, acceptOnAndOn))
