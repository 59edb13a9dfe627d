// Taking back what waits or was refused, to write it better.
import type { App } from '../app.svelte'
import { draftOf } from '../drafts/drafts'
import { draftNews } from '../drafts/news.svelte'
import { openPhotos } from '../photos/store'
import { paths } from '../routing/routes'
import type { Entry } from './entry'

/** Names the photos of a post that waits. */
export const keptPhotos = (key: string): string => `outbox.${key}`

/** Where an entry is written; null: it is no text. */
export function placeOf({ act }: Entry): { draft: string; path: string } | null {
  if (act.kind === 'post') return { draft: draftOf.post(act.circle), path: paths.circle(act.circle) }
  if (act.kind === 'comment') return { draft: draftOf.comment(act.post), path: paths.post(act.post) }
  return null
}

/** Makes an entry a draft again, before what is written there already, and goes to it. */
export async function takeBack(app: App, entry: Entry): Promise<void> {
  const place = placeOf(entry)
  if (place === null || !('text' in entry.act)) return
  const written = app.drafts.read(entry.user, place.draft)
  app.drafts.write(entry.user, place.draft, written === '' ? entry.act.text : `${entry.act.text}\n\n${written}`)
  await (await openPhotos()).move(keptPhotos(entry.key), `${entry.user}.${place.draft}`)
  await app.outbox.drop(entry)
  draftNews.changed(place.draft)
  if (app.router.path !== place.path && entry.act.kind === 'post') app.router.go(place.path)
}

/** The photos of a post that waits no longer are of no use here. */
export async function forgetPhotos(entry: Entry): Promise<void> {
  if (entry.act.kind === 'post' && entry.act.photos.length > 0) await (await openPhotos()).move(keptPhotos(entry.key), null)
}
