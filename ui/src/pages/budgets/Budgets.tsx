// Budgets that several share by their values: each spends its own money within them.

import { Button, Paper, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, post, type ApiRequest } from '../../api/client'
import { useBudgets, useChange } from '../../api/queries'
import type { Budget } from '../../api/types'
import { AllowanceFields, allowanceOf, filled, sent } from '../../components/AllowanceFields'
import { Id, PageHead } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { DataTable, useTableState } from '../../components/DataTable'
import { FormModal } from '../../components/FormModal'
import { RowMenu } from '../../components/RowMenu'
import { count, date, money, window } from '../../lib/format'
import { useSession } from '../../lib/session'

const column = createColumnHelper<Budget>()
const numeric = { numeric: true }

export default function Budgets() {
  const { rights } = useSession()
  const budgets = useBudgets()
  const state = useTableState({ sort: 'budget_id' })
  const [form, setForm] = useState<Budget | 'new' | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const remove = useChange((id: string) => api(post('/budget/delete', { id })), {
    done: 'The budget is deleted.',
    stale: ['budgets'],
  })
  const askToDelete = (id: string) =>
    setQuestion({
      title: `Delete ${id}?`,
      about: 'The gateway refuses this as long as somebody has this budget.',
      action: 'Delete',
      run: () => remove.mutateAsync(id),
    })
  const create = rights.admin && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setForm('new')}>
      Create budget
    </Button>
  )
  const columns = [
    column.accessor('budget_id', { header: 'Budget', cell: ({ getValue }) => <Id id={getValue()} /> }),
    column.accessor('max_budget', {
      header: 'Amount',
      meta: numeric,
      cell: ({ row: { original: row } }) =>
        row.max_budget === null ? 'no limit' : `${money(row.max_budget)} ${window(row.budget_duration)}`,
    }),
    column.accessor('rpm_limit', {
      header: 'Requests a minute',
      meta: numeric,
      cell: ({ getValue }) => count(getValue()),
    }),
    column.accessor('tpm_limit', {
      header: 'Tokens a minute',
      meta: numeric,
      cell: ({ getValue }) => count(getValue()),
    }),
    column.accessor('budget_reset_at', { header: 'Begins anew', cell: ({ getValue }) => date(getValue()) }),
    column.accessor('created_at', { header: 'Made', cell: ({ getValue }) => date(getValue()) }),
    ...(rights.admin
      ? [
          column.display({
            id: 'actions',
            header: '',
            cell: ({ row: { original: row } }) => (
              <RowMenu
                label={`Actions for ${row.budget_id}`}
                actions={[
                  { name: 'Change', run: () => setForm(row) },
                  { name: 'Delete', run: () => askToDelete(row.budget_id), danger: true },
                ]}
              />
            ),
          }),
        ]
      : []),
  ]
  return (
    <>
      <PageHead
        title="Budgets"
        about="Values that keys, users, teams and customers can share. Each of them spends its own money."
      >
        {create}
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Budgets"
          columns={columns}
          rows={budgets.data}
          state={state}
          error={budgets.error}
          retry={() => void budgets.refetch()}
          searches="Search a budget"
          empty={{
            title: 'No shared budgets',
            hint: 'Make one for what many get alike: a seat, a trial, a project.',
            action: create,
          }}
        />
      </Paper>
      {form && <BudgetForm budget={form === 'new' ? null : form} close={() => setForm(null)} />}
      <Confirm question={question} close={() => setQuestion(null)} busy={remove.isPending} />
    </>
  )
}

function BudgetForm({ budget, close }: { budget: Budget | null; close: () => void }) {
  const [id, setId] = useState(budget?.budget_id ?? '')
  const [allowance, setAllowance] = useState(allowanceOf(budget))
  const save = useChange((request: ApiRequest) => api(request), {
    done: 'The budget is saved.',
    stale: ['budgets'],
  })
  const submit = () => {
    const fields = { budget_id: id.trim(), ...sent(allowance) }
    return save.mutateAsync(budget ? post('/budget/update', fields) : post('/budget/new', filled(fields)))
  }
  return (
    <FormModal
      title={budget ? `Change ${budget.budget_id}` : 'Create a budget'}
      action={budget ? 'Save' : 'Create budget'}
      busy={save.isPending}
      close={close}
      submit={submit}
    >
      {!budget && (
        <TextInput
          label="Id"
          placeholder="made up by the gateway"
          value={id}
          onChange={event => setId(event.currentTarget.value)}
        />
      )}
      <AllowanceFields value={allowance} change={setAllowance} />
    </FormModal>
  )
}
