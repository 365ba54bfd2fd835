// How numbers, money, moments and spans are written, everywhere alike.

const UNKNOWN = '–'

const grouped = new Intl.NumberFormat('en-US')
const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** Money; what is not known is never nothing. Amounts below a cent keep the digits that matter. */
export function money(amount: number | null | undefined): string {
  if (amount === null || amount === undefined || Number.isNaN(amount)) return UNKNOWN
  if (amount === 0) return '$0.00'
  const size = Math.abs(amount)
  if (size >= 10_000) return dollars.format(amount)
  if (size >= 0.01) return cents.format(amount)
  if (size < 0.000001) return '<$0.000001'
  return '$' + amount.toPrecision(2).replace(/e-7$/, '')
}

/** Money of a sum in which some calls have no known price. */
export function spend(sum: { spend: number; unpriced: number; successes?: number }): string {
  if (sum.unpriced === 0) return money(sum.spend)
  return sum.spend === 0 ? 'unknown' : '≥ ' + money(sum.spend)
}

/** A price per million tokens. */
export function price(perToken: number | null | undefined): string {
  if (perToken === null || perToken === undefined) return 'unknown'
  return money(perToken * 1_000_000)
}

export function count(number: number | null | undefined): string {
  return number === null || number === undefined ? UNKNOWN : grouped.format(number)
}

/** A large number in short: `1.2M`. */
export function short(number: number | null | undefined): string {
  if (number === null || number === undefined) return UNKNOWN
  return Math.abs(number) < 10_000 ? grouped.format(Math.round(number)) : compact.format(number)
}

/** A share as per cent. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return UNKNOWN
  const value = share * 100
  return value !== 0 && Math.abs(value) < 10 ? value.toFixed(1) + '%' : Math.round(value) + '%'
}

/** What a machine takes. */
export function watts(number: number | null | undefined): string {
  return number === null || number === undefined ? UNKNOWN : `${grouped.format(Math.round(number))} W`
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB']

/** An amount of memory. */
export function bytes(number: number | null | undefined): string {
  if (number === null || number === undefined) return UNKNOWN
  const unit = number < 1 ? 0 : Math.min(Math.floor(Math.log2(number) / 10), SIZES.length - 1)
  const value = number / 1024 ** unit
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${SIZES[unit]}`
}

/** Energy, in the unit in which it can be read. */
export function energy(wattHours: number | null | undefined): string {
  if (wattHours === null || wattHours === undefined) return UNKNOWN
  if (wattHours >= 1000) return `${(wattHours / 1000).toFixed(2)} kWh`
  return wattHours >= 0.1 ? `${wattHours.toFixed(2)} Wh` : `${(wattHours * 1000).toPrecision(3)} mWh`
}

/** A span in milliseconds. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return UNKNOWN
  if (ms < 1) return '<1 ms'
  if (ms < 1000) return Math.round(ms) + ' ms'
  if (ms < 60_000) return (ms / 1000).toFixed(ms < 10_000 ? 2 : 1) + ' s'
  const minutes = Math.floor(ms / 60_000)
  return minutes < 60 ? `${minutes} min ${Math.round((ms % 60_000) / 1000)} s` : `${(minutes / 60).toFixed(1)} h`
}

const dayShown = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', year: 'numeric' })
const dayOfYear = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' })
const momentShown = new Intl.DateTimeFormat('en-US', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** A day of the reports, which is one in UTC: `2026-11-28`. */
export function day(text: string): string {
  return dayOfYear.format(new Date(text + 'T00:00:00Z'))
}

export function date(iso: string | null | undefined): string {
  return iso ? dayShown.format(new Date(iso)) : UNKNOWN
}

export function moment(iso: string | null | undefined): string {
  return iso ? momentShown.format(new Date(iso)) : UNKNOWN
}

const STEPS: [number, string][] = [
  [60, 's'],
  [60, 'min'],
  [24, 'h'],
  [30, 'd'],
  [12, 'mo'],
]

/** How far a moment is from now: `3 h ago`, `in 5 d`. */
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return UNKNOWN
  let size = Math.abs(now - Date.parse(iso)) / 1000
  let unit = 'y'
  for (const [limit, name] of STEPS) {
    if (size < limit) {
      unit = name
      break
    }
    size /= limit
  }
  if (unit === 's' && size < 5) return 'just now'
  const text = `${Math.floor(size)} ${unit}`
  return Date.parse(iso) > now ? `in ${text}` : `${text} ago`
}

/** The window of a budget in words: `1mo` is a month. */
export function window(span: string | null | undefined): string {
  if (!span) return 'in all'
  const known: Record<string, string> = {
    '1d': 'a day',
    '24h': 'a day',
    '7d': 'a week',
    '30d': 'a month',
    '1mo': 'a month',
  }
  return known[span] ?? `per ${span}`
}

/** A long id, as far as one tells it from others. */
export function brief(id: string): string {
  return id.length > 14 ? id.slice(0, 8) + '…' + id.slice(-4) : id
}
