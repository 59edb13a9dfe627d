// Photos of drafts, in the browser's database: a reload loses none.
import { database, request } from '../browser/database'

export interface KeptPhoto {
  id: string
  draft: string
  place: number
  file: Blob
  name: string
  sensitive: boolean
  flagged: boolean
  photo: string | null
  url: string | null
}

const behind = 100 // more than a post has

export interface PhotoStore {
  /** The photos of a draft, in order. */
  all(draft: string): Promise<readonly KeptPhoto[]>
  put(photos: readonly KeptPhoto[]): Promise<void>
  remove(ids: readonly string[]): Promise<void>
  /** Gives the photos of a draft to another, behind those that are there; to null: to nobody. */
  move(from: string, to: string | null): Promise<void>
}

/** For browsers without a database: nothing outlives the page. */
const nowhere: PhotoStore = { all: async () => [], put: async () => undefined, remove: async () => undefined, move: async () => undefined }

class BrowserPhotos implements PhotoStore {
  constructor(private readonly db: IDBDatabase) {}

  async all(draft: string): Promise<readonly KeptPhoto[]> {
    const photos = (await request(this.#photos('readonly').index('draft').getAll(draft))) as KeptPhoto[]
    return photos.sort((a, b) => a.place - b.place)
  }
  async put(photos: readonly KeptPhoto[]): Promise<void> {
    const all = this.#photos('readwrite')
    await Promise.all(photos.map((p) => request(all.put(p))))
  }
  async remove(ids: readonly string[]): Promise<void> {
    const all = this.#photos('readwrite')
    await Promise.all(ids.map((id) => request(all.delete(id))))
  }
  async move(from: string, to: string | null): Promise<void> {
    const before = await this.all(from)
    if (to !== null) await this.put(before.map((p) => ({ ...p, draft: to, place: p.place + behind })))
    else await this.remove(before.map((p) => p.id))
  }

  #photos(mode: IDBTransactionMode): IDBObjectStore {
    return this.db.transaction('photos', mode).objectStore('photos')
  }
}

export async function openPhotos(): Promise<PhotoStore> {
  const db = await database()
  return db === null ? nowhere : new BrowserPhotos(db)
}
