/** Why uploads stop when their page is left: they are not given up on the server. */
export const leaving = new DOMException('the page is left', 'AbortError')
