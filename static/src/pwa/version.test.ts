import { describe, expect, it } from 'vitest'
import { Version } from './version.svelte'

class Worker_ extends EventTarget {
  said: unknown[] = []
  postMessage(m: unknown): void {
    this.said.push(m)
  }
}

class Registration extends EventTarget {
  installing: Worker_ | null = null
  waiting: Worker_ | null = null
  update = async (): Promise<void> => undefined

  /** A new version is fetched, and waits. */
  find(): Worker_ {
    const w = (this.installing = new Worker_())
    this.dispatchEvent(new Event('updatefound'))
    this.installing = null
    this.waiting = w
    w.dispatchEvent(new Event('statechange'))
    return w
  }
}

class Container extends EventTarget {
  controller: object | null = null
  registration = new Registration()
  register = async (): Promise<Registration> => this.registration

  change(): void {
    this.controller = {}
    this.dispatchEvent(new Event('controllerchange'))
  }
}

async function page(controlled: boolean) {
  const container = new Container()
  if (controlled) container.controller = {}
  let reloads = 0
  const version = new Version(container as unknown as ServiceWorkerContainer, () => { reloads++ })
  const end = version.start()
  await new Promise((resolve) => setTimeout(resolve)) // it is registered
  return { container, version, end, reloads: () => reloads }
}

describe('a new version of the page', () => {
  it('is nothing to speak of on the first visit', async () => {
    const p = await page(false)
    p.container.registration.find()
    p.container.change()
    expect([p.version.waiting, p.reloads()]).toEqual([false, 0])
    p.end()
  })

  it('is offered, and shown only when it is wanted', async () => {
    const p = await page(true)
    const w = p.container.registration.find()
    expect([p.version.waiting, p.reloads(), w.said]).toEqual([true, 0, []])
    p.version.take()
    expect([w.said, p.reloads()]).toEqual([['take-over'], 0])
    p.container.change()
    expect(p.reloads()).toBe(1)
    p.end()
  })

  it('that another tab took is offered here, not forced', async () => {
    const p = await page(true)
    p.container.change()
    expect([p.version.waiting, p.reloads()]).toEqual([true, 0])
    p.version.take()
    expect(p.reloads()).toBe(1)
    p.end()
  })

  it('does not matter where there are no workers', () => {
    const version = new Version(undefined)
    version.start()()
    expect(version.waiting).toBe(false)
  })
})
