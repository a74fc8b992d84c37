import { describeStore } from '../../conformance/store/describe-store.ts'
import { openSqlite } from './opening.ts'

describeStore('SQLite', openSqlite)
