// Sensitive photos that the viewer chose to see, for as long as the page is open.
import { SvelteSet } from 'svelte/reactivity'

export const revealed = new SvelteSet<string>()
