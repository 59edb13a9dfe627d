// The browser's database of this site: what waits to be sent, and photos of
// posts that are being written.

const name = 'lifecircle'
const version = 1

let opened: Promise<IDBDatabase | null> | undefined

/** The database; null where the browser has none, as in some private windows. */
export function database(): Promise<IDBDatabase | null> {
  opened ??= open().catch(() => null)
  return opened
}

function open(): Promise<IDBDatabase> {
  const asked = indexedDB.open(name, version)
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore('outbox', { keyPath: 'n', autoIncrement: true })
    asked.result.createObjectStore('photos', { keyPath: 'id' }).createIndex('draft', 'draft')
  }
  return request(asked).then((db) => {
    db.onversionchange = () => db.close() // another tab brings a newer page
    return db
  })
}

export function request<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    r.onsuccess = () => resolve(r.result)
    r.onerror = () => reject(r.error ?? new Error('the database does not answer'))
  })
}
