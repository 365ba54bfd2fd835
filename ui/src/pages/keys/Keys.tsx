// Virtual keys: who has which, what each may call and has spent; make, change, block, rotate, delete.

import { Button, Group, Paper, Select, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useMemo, useState } from 'react'

import { useChoices, useKeys } from '../../api/queries'
import type { Key } from '../../api/types'
import { BudgetBar, Names, PageHead, State } from '../../components/bits'
import { DataTable, useTableState } from '../../components/DataTable'
import { Secret, type Shown } from '../../components/Secret'
import { ago, date } from '../../lib/format'
import { useSearchState } from '../../lib/search'
import { useSession } from '../../lib/session'
import { KeyForm } from './KeyForm'
import { KeyPanel } from './KeyPanel'
import { Loops } from './Loops'

const SIZE = 25
const STATES = [
  { value: 'active', label: 'Working' },
  { value: 'blocked', label: 'Blocked' },
  { value: 'expired', label: 'Expired' },
]

const column = createColumnHelper<Key>()

export function stateOf(key: Key, now = Date.now()) {
  if (key.blocked) return <State tone="bad">Blocked</State>
  if (key.expires && Date.parse(key.expires) <= now) return <State tone="quiet">Expired</State>
  if (key.max_budget !== null && key.spend >= key.max_budget) return <State tone="warn">Budget spent</State>
  return <State tone="good">Works</State>
}

export default function Keys() {
  const { rights } = useSession()
  const [search, change] = useSearchState()
  const state = useTableState({ sort: 'created_at', descending: true })
  const choices = useChoices()
  const [making, setMaking] = useState(false)
  const [shown, setShown] = useState<Shown | null>(null)
  const filter = { search: state.search, status: search.status, team_id: search.team }
  const keys = useKeys({ page: state.page, size: SIZE, sort: state.sort, descending: state.descending, filter }, true)
  const opened = keys.data?.keys.find(key => key.token === search.key) ?? null
  const columns = useMemo(
    () => [
      column.accessor('key_alias', {
        header: 'Key',
        cell: ({ row: { original: key } }) => (
          <div>
            <button type="button" className="link" onClick={() => change({ key: key.token })}>
              <Text size="sm" fw={500}>
                {key.key_alias ?? key.key_name}
              </Text>
            </button>
            <Text size="xs" c="dimmed" ff="monospace">
              {key.key_name}
            </Text>
          </div>
        ),
      }),
      column.display({ id: 'state', header: 'State', cell: ({ row }) => stateOf(row.original) }),
      column.accessor('spend', {
        header: 'Spent',
        meta: { numeric: true },
        cell: ({ row: { original: key } }) => (
          <BudgetBar spent={key.spend} budget={key.max_budget} span={key.budget_duration} />
        ),
      }),
      column.accessor('team_id', {
        header: 'Team',
        cell: ({ row: { original: key } }) => key.team_alias ?? key.team_id ?? <Text c="dimmed">–</Text>,
      }),
      column.accessor('user_id', {
        header: 'User',
        cell: ({ row: { original: key } }) => key.user_email ?? key.user_id ?? <Text c="dimmed">–</Text>,
      }),
      column.display({
        id: 'models',
        header: 'Models',
        cell: ({ row }) => (
          <Names names={row.original.models} none={row.original.team_id ? 'all of the team' : 'all'} />
        ),
      }),
      column.accessor('expires', {
        header: 'Expires',
        cell: ({ getValue }) => (getValue() ? date(getValue()) : 'never'),
      }),
      column.accessor('created_at', { header: 'Made', cell: ({ getValue }) => ago(getValue()) }),
    ],
    [change],
  )
  const create = !rights.onlyLooks && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
      Create key
    </Button>
  )
  return (
    <>
      <PageHead title="Keys" about="Everybody who calls has a key. What it may call and spend is said here.">
        {create}
      </PageHead>
      <Loops />
      <Paper p={0}>
        <DataTable
          name="Keys"
          columns={columns}
          rows={keys.data?.keys}
          total={keys.data?.total_count ?? 0}
          size={SIZE}
          state={state}
          error={keys.error}
          retry={() => void keys.refetch()}
          searches="Search name, user or hash"
          open={key => change({ key: key.token })}
          empty={{
            title: search.status || search.team ? 'No key fits these filters' : 'No keys yet',
            hint: 'A key lets an application call models through this gateway, within the budget that you give it.',
            action: create,
          }}
          tools={
            <Group gap="xs">
              <Select
                aria-label="State"
                placeholder="Any state"
                data={STATES}
                value={search.status ?? null}
                onChange={status => change({ status, page: null })}
                clearable
                w={130}
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
                  w={170}
                />
              )}
            </Group>
          }
        />
      </Paper>
      {making && <KeyForm close={() => setMaking(false)} show={setShown} />}
      {opened && <KeyPanel keyRow={opened} close={() => change({ key: null })} show={setShown} />}
      <Secret shown={shown} close={() => setShown(null)} />
    </>
  )
}
