/** Where a payment is made: a page of ours or of a provider; null for what is no such address. */
export function checkoutAddress(url: string, here: string): string | null {
  if (url === '' || !URL.canParse(url, here)) return null
  const address = new URL(url, here)
  return address.protocol === 'https:' || address.protocol === 'http:' ? address.href : null
}
