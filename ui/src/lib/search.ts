// State that belongs to a page lives in its address: it can be shared, and comes back with the back button.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export type Search = Record<string, string>

/** Addresses hold plain texts, as people read and write them. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text))
}

export function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return text ? '?' + text : ''
}

/** What the address says, and a way to change some of it. */
export function useSearchState(): [Search, (changes: Record<string, string | null>) => void] {
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const change = useCallback(
    (changes: Record<string, string | null>) => {
      void navigate({
        to: '.',
        replace: true,
        search: ((before: Search) => {
          const after = Object.entries({ ...before, ...changes })
          return Object.fromEntries(after.filter(([, value]) => value !== null && value !== ''))
        }) as never,
      })
    },
    [navigate],
  )
  return [search, change]
}
