import { storeContract } from '../../contracts/store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

storeContract('the store in memory', async () => openMemoryStore())
