// Where the outbox is kept: in the browser's database, shared by all tabs, or
// in memory where there is none.
import { database, request } from '../browser/database'
import type { Entry, NewEntry } from './entry'

export interface OutboxStore {
  /** Everything of one person, in order. */
  all(user: string): Promise<readonly Entry[]>
  add(e: NewEntry): Promise<Entry>
  /** Replaces the entry of that number if it still has that key; tells whether it had. */
  put(e: Entry, key: string): Promise<boolean>
  /** Removes an entry, unless another act has taken its place. */
  remove(e: Entry): Promise<void>
}

export class MemoryOutbox implements OutboxStore {
  #entries: Entry[] = []
  #last = 0

  async all(user: string): Promise<readonly Entry[]> {
    return this.#entries.filter((e) => e.user === user)
  }
  async add(e: NewEntry): Promise<Entry> {
    const entry = { ...e, n: ++this.#last }
    this.#entries.push(entry)
    return entry
  }
  async put(e: Entry, key: string): Promise<boolean> {
    const known = this.#entries.some((old) => old.n === e.n && old.key === key)
    if (known) this.#entries = this.#entries.map((old) => (old.n === e.n ? e : old))
    return known
  }
  async remove(e: Entry): Promise<void> {
    this.#entries = this.#entries.filter((old) => old.n !== e.n || old.key !== e.key)
  }
}

class BrowserOutbox implements OutboxStore {
  constructor(private readonly db: IDBDatabase) {}

  async all(user: string): Promise<readonly Entry[]> {
    const everybody = (await request(this.#entries('readonly').getAll())) as Entry[]
    return everybody.filter((e) => e.user === user)
  }
  async add(e: NewEntry): Promise<Entry> {
    const n = (await request(this.#entries('readwrite').add(e))) as number
    return { ...e, n }
  }
  async put(e: Entry, key: string): Promise<boolean> {
    const entries = this.#entries('readwrite') // one transaction: nobody comes between
    const now = (await request(entries.get(e.n))) as Entry | undefined
    if (now?.key !== key) return false
    await request(entries.put(e))
    return true
  }
  async remove(e: Entry): Promise<void> {
    const entries = this.#entries('readwrite')
    const now = (await request(entries.get(e.n))) as Entry | undefined
    if (now?.key === e.key) await request(entries.delete(e.n))
  }

  #entries(mode: IDBTransactionMode): IDBObjectStore {
    return this.db.transaction('outbox', mode).objectStore('outbox')
  }
}

export async function openOutbox(): Promise<OutboxStore> {
  const db = await database()
  return db === null ? new MemoryOutbox() : new BrowserOutbox(db)
}
