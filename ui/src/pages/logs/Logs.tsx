// Single calls, the newest first: who asked what, what it took and cost, and what went wrong.

import { Button, Group, Paper, Select, Switch, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { createColumnHelper } from '@tanstack/react-table'

import { api, get } from '../../api/client'
import { LIVE, useChoices } from '../../api/queries'
import type { Call } from '../../api/types'
import { PageHead, State } from '../../components/bits'
import { DataTable, useTableState } from '../../components/DataTable'
import { count, duration, moment, money } from '../../lib/format'
import { useSearchState } from '../../lib/search'
import { CallPanel } from './CallPanel'
import { Filters, filtersOf, isNarrowed } from './Filters'

const SIZE = 25

/** How a call ended, in a word. */
export function outcomeOf(call: Call) {
  const outcome = call.outcome ?? call.status
  if (outcome === 'success') return <State tone="good">{call.status_code ?? 200}</State>
  if (outcome === 'aborted' || outcome === 'interrupted') return <State tone="warn">{outcome}</State>
  const code = call.status_code ?? call.metadata.error_information?.error_code
  return <State tone="bad">{code || 'failed'}</State>
}

/** What a call cost: failed ones cost what they cost, and an unknown price is not nothing. */
export function costOf(call: Call): string {
  const known = call.metadata.cost_breakdown !== null && call.metadata.cost_breakdown !== undefined
  return known || call.spend ? money(call.spend) : call.status === 'success' ? 'unknown' : '–'
}

const column = createColumnHelper<Call>()
const numeric = { numeric: true }
const columns = [
  column.accessor('startTime', { header: 'When', enableSorting: false, cell: ({ getValue }) => moment(getValue()) }),
  column.display({ id: 'outcome', header: 'Answer', cell: ({ row }) => outcomeOf(row.original) }),
  column.accessor('model_group', {
    header: 'Model',
    enableSorting: false,
    cell: ({ row: { original: call } }) => (
      <div>
        <Text size="sm">{call.model_group || call.model}</Text>
        <Text size="xs" c="dimmed">
          {call.custom_llm_provider}
        </Text>
      </div>
    ),
  }),
  column.display({
    id: 'who',
    header: 'Key',
    cell: ({ row: { original: call } }) => (
      <div>
        <Text size="sm">
          {call.metadata.user_api_key_alias ?? (call.api_key ? call.api_key.slice(0, 8) : 'master key')}
        </Text>
        <Text size="xs" c="dimmed">
          {call.metadata.user_api_key_team_alias ?? call.team_id ?? call.user ?? ''}
        </Text>
      </div>
    ),
  }),
  column.accessor('prompt_tokens', {
    header: 'Read',
    enableSorting: false,
    meta: numeric,
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor('completion_tokens', {
    header: 'Written',
    enableSorting: false,
    meta: numeric,
    cell: ({ getValue }) => count(getValue()),
  }),
  column.display({ id: 'cost', header: 'Cost', meta: numeric, cell: ({ row }) => costOf(row.original) }),
  column.display({
    id: 'first',
    header: 'First token',
    meta: numeric,
    cell: ({ row }) => duration(firstTokenMs(row.original)),
  }),
  column.accessor('request_duration_ms', {
    header: 'In all',
    enableSorting: false,
    meta: numeric,
    cell: ({ getValue }) => duration(getValue()),
  }),
  column.display({
    id: 'error',
    header: 'Error',
    cell: ({ row }) => {
      const text = row.original.metadata.error_information?.error_message ?? ''
      return (
        <Text size="xs" c="dimmed" maw={220} truncate title={text}>
          {text}
        </Text>
      )
    },
  }),
]

function firstTokenMs(call: Call): number | null {
  if (call.first_token_ms !== undefined) return call.first_token_ms
  return call.completionStartTime ? Date.parse(call.completionStartTime) - Date.parse(call.startTime) : null
}

export default function Logs() {
  const [search, change] = useSearchState()
  const state = useTableState()
  const choices = useChoices()
  const live = search.live === '1' && state.page === 1 && !search.cursor
  const query = {
    // Behind a cursor nothing is counted.
    ...(search.cursor ? { cursor: search.cursor } : { page: state.page }),
    page_size: SIZE,
    status_filter: search.status,
    model_group: search.model,
    team_id: search.team,
    request_id: state.search,
    ...filtersOf(search),
  }
  const calls = useQuery({
    queryKey: ['calls', query],
    queryFn: ({ signal }) => api(get('/spend/logs/v2', query), signal),
    placeholderData: keepPreviousData,
    refetchInterval: live ? LIVE : false,
  })
  const page = calls.data
  const narrowed = search.status || search.model || search.team || isNarrowed(search)
  return (
    <>
      <PageHead
        title="Logs"
        about="Calls as they are booked. What was said in them is kept only where somebody wants it."
      >
        <Switch
          size="xs"
          label="Live"
          checked={search.live === '1'}
          onChange={event => change({ live: event.currentTarget.checked ? '1' : null, page: null })}
        />
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Calls"
          columns={columns}
          rows={page?.data}
          total={page?.total ?? page?.data.length ?? 0}
          more={page?.total !== undefined && page.total_is_exact === false}
          size={SIZE}
          state={state}
          error={calls.error}
          retry={() => void calls.refetch()}
          searches="The id of a call"
          open={call => change({ call: call.request_id })}
          empty={{
            title: narrowed ? 'No call fits these filters' : 'No calls yet',
            hint: narrowed
              ? 'Take a filter off, or look further back.'
              : 'A call is here a moment after its answer. The playground makes one.',
          }}
          tools={
            <Group gap="xs">
              <Select
                aria-label="How it ended"
                placeholder="Any answer"
                data={[
                  { value: 'success', label: 'Answered' },
                  { value: 'failure', label: 'Failed' },
                ]}
                value={search.status ?? null}
                onChange={status => change({ status, page: null })}
                clearable
                w={130}
              />
              <Select
                aria-label="Model"
                placeholder="Any model"
                data={choices.models}
                value={search.model ?? null}
                onChange={model => change({ model, page: null })}
                clearable
                searchable
                w={160}
              />
              {choices.teams.length > 0 && (
                <Select
                  aria-label="Team"
                  placeholder="Any team"
                  data={choices.teams}
                  value={search.team ?? null}
                  onChange={team => change({ team, page: null })}
                  clearable
                  searchable
                  w={160}
                />
              )}
              <Filters />
            </Group>
          }
        />
        {(search.cursor || (page && !page.complete && page.next_cursor)) && (
          <Group justify="space-between" p="sm" pt={0} gap="xs">
            {search.cursor ? (
              <Button size="xs" variant="subtle" onClick={() => change({ cursor: null })}>
                Back to the newest
              </Button>
            ) : (
              <Text size="xs" c="dimmed">
                There are many calls, and not all of them were looked at yet.
              </Text>
            )}
            {page?.next_cursor && (
              <Button
                size="xs"
                variant="default"
                onClick={() => change({ cursor: page.next_cursor ?? null, page: null })}
              >
                Look further back
              </Button>
            )}
          </Group>
        )}
      </Paper>
      {search.call && <CallPanel id={search.call} close={() => change({ call: null })} />}
    </>
  )
}
