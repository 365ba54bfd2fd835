// Teams: who pays together, for which models, within which budget, and who is in them.

import { Button, MultiSelect, Paper, Select, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, post, type ApiRequest } from '../../api/client'
import { useChange, useChoices, useOrganizations, useTeams } from '../../api/queries'
import type { Team } from '../../api/types'
import { AllowanceFields, allowanceOf, filled, sent } from '../../components/AllowanceFields'
import { BudgetBar, Id, Names, PageHead, State } from '../../components/bits'
import { DataTable, useTableState } from '../../components/DataTable'
import { FormModal } from '../../components/FormModal'
import { ago } from '../../lib/format'
import { useSearchState } from '../../lib/search'
import { useSession } from '../../lib/session'
import { TeamPanel } from './TeamPanel'

const SIZE = 25
const column = createColumnHelper<Team>()
const columns = [
  column.accessor(row => row.team_alias ?? row.team_id, { id: 'team_alias', header: 'Team' }),
  column.accessor('team_id', { header: 'Id', cell: ({ getValue }) => <Id id={getValue()} /> }),
  column.accessor('organization_id', { header: 'Organization', cell: ({ getValue }) => getValue() ?? '–' }),
  column.accessor('blocked', {
    header: 'State',
    cell: ({ getValue }) => (getValue() ? <State tone="bad">Blocked</State> : <State tone="good">Works</State>),
  }),
  column.accessor('spend', {
    header: 'Spent',
    meta: { numeric: true },
    cell: ({ row: { original: row } }) => (
      <BudgetBar spent={row.spend} budget={row.max_budget} span={row.budget_duration} />
    ),
  }),
  column.display({
    id: 'members',
    header: 'Members',
    meta: { numeric: true },
    cell: ({ row }) => row.original.members_with_roles.length,
  }),
  column.display({
    id: 'models',
    header: 'Models',
    cell: ({ row }) => <Names names={row.original.models} none="all" />,
  }),
  column.accessor('created_at', { header: 'Made', cell: ({ getValue }) => ago(getValue()) }),
]

export default function Teams() {
  const { rights } = useSession()
  const [search, change] = useSearchState()
  const state = useTableState({ sort: 'spend', descending: true })
  const [making, setMaking] = useState(false)
  const teams = useTeams({
    page: state.page,
    size: SIZE,
    sort: state.sort,
    descending: state.descending,
    filter: { search: state.search },
  })
  const opened = teams.data?.teams.find(team => team.team_id === search.team)
  const create = (rights.admin || rights.organizationAdmin) && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
      Create team
    </Button>
  )
  return (
    <>
      <PageHead title="Teams" about="People and programs who pay together.">
        {create}
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Teams"
          columns={columns}
          rows={teams.data?.teams}
          total={teams.data?.total ?? 0}
          size={SIZE}
          state={state}
          error={teams.error}
          retry={() => void teams.refetch()}
          searches="Search a team"
          open={team => change({ team: team.team_id })}
          empty={{
            title: 'No teams',
            hint: 'A team has a budget of its own, for the keys of all its members.',
            action: create,
          }}
        />
      </Paper>
      {making && <TeamForm close={() => setMaking(false)} />}
      {opened && <TeamPanel team={opened} close={() => change({ team: null })} />}
    </>
  )
}

export function TeamForm({ team, close }: { team?: Team; close: () => void }) {
  const { rights } = useSession()
  const choices = useChoices()
  const organizations = useOrganizations(rights.seesAll || rights.inOrganization)
  const [alias, setAlias] = useState(team?.team_alias ?? '')
  const [models, setModels] = useState(team?.models ?? [])
  const [home, setHome] = useState(team?.organization_id ?? null)
  const [allowance, setAllowance] = useState(allowanceOf(team))
  const save = useChange((request: ApiRequest) => api(request), {
    done: 'The team is saved.',
    stale: ['teams'],
  })
  const submit = () => {
    const fields = { team_alias: alias.trim(), models, organization_id: home, ...sent(allowance) }
    return save.mutateAsync(
      team ? post('/team/update', { team_id: team.team_id, ...fields }) : post('/team/new', filled(fields)),
    )
  }
  const homes = (organizations.data ?? []).map(row => ({
    value: row.organization_id,
    label: row.organization_alias ?? row.organization_id,
  }))
  return (
    <FormModal
      title={team ? `Change ${team.team_alias ?? team.team_id}` : 'Create a team'}
      action={team ? 'Save' : 'Create team'}
      busy={save.isPending}
      close={close}
      submit={submit}
    >
      <TextInput label="Name" required value={alias} onChange={event => setAlias(event.currentTarget.value)} />
      {homes.length > 0 && (
        <Select
          label="Organization"
          data={homes}
          value={home}
          onChange={setHome}
          clearable
          placeholder="none"
          disabled={Boolean(team)}
        />
      )}
      <MultiSelect
        label="Models its keys may call"
        data={[...new Set([...choices.models, ...models])]}
        value={models}
        onChange={setModels}
        searchable
        clearable
        placeholder={models.length === 0 ? 'all' : undefined}
      />
      <AllowanceFields value={allowance} change={setAllowance} soft={false} />
    </FormModal>
  )
}
