// The service worker: it keeps the files of the page, so that it opens at once
// and without network. What the server says goes past it: answers of the API,
// sessions and photos are never kept here.
//
// A new version is fetched beside the old one and waits until somebody wants
// it: nobody's page changes while it is used.
import { cacheName, outdated, roadOf, type Shell } from './shell'

declare const self: ServiceWorkerGlobalScope
declare const __SHELL__: Shell // written in by the build
const shell = __SHELL__
const anyForm: CacheQueryOptions = { ignoreVary: true } // gzip or not, it is unpacked here

self.addEventListener('install', (e) => {
  e.waitUntil(fill())
})

self.addEventListener('activate', (e) => {
  e.waitUntil(takeOver())
})

self.addEventListener('message', (e) => {
  if (e.data === 'take-over') void self.skipWaiting()
})

self.addEventListener('fetch', (e) => {
  switch (roadOf(e.request, shell, self.location.origin)) {
    case 'page':
      e.respondWith(kept('/index.html', e.request))
      break
    case 'file':
      e.respondWith(kept(new URL(e.request.url).pathname, e.request))
  }
})

/** Fetches all files of this version, or none: then the version before goes on. */
async function fill(): Promise<void> {
  const cache = await caches.open(cacheName(shell))
  await cache.addAll(shell.files.map((path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' })))
}

async function takeOver(): Promise<void> {
  await Promise.all(outdated(await caches.keys(), shell).map((name) => caches.delete(name)))
  await self.clients.claim() // the first visit, too, opens without network the next time
}

/** This version's file, else another version's, else the server's. */
async function kept(path: string, request: Request): Promise<Response> {
  const mine = await caches.open(cacheName(shell))
  return (await mine.match(path, anyForm)) ?? (await caches.match(path, anyForm)) ?? fetch(request)
}
