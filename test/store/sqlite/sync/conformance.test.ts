import { describeSyncStore } from '../../../conformance/store/sync-describe.ts'
import { openSqliteForSyncs } from './opening.ts'

describeSyncStore('SQLite', openSqliteForSyncs)
