// Keys of the whole page. Pure: a key press in, what it means out.

export type Shortcut = 'next' | 'previous' | 'like' | 'comment' | 'write' | 'help'

const meanings: Readonly<Record<string, Shortcut>> = { j: 'next', k: 'previous', l: 'like', c: 'comment', n: 'write', '?': 'help' }

export type KeyPress = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'defaultPrevented' | 'isComposing' | 'target'>

/** What a key press asks for; nothing while somebody writes, or a dialog is open. */
export function shortcutOf(e: KeyPress, dialogOpen: boolean): Shortcut | null {
  if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || dialogOpen) return null
  const { target } = e
  if (target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"]') !== null) return null
  return meanings[e.key] ?? null
}
