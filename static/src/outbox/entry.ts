// What a person did that the server does not have yet. Pure.
import type { Problem } from '../api/problem'

/** Money is not among these: it is never sent without the person there. */
export type Act =
  | { kind: 'post'; circle: string; circleName: string; text: string; photos: readonly string[] }
  | { kind: 'comment'; post: string; text: string; replyTo: string | null }
  | { kind: 'like'; post: string; wanted: boolean }
  | { kind: 'follow'; circle: string; wanted: boolean }

export interface Refused {
  code: string
  detail: string
}

export interface Entry {
  /** Its place in the order. */
  n: number
  user: string
  /** The idempotency key, made with the act: however often it is sent, it counts once. */
  key: string
  at: number // ms, when it was done
  act: Act
  /** When it was first sent, in ms; null: never. */
  triedAt: number | null
  /** Why the server does not take it; it waits for its author. */
  refused: Refused | null
}

export type NewEntry = Omit<Entry, 'n'>

export const maxEntries = 100 // of one person
/** The server remembers keys for a day: what was sent longer ago may be there already, and is not sent by itself. */
export const keyLifeMs = 23 * 3_600_000

/** An older wish about the same thing, whose place the new one takes. */
export function replacedBy(entries: readonly Entry[], act: Act): Entry | undefined {
  return entries.find(({ act: old }) =>
    (old.kind === 'like' && act.kind === 'like' && old.post === act.post) ||
    (old.kind === 'follow' && act.kind === 'follow' && old.circle === act.circle))
}

export function full(entries: readonly Entry[]): boolean {
  return entries.length >= maxEntries
}

/** What is sent next, in the order in which it was done. */
export function nextToSend(entries: readonly Entry[]): Entry | undefined {
  return entries.find((e) => e.refused === null)
}

/** Whether a second sending might do it twice. */
export function stale(e: Entry, now: number): boolean {
  const repeatable = e.act.kind === 'like' || e.act.kind === 'follow'
  return !repeatable && e.triedAt !== null && now - e.triedAt > keyLifeMs
}

/** Whether a problem says something of the act, and not only of the moment. */
export function final(p: Problem): boolean {
  return !p.temporary && p.status !== 401
}
