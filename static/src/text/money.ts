// Amounts between people and the API: people write and read yuan, the API
// counts fen, a hundredth of one. Digits are moved, never divided: no float.

const written = /^(\d*)(?:\.(\d{0,2}))?$/
const grouped = /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{0,2})?$/
const maxDigits = 10 // before the point; far above every limit, and exact

/**
 * Reads a number with at most two decimals as hundredths: "5.2" is 520. Takes
 * what keyboards make of it (full-width digits, 。 for the point, grouping
 * commas) and gives null for everything else: signs, exponents, "5,20", "".
 */
export function parseHundredths(s: string): number | null {
  const plain = s.normalize('NFKC').replaceAll('。', '.').trim()
  const digits = grouped.test(plain) ? plain.replaceAll(',', '') : plain
  const [, whole, part] = written.exec(digits) ?? []
  if (whole === undefined || (whole === '' && (part ?? '') === '')) return null
  const trimmed = whole.replace(/^0+/, '')
  return trimmed.length > maxDigits ? null : Number.parseInt(`${trimmed}${(part ?? '').padEnd(2, '0')}`, 10)
}

/** Reads yuan as fen; a yuan sign before or after it may stand. */
export function parseYuan(s: string): number | null {
  return parseHundredths(s.normalize('NFKC').trim().replace(/^[¥元]\s*/, '').replace(/\s*[元块]$/, ''))
}

/** Hundredths as plain text, to be edited: 520 is "5.20". */
export function plainHundredths(n: number): string {
  const digits = String(Math.abs(n)).padStart(3, '0')
  return `${n < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

export interface YuanStyle {
  /** Says + of what comes in. */
  signed?: boolean
  /** Short enough for a button: ¥1.2万. */
  compact?: boolean
}

const compactFrom = 1_000_000 // fen
const formats = new Map<string, Intl.NumberFormat>()

/** Fen as people read them: ¥13.14. */
export function formatYuan(fen: number, lang: string, { signed = false, compact = false }: YuanStyle = {}): string {
  const short = compact && Math.abs(fen) >= compactFrom
  const key = `${lang} ${signed} ${short}`
  let format = formats.get(key)
  if (format === undefined) {
    format = new Intl.NumberFormat(lang, {
      style: 'currency', currency: 'CNY', currencyDisplay: 'narrowSymbol',
      ...(signed ? { signDisplay: 'exceptZero' as const } : {}),
      ...(short ? { notation: 'compact' as const, maximumFractionDigits: 1 } : {}),
    })
    formats.set(key, format)
  }
  return format.format(plainHundredths(fen) as `${number}`).replace('-', '−') // a minus, as wide as the plus
}

/** Ten-thousandths as a percentage: 9000 is 90%. */
export function formatShare(n: number, lang: string): string {
  return new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 2 }).format(`${n}E-4` as `${number}`)
}
