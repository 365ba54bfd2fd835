// Who is signed in, for every page.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, type ReactNode } from 'react'

import { api, get, onSignedOut, post } from '../api/client'
import type { Session } from '../api/types'
import { rightsOf, type Rights } from './rights'

interface Known {
  session: Session
  rights: Rights
}

const Context = createContext<Known | null>(null)

export const SESSION = ['session']

/** Asks who is signed in, and again whenever the gateway says that nobody is. */
export function useSessionQuery() {
  const client = useQueryClient()
  useEffect(() => onSignedOut(() => void client.invalidateQueries({ queryKey: SESSION })), [client])
  return useQuery({ queryKey: SESSION, queryFn: () => api(get('/session')), staleTime: 60_000 })
}

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <Context value={{ session, rights: rightsOf(session) }}>{children}</Context>
}

export function useSession(): Known {
  const known = useContext(Context)
  if (!known) throw new Error('there is no session outside of SessionProvider')
  return known
}

export async function signOut(): Promise<void> {
  await api(post('/logout', {}))
}
