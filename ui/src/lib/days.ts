// Days of the reports, which are days in UTC, and what a month is going to cost.

const DAY_MS = 86_400_000

export function today(now = Date.now()): string {
  return new Date(now).toISOString().slice(0, 10)
}

export function daysBefore(count: number, now = Date.now()): string {
  return today(now - count * DAY_MS)
}

/** All days from the first to the last. */
export function range(from: string, to: string): string[] {
  const days: string[] = []
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) days.push(today(at))
  return days
}

export interface Forecast {
  /** What the month has cost so far. */
  spent: number
  /** What it will have cost at its end, if the days to come are like the last fourteen. */
  total: number
}

/** What this month will have cost at its end: what is left of it goes on like the last two weeks, weekday by weekday. */
export function forecast(byDay: Map<string, number>, now = Date.now()): Forecast {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const name = (day: number) => new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10)
  let spent = 0
  for (let day = 1; day <= date.getUTCDate(); day++) spent += byDay.get(name(day)) ?? 0
  const usual = [0, 0, 0, 0, 0, 0, 0]
  const seen = [0, 0, 0, 0, 0, 0, 0]
  for (let back = 1; back <= 14; back++) {
    const at = now - back * DAY_MS
    const weekday = new Date(at).getUTCDay()
    usual[weekday] = (usual[weekday] ?? 0) + (byDay.get(today(at)) ?? 0)
    seen[weekday] = (seen[weekday] ?? 0) + 1
  }
  const expect = (at: Date) => (usual[at.getUTCDay()] ?? 0) / Math.max(1, seen[at.getUTCDay()] ?? 1)
  const passed = (now % DAY_MS) / DAY_MS
  let total = spent + expect(date) * (1 - passed)
  for (let day = date.getUTCDate() + 1; day <= last; day++) total += expect(new Date(Date.UTC(year, month, day)))
  return { spent, total }
}

/** The last so many days, today among them. */
export function lastDays(count: number, now = Date.now()): { from: string; to: string } {
  return { from: daysBefore(count - 1, now), to: today(now) }
}
