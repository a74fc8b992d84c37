/**
 * Makes a database of some age, see filling.ts; run by the scenario `filled`, or by hand after `npm run build`:
 *
 *   npx tsx bench/fill.ts '{"databaseFile":"./big/postern.db","connections":100000,"events":1000000}'
 */
import { fill, type FillOrder } from './filling.ts'

await fill(JSON.parse(process.argv[2] ?? '{}') as FillOrder)
