// Sends one photo to the server, on from where it was cut (tus 1.0). The one
// place that knows how photos travel; the library is fetched with the first.
import { asProblem, Problem, problemOf } from '../api/problem'
import * as read from '../api/read'
import { leaving } from './leaving'

const endpoint = '/v1/uploads'
const pausesMs = [300, 1_000, 2_000, 4_000, 8_000, ...Array.from({ length: 20 }, () => 15_000)] // begun anew after each byte that arrives
const makingSeconds = 10 // that one question waits for the finished photo
const maxQuestions = 30

export interface Transport {
  /** Sends a request as the one who is signed in. */
  send(request: Request): Promise<Response>
  token(): Promise<string | null>
}

export interface PhotoUpload {
  file: Blob
  sensitive: boolean
  /** Where an upload of this file was begun; null: it was not. */
  url: string | null
  /** It has an address from which it can go on, also after a reload. */
  began(url: string): void
  progress(sent: number): void
  /** Every byte is there; the server makes its sizes. */
  arrived(): void
  signal: AbortSignal
}

/** How one photo gets to the server; gives its id there. Fails with a Problem, or with the signal's reason. */
export type Upload = (u: PhotoUpload) => Promise<string>

export function uploader(transport: Transport): Upload {
  return async (u) => {
    const url = await sendBytes(transport, u)
    u.arrived()
    return finished(transport, url, u.signal)
  }
}

/** Fetches what uploads take, before a network may go. */
export function prepareUploads(): void {
  if (navigator.onLine) import('tus-js-client').catch(() => undefined)
}

async function sendBytes(transport: Transport, u: PhotoUpload): Promise<string> {
  // A browser that once failed to fetch code does not try again until the page is loaded anew.
  if (!navigator.onLine) throw new Problem(0, 'network', '')
  const { Upload: Tus } = await import('tus-js-client').catch(() => { throw new Problem(0, 'network', '') })
  u.signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const tus = new Tus(u.file, {
      endpoint,
      ...(u.url === null ? {} : { uploadUrl: u.url }),
      metadata: u.sensitive ? { sensitive: 'true' } : {},
      retryDelays: pausesMs,
      storeFingerprintForResuming: false, // the draft knows where it was
      onBeforeRequest: async (request) => {
        const token = await transport.token()
        if (token !== null) request.setHeader('Authorization', `Bearer ${token}`)
      },
      onShouldRetry: (e) => {
        const status = e.originalResponse?.getStatus() ?? 0
        return status === 0 || status === 409 || status === 429 || status >= 500
      },
      onUploadUrlAvailable: () => { if (tus.url !== null) u.began(tus.url) },
      onProgress: (sent) => u.progress(sent),
      onError: (e) => reject(problemOfUpload(e)),
      onSuccess: () => (tus.url === null ? reject(new Problem(0, 'unexpected', '')) : resolve(tus.url)),
    })
    u.signal.addEventListener('abort', () => {
      reject(u.signal.reason as Error)
      tus.abort(u.signal.reason !== leaving).catch(() => undefined) // the server forgets what was taken out, now or when it expires
    })
    tus.start()
  })
}

/** Asks until the photo is made. */
async function finished(transport: Transport, url: string, signal: AbortSignal): Promise<string> {
  const address = new URL(url, location.origin)
  address.searchParams.set('wait', String(makingSeconds))
  for (let asked = 0; asked < maxQuestions; asked++) {
    const f = read.fields(await answerOf(transport, new Request(address, { signal })))
    const problem = read.fields(f['problem'])
    if (f['state'] === 'refused') throw new Problem(422, read.text(problem['code']) || 'photo_unreadable', read.text(problem['detail']))
    const { id } = read.photo(f['photo'])
    if (f['state'] === 'ready' && id !== '') return id
  }
  throw new Problem(0, 'network', '')
}

/** Flags an uploaded photo, or takes the flag back. */
export async function flagPhoto(transport: Transport, id: string, sensitive: boolean): Promise<void> {
  const body = JSON.stringify({ sensitive })
  const address = new URL(`/v1/photos/${encodeURIComponent(id)}`, location.origin)
  await answerOf(transport, new Request(address, { method: 'PATCH', body, headers: { 'Content-Type': 'application/json' } }))
}

async function answerOf(transport: Transport, request: Request): Promise<unknown> {
  let answer: Response
  try {
    answer = await transport.send(request)
  } catch (cause) {
    request.signal.throwIfAborted()
    throw asProblem(cause)
  }
  const body: unknown = await answer.json().catch(() => null)
  if (!answer.ok) throw problemOf(answer.status, body, answer.headers.get('Retry-After'))
  return body
}

interface TusError {
  originalResponse?: { getStatus(): number; getBody(): string; getHeader(name: string): string | undefined } | null
}

function problemOfUpload(e: Error & TusError): Problem {
  const answer = e.originalResponse
  if (answer == null || answer.getStatus() === 0) return e instanceof Problem ? e : new Problem(0, 'network', '')
  let body: unknown = null
  try {
    body = JSON.parse(answer.getBody())
  } catch {
    // the status says enough
  }
  return problemOf(answer.getStatus(), body, answer.getHeader('Retry-After') ?? null)
}
