// Sums of usage.

import type { UsageRow } from '../api/types'

export type Sum = Omit<UsageRow, 'day' | 'name' | 'label'>

export const NOTHING: Sum = {
  spend: 0,
  unpriced: 0,
  requests: 0,
  successes: 0,
  failures: 0,
  cache_hits: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cache_read_tokens: 0,
  reasoning_tokens: 0,
  timed: 0,
  duration_ms: 0,
  first_tokens: 0,
  first_token_ms: 0,
  cache_savings: 0,
  local_savings: 0,
}

const NAMES = Object.keys(NOTHING) as (keyof Sum)[]

export function add(one: Sum, other: Sum): Sum {
  const sum = { ...NOTHING }
  for (const name of NAMES) sum[name] = one[name] + other[name]
  return sum
}

/** What somebody is called in a report. */
export function titleOf(row: { name: string; label: string | null }): string {
  return row.label ?? (row.name || '(none)')
}
