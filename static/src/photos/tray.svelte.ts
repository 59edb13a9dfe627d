// The photos of a post that is being written: added, sent two at a time,
// put in order, flagged, taken out; kept with the draft until it is posted.
import { newKey } from '../api/idempotency'
import { asProblem, Problem } from '../api/problem'
import { fileProblem, type PhotoLimits } from './accept'
import { moved } from './layout'
import { leaving } from './leaving'
import type { PhotoStore } from './store'
import type { Upload } from './upload'

const pauseMs = 3_000 // before a photo that met no network is tried again by itself
const atOnce = 2 // uploads; more only share the same line

export type TrayState = 'waiting' | 'sending' | 'making' | 'ready' | 'failed'

export class TrayPhoto {
  state = $state<TrayState>('waiting')
  sent = $state(0) // bytes
  sensitive = $state(false)
  problem = $state.raw<Problem | null>(null)
  /** Its id on the server. */
  photo: string | null = null
  /** Where its upload was begun. */
  url: string | null = null
  /** The flag that the server knows of. */
  flagged = false
  readonly preview: string
  stop: AbortController | null = null

  constructor(readonly id: string, readonly file: Blob, readonly name: string) {
    this.preview = URL.createObjectURL(file)
  }

  get share(): number {
    return this.state === 'making' || this.state === 'ready' ? 1 : this.file.size === 0 ? 0 : this.sent / this.file.size
  }
}

export interface TrayOptions {
  upload: Upload
  flag: (id: string, sensitive: boolean) => Promise<void>
  store: () => Promise<PhotoStore>
  limits: () => PhotoLimits
  /** Names the draft that the photos belong to. */
  draft: string
}

export class Tray {
  photos = $state.raw<readonly TrayPhoto[]>([])
  /** Files that could not be added, and why. */
  rejected = $state.raw<readonly { name: string; problem: Problem }[]>([])
  #changed: (() => void) | null = null // someone waits until all are there
  #closed = false

  constructor(private readonly o: TrayOptions) {}

  get done(): number {
    return this.photos.filter((p) => p.state === 'ready').length
  }

  get settled(): boolean {
    return this.photos.every((p) => p.state === 'ready')
  }

  get full(): boolean {
    return this.photos.length >= this.o.limits().perPost
  }

  /** Brings back the photos of a draft, and goes on with their uploads. */
  async restore(): Promise<void> {
    const kept = await (await this.o.store()).all(this.o.draft)
    if (this.#closed) return
    const known = new Set(this.photos.map((p) => p.id))
    const back = kept.filter((k) => !known.has(k.id)).map((k) => {
      const p = new TrayPhoto(k.id, k.file, k.name)
      return Object.assign(p, { photo: k.photo, url: k.url, sensitive: k.sensitive, flagged: k.flagged, state: k.photo === null ? 'waiting' : 'ready' } as const)
    })
    this.photos = [...this.photos, ...back].slice(0, this.o.limits().perPost)
    this.#next()
  }

  add(files: readonly File[]): void {
    const limits = this.o.limits()
    const rejected: { name: string; problem: Problem }[] = []
    const added: TrayPhoto[] = []
    for (const file of files) {
      const room = this.photos.length + added.length < limits.perPost
      const problem = room ? fileProblem(file, limits) : new Problem(0, 'photos_too_many', '')
      if (problem === null) added.push(new TrayPhoto(newKey(), file, file.name))
      else rejected.push({ name: file.name, problem })
    }
    this.rejected = rejected
    this.photos = [...this.photos, ...added]
    this.#save(added)
    this.#next()
  }

  remove(p: TrayPhoto): void {
    p.stop?.abort(new DOMException('taken out', 'AbortError'))
    URL.revokeObjectURL(p.preview)
    this.photos = this.photos.filter((other) => other !== p)
    void this.o.store().then((store) => store.remove([p.id]))
    this.#next()
  }

  move(p: TrayPhoto, to: number): void {
    const before = this.photos
    this.photos = moved(before, before.indexOf(p), to)
    if (before !== this.photos) this.#save(this.photos)
  }

  flag(p: TrayPhoto, sensitive: boolean): void {
    p.sensitive = sensitive
    this.#save([p])
  }

  retry(p: TrayPhoto): void {
    if (p.state !== 'failed') return
    p.state = 'waiting'
    p.problem = null
    this.#next()
  }

  /** There may be a network again. */
  wake(): void {
    for (const p of this.photos) if (p.problem?.code === 'network') this.retry(p)
  }

  /** The server has forgotten the photos, as it does after a day: they are sent again. */
  forgotten(): void {
    for (const p of this.photos) Object.assign(p, { state: 'waiting', photo: null, url: null, sent: 0 })
    this.#save(this.photos)
    this.#next()
  }

  /** Waits until every photo is there; gives their ids in order. Fails with the problem of one that does not get there. */
  async ready(signal: AbortSignal): Promise<readonly string[]> {
    while (!this.settled) {
      signal.throwIfAborted()
      const failed = this.photos.find((p) => p.state === 'failed' && p.problem?.code !== 'network')
      if (failed !== undefined) throw new Problem(0, 'photos_unfinished', '')
      await new Promise<void>((resolve) => {
        this.#changed = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    signal.throwIfAborted()
    await Promise.all(this.photos.map((p) => this.#tellFlag(p)))
    return this.photos.flatMap((p) => p.photo ?? [])
  }

  /** They are posted, or kept with a post that waits, under its name: nothing is left of them here. */
  async clear(keptAs: string | null = null): Promise<void> {
    const gone = this.photos
    this.photos = []
    this.rejected = []
    for (const p of gone) URL.revokeObjectURL(p.preview)
    await (await this.o.store()).move(this.o.draft, keptAs)
  }

  /** The page is left: uploads stop, and go on when the draft is opened again. */
  close(): void {
    this.#closed = true
    for (const p of this.photos) {
      URL.revokeObjectURL(p.preview)
      p.stop?.abort(leaving)
    }
  }

  async #tellFlag(p: TrayPhoto): Promise<void> {
    if (p.photo === null || p.flagged === p.sensitive) return
    await this.o.flag(p.photo, p.sensitive)
    p.flagged = p.sensitive
  }

  /** Begins uploads while there is room for them. */
  #next(): void {
    this.#changed?.()
    if (this.#closed) return
    const busy = this.photos.filter((p) => p.state === 'sending' || p.state === 'making').length
    for (const p of this.photos.filter((p) => p.state === 'waiting').slice(0, Math.max(0, atOnce - busy))) void this.#send(p)
  }

  async #send(p: TrayPhoto): Promise<void> {
    p.state = 'sending'
    p.stop = new AbortController()
    const { sensitive } = p
    try {
      p.photo = await this.o.upload({
        file: p.file, sensitive, url: p.url, signal: p.stop.signal,
        began: (url) => { p.url = url; if (p.photo === null) p.flagged = sensitive; this.#save([p]) },
        progress: (sent) => { p.sent = sent },
        arrived: () => { p.state = 'making' },
      })
      p.state = 'ready'
      this.#save([p])
    } catch (cause) {
      if (p.stop.signal.aborted) return
      p.problem = asProblem(cause)
      if (!p.problem.temporary) p.url = null
      p.state = 'failed'
      // The network may have come back before this was heard of.
      if (p.problem.code === 'network') setTimeout(() => { if (!this.#closed && this.photos.includes(p)) this.retry(p) }, pauseMs)
    } finally {
      this.#next()
    }
  }

  #save(photos: readonly TrayPhoto[]): void {
    const kept = photos.filter((p) => this.photos.includes(p)).map((p) => ({
      id: p.id, draft: this.o.draft, place: this.photos.indexOf(p), file: p.file, name: p.name, sensitive: p.sensitive, flagged: p.flagged, photo: p.photo, url: p.url,
    }))
    void this.o.store().then((store) => store.put(kept)).catch(() => undefined) // without room they live as long as the page
  }
}
