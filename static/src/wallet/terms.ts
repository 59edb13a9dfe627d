// Terms of a circle as a form holds them. Pure.
import type { Contract, Terms } from '../api/money-types'
import { parseHundredths, parseYuan, plainHundredths } from '../text/money'

export const whole = 10_000 // ten-thousandths: all of a tip

/** What is written: shares in percent, the largest tip in yuan, the partner by handle, address or id. */
export interface TermsForm {
  author: string
  partner: string
  partnerIs: string
  maxTip: string
}

export function formOf(t: Terms): TermsForm {
  return {
    author: plainHundredths(t.author), partner: t.partner > 0 ? plainHundredths(t.partner) : '', partnerIs: t.partnerId ?? '', maxTip: plainHundredths(t.maxTip),
  }
}

export type TermsFault = 'author' | 'partner' | 'partnerIs' | 'maxTip' | 'sum'

/** The terms that are written, the rest going to the platform; or what is wrong with them. */
export function readTerms(f: TermsForm, maxTip: number): { terms: Terms | null; fault: TermsFault | null } {
  const author = parseHundredths(f.author)
  const partner = f.partner.trim() === '' ? 0 : parseHundredths(f.partner)
  const most = parseYuan(f.maxTip)
  const partnerId = userIn(f.partnerIs)
  const fault = (what: TermsFault) => ({ terms: null, fault: what })
  if (author === null || author > whole) return fault('author')
  if (partner === null || partner > whole) return fault('partner')
  if (author + partner > whole) return fault('sum')
  if (partner > 0 && partnerId === '') return fault('partnerIs')
  if (most === null || most < 1 || most > maxTip) return fault('maxTip')
  const terms = { author, partner, platform: whole - author - partner, partnerId: partner > 0 ? partnerId : null, maxTip: most }
  return { terms, fault: null }
}

/** The id in a profile's address, or what stands there. */
function userIn(s: string): string {
  return /\/users\/([^/?#\s]+)/.exec(s)?.[1] ?? s.trim()
}

/** Whether these terms wait for somebody with this role. */
export function waitsFor(c: Contract, role: string | null, user: string): boolean {
  if (role === 'owner') return c.ownerSignedAt === null
  return role === 'partner' && c.partnerId === user && c.partnerSignedAt === null
}
