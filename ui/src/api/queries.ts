// What pages ask for, by name: the same question is asked once, whoever needs the answer.

import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { notifications } from '@mantine/notifications'

import { useSession } from '../lib/session'
import { api, ApiError, get, type AnswerOf, type Fields, type PathOf } from './client'
import type { Compared, Key } from './types'

/** How often what moves is asked for again, ms. */
export const LIVE = 2_000

export interface UsageQuestion {
  by: Compared
  from: string
  to: string
  days?: boolean
  live?: boolean
  enabled?: boolean
  filter?: Fields<'GET', '/usage'>
}

export function useUsage({ by, from, to, days = false, live = false, enabled = true, filter }: UsageQuestion) {
  const query = { by, start_date: from, end_date: to, days: days || undefined, ...filter }
  return useQuery({
    queryKey: ['usage', query],
    queryFn: ({ signal }) => api(get('/usage', query), signal),
    refetchInterval: live ? LIVE : 60_000,
    placeholderData: keepPreviousData,
    enabled,
  })
}

export interface ListQuestion<F = object> {
  page?: number
  size?: number
  sort?: string
  descending?: boolean
  filter?: F
}

function listQuery<F>({ page = 1, size = 25, sort, descending, filter }: ListQuestion<F>) {
  const order = descending ? ('desc' as const) : ('asc' as const)
  return { page, size, page_size: size, sort_by: sort, sort_order: sort ? order : undefined, ...filter }
}

export function useKeys(question: ListQuestion<Fields<'GET', '/key/list'>> = {}, live = false) {
  const query = { ...listQuery(question), page_size: undefined, return_full_object: true, include_team_keys: true }
  return useQuery({
    queryKey: ['keys', query],
    queryFn: async ({ signal }) => {
      const page = await api(get('/key/list', query), signal)
      // Whole keys were asked for, not their hashes.
      return { ...page, keys: page.keys.filter((key): key is Key => typeof key !== 'string') }
    },
    placeholderData: keepPreviousData,
    refetchInterval: live ? LIVE : false,
  })
}

export function useUsers(question: ListQuestion<Fields<'GET', '/user/list'>> = {}, enabled = true) {
  const query = { ...listQuery(question), size: undefined }
  return useQuery({
    queryKey: ['users', query],
    queryFn: ({ signal }) => api(get('/user/list', query), signal),
    placeholderData: keepPreviousData,
    enabled,
  })
}

export function useTeams(question: ListQuestion<Fields<'GET', '/v2/team/list'>> = {}, enabled = true) {
  const query = { ...listQuery(question), size: undefined }
  return useQuery({
    queryKey: ['teams', query],
    queryFn: ({ signal }) => api(get('/v2/team/list', query), signal),
    placeholderData: keepPreviousData,
    enabled,
  })
}

function useAll<P extends PathOf<'GET'>>(name: string, path: P, enabled = true) {
  return useQuery<AnswerOf<'GET', P>>({ queryKey: [name], queryFn: ({ signal }) => api(get(path), signal), enabled })
}

export const useOrganizations = (enabled = true) => useAll('organizations', '/organization/list', enabled)
export const useCustomers = () => useAll('customers', '/customer/list')
export const useBudgets = (enabled = true) => useAll('budgets', '/budget/list', enabled)
export const useDeployments = (enabled = true) => useAll('deployments', '/model/info', enabled)
export const useModels = () => useAll('models', '/v1/models')

export function useHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => api(get('/health'), signal),
    refetchInterval: 10_000,
  })
}

/** Names to choose from: models, and teams where the caller knows any. */
export function useChoices() {
  const { rights } = useSession()
  const models = useModels()
  const teams = useTeams({ size: 500, sort: 'team_alias' }, rights.seesAll || rights.inTeam)
  return {
    models: (models.data?.data ?? []).map(model => model.id),
    teams: (teams.data?.teams ?? []).map(team => ({ value: team.team_id, label: team.team_alias ?? team.team_id })),
  }
}

interface Action<V> {
  /** What is said when it is done. */
  done: string | ((variables: V) => string) | null
  /** What has to be asked for again. */
  stale: string[]
}

/** A change: says what came of it, and has what it touched asked for again. */
export function useChange<V, T = unknown>(run: (variables: V) => Promise<T>, { done, stale }: Action<V>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: run,
    onSuccess: async (_, variables) => {
      if (done) notifications.show({ message: typeof done === 'string' ? done : done(variables), color: 'teal' })
      await Promise.all(stale.map(name => client.invalidateQueries({ queryKey: [name] })))
    },
    onError: why => {
      notifications.show({ title: 'Not done', message: wordsOf(why), color: 'red', autoClose: 10_000 })
    },
  })
}

export function wordsOf(why: unknown): string {
  if (why instanceof ApiError && why.retryAfter) return `${why.message} (Try again in ${why.retryAfter} s.)`
  return why instanceof Error ? why.message : 'Something went wrong.'
}
