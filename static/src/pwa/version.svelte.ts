// The page's side of the service worker: whether a newer version of the page
// waits, and changing to it.

const address = '/sw.js'
const policyName = 'lifecircle-worker' // the server's content policy knows it
const askEveryMs = 30 * 60_000

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string }
}

/** The one script address that may be made of a string. */
function workerAddress(): string {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes
  if (policies === undefined) return address
  const policy = policies.createPolicy(policyName, {
    createScriptURL: (url) => {
      if (url === address) return url
      throw new TypeError('not the address of the service worker')
    },
  })
  return policy.createScriptURL(address)
}

export class Version {
  /** A newer version than this page waits to be shown. */
  waiting = $state(false)
  #registration: ServiceWorkerRegistration | null = null
  #wanted = false

  constructor(
    private readonly workers: ServiceWorkerContainer | undefined = navigator.serviceWorker,
    private readonly reload: () => void = () => location.reload(),
  ) {}

  /** Installs the worker and looks for newer ones now and then; gives the way to end it. Without workers (plain http) it does nothing. */
  start(): () => void {
    const workers = this.workers
    if (workers === undefined) return () => undefined
    let controlled = workers.controller !== null
    const onController = (): void => {
      if (this.#wanted) this.reload()
      else if (controlled) this.waiting = true // another tab changed to it
      controlled = true
    }
    workers.addEventListener('controllerchange', onController)
    void this.#install(workers)
    const timer = setInterval(() => void this.#registration?.update().catch(() => undefined), askEveryMs)
    return () => {
      clearInterval(timer)
      workers.removeEventListener('controllerchange', onController)
    }
  }

  /** Shows the newer version: the page loads again. */
  take(): void {
    this.#wanted = true
    const worker = this.#registration?.waiting
    if (worker) worker.postMessage('take-over')
    else this.reload()
  }

  async #install(workers: ServiceWorkerContainer): Promise<void> {
    try {
      const r = await workers.register(workerAddress(), { updateViaCache: 'none' })
      this.#registration = r
      this.#look(workers, r)
      r.addEventListener('updatefound', () => {
        r.installing?.addEventListener('statechange', () => this.#look(workers, r))
      })
    } catch {
      // no storage, or none allowed: the page works as it is
    }
  }

  /** The first version of all is nothing new. */
  #look(workers: ServiceWorkerContainer, r: ServiceWorkerRegistration): void {
    if (r.waiting && workers.controller !== null) this.waiting = true
  }
}
