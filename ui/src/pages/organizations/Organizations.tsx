// Organizations: several teams that pay together.

import { Button, Paper, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, del, patch, post, type ApiRequest } from '../../api/client'
import { useChange, useOrganizations } from '../../api/queries'
import type { Organization } from '../../api/types'
import { AllowanceFields, allowanceOf, filled, sent } from '../../components/AllowanceFields'
import { BudgetBar, Id, Names, PageHead } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { DataTable, useTableState } from '../../components/DataTable'
import { FormModal } from '../../components/FormModal'
import { RowMenu } from '../../components/RowMenu'
import { ago } from '../../lib/format'
import { useSession } from '../../lib/session'

const column = createColumnHelper<Organization>()
const numeric = { numeric: true }

export default function Organizations() {
  const { rights } = useSession()
  const organizations = useOrganizations()
  const state = useTableState({ sort: 'spend', descending: true })
  const [form, setForm] = useState<Organization | 'new' | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const remove = useChange((id: string) => api(del('/organization/delete', { organization_ids: [id] })), {
    done: 'The organization is deleted.',
    stale: ['organizations', 'teams', 'keys'],
  })
  const create = rights.admin && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setForm('new')}>
      Create organization
    </Button>
  )
  const columns = [
    column.accessor(row => row.organization_alias ?? row.organization_id, { id: 'name', header: 'Organization' }),
    column.accessor('organization_id', { header: 'Id', cell: ({ getValue }) => <Id id={getValue()} /> }),
    column.accessor('spend', {
      header: 'Spent',
      meta: numeric,
      cell: ({ row: { original: row } }) => (
        <BudgetBar
          spent={row.spend}
          budget={row.litellm_budget_table?.max_budget ?? null}
          span={row.litellm_budget_table?.budget_duration}
        />
      ),
    }),
    column.accessor(row => row.teams.length, { id: 'teams', header: 'Teams', meta: numeric }),
    column.accessor(row => row.members.length, { id: 'members', header: 'Members', meta: numeric }),
    column.display({
      id: 'models',
      header: 'Models',
      cell: ({ row }) => <Names names={row.original.models} none="all" />,
    }),
    column.accessor('created_at', { header: 'Since', cell: ({ getValue }) => ago(getValue()) }),
    ...(rights.admin
      ? [
          column.display({
            id: 'actions',
            header: '',
            cell: ({ row: { original: row } }) => (
              <RowMenu
                label={`Actions for ${row.organization_alias ?? row.organization_id}`}
                actions={[
                  { name: 'Change', run: () => setForm(row) },
                  {
                    name: 'Delete',
                    danger: true,
                    run: () =>
                      setQuestion({
                        title: `Delete ${row.organization_alias ?? row.organization_id}?`,
                        about: 'Its teams and their keys are deleted with it. What was spent stays in reports.',
                        action: 'Delete',
                        run: () => remove.mutateAsync(row.organization_id),
                      }),
                  },
                ]}
              />
            ),
          }),
        ]
      : []),
  ]
  return (
    <>
      <PageHead title="Organizations" about="Several teams that pay together, with admins of their own.">
        {create}
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Organizations"
          columns={columns}
          rows={organizations.data}
          state={state}
          error={organizations.error}
          retry={() => void organizations.refetch()}
          searches="Search an organization"
          empty={{
            title: 'No organizations',
            hint: 'One is worth it where several teams share a budget.',
            action: create,
          }}
        />
      </Paper>
      {form && <OrganizationForm organization={form === 'new' ? null : form} close={() => setForm(null)} />}
      <Confirm question={question} close={() => setQuestion(null)} busy={remove.isPending} />
    </>
  )
}

function OrganizationForm({ organization, close }: { organization: Organization | null; close: () => void }) {
  const [alias, setAlias] = useState(organization?.organization_alias ?? '')
  const [allowance, setAllowance] = useState(allowanceOf(organization?.litellm_budget_table))
  const save = useChange((request: ApiRequest) => api(request), {
    done: 'The organization is saved.',
    stale: ['organizations'],
  })
  const submit = () => {
    const fields = { organization_alias: alias.trim(), ...sent(allowance) }
    return save.mutateAsync(
      organization
        ? patch('/organization/update', { organization_id: organization.organization_id, ...fields })
        : post('/organization/new', filled(fields)),
    )
  }
  return (
    <FormModal
      title={organization ? `Change ${organization.organization_alias ?? ''}` : 'Create an organization'}
      action={organization ? 'Save' : 'Create organization'}
      busy={save.isPending}
      close={close}
      submit={submit}
    >
      <TextInput label="Name" required value={alias} onChange={event => setAlias(event.currentTarget.value)} />
      <AllowanceFields value={allowance} change={setAllowance} soft={false} />
    </FormModal>
  )
}
