/** The handle that somebody wrote, with or without an @; '' if it can be none. Capitals are made small, as the server does. */
export function handleIn(s: string): string {
  return /^[@＠]?([a-z0-9_]{1,30})$/.exec(s.trim().toLowerCase())?.[1] ?? ''
}
