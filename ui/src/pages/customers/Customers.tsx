// Customers: whom applications name as the user of a call. Each can have a budget, and be blocked.

import { Button, Paper, Select, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, post, type Fields } from '../../api/client'
import { useBudgets, useChange, useCustomers } from '../../api/queries'
import type { Customer } from '../../api/types'
import { filled } from '../../components/AllowanceFields'
import { BudgetBar, Id, PageHead, State } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { DataTable, useTableState } from '../../components/DataTable'
import { FormModal } from '../../components/FormModal'
import { RowMenu } from '../../components/RowMenu'
import { ago } from '../../lib/format'
import { useSession } from '../../lib/session'

const column = createColumnHelper<Customer>()

export default function Customers() {
  const { rights } = useSession()
  const customers = useCustomers()
  const state = useTableState({ sort: 'spend', descending: true })
  const [making, setMaking] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const block = useChange(
    ({ id, to }: { id: string; to: 'block' | 'unblock' }) => api(post(`/customer/${to}`, { user_ids: [id] })),
    {
      done: ({ to }) => (to === 'block' ? 'The customer is blocked.' : 'The customer is served again.'),
      stale: ['customers'],
    },
  )
  const remove = useChange((id: string) => api(post('/customer/delete', { user_ids: [id] })), {
    done: 'The customer is deleted.',
    stale: ['customers'],
  })
  const create = rights.admin && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
      Add customer
    </Button>
  )
  const columns = [
    column.accessor(row => row.alias ?? row.user_id, { id: 'name', header: 'Customer' }),
    column.accessor('user_id', { header: 'Id', cell: ({ getValue }) => <Id id={getValue()} /> }),
    column.accessor('blocked', {
      header: 'State',
      cell: ({ getValue }) => (getValue() ? <State tone="bad">Blocked</State> : <State tone="good">Served</State>),
    }),
    column.accessor('spend', {
      header: 'Spent',
      meta: { numeric: true },
      cell: ({ row: { original: row } }) => (
        <BudgetBar
          spent={row.spend}
          budget={row.litellm_budget_table?.max_budget ?? null}
          span={row.litellm_budget_table?.budget_duration}
        />
      ),
    }),
    column.accessor('created_at', { header: 'Since', cell: ({ getValue }) => ago(getValue()) }),
    ...(rights.admin
      ? [
          column.display({
            id: 'actions',
            header: '',
            cell: ({ row: { original: row } }) => {
              const to = row.blocked ? 'unblock' : 'block'
              return (
                <RowMenu
                  label={`Actions for ${row.user_id}`}
                  actions={[
                    { name: row.blocked ? 'Unblock' : 'Block', run: () => block.mutate({ id: row.user_id, to }) },
                    {
                      name: 'Delete',
                      danger: true,
                      run: () =>
                        setQuestion({
                          title: `Delete ${row.alias ?? row.user_id}?`,
                          about:
                            'The budget goes; what was spent stays in reports. A call that names them makes them anew.',
                          action: 'Delete',
                          run: () => remove.mutateAsync(row.user_id),
                        }),
                    },
                  ]}
                />
              )
            },
          }),
        ]
      : []),
  ]
  return (
    <>
      <PageHead title="Customers" about="Whom your applications name as the user of a call.">
        {create}
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Customers"
          columns={columns}
          rows={customers.data}
          state={state}
          error={customers.error}
          retry={() => void customers.refetch()}
          searches="Search a customer"
          empty={{ title: 'No customers', hint: 'Add one to give them a budget of their own.', action: create }}
        />
      </Paper>
      {making && <CustomerForm close={() => setMaking(false)} />}
      <Confirm question={question} close={() => setQuestion(null)} busy={remove.isPending} />
    </>
  )
}

function CustomerForm({ close }: { close: () => void }) {
  const budgets = useBudgets()
  const [id, setId] = useState('')
  const [alias, setAlias] = useState('')
  const [budget, setBudget] = useState<string | null>(null)
  const save = useChange((body: Fields<'POST', '/customer/new'>) => api(post('/customer/new', body)), {
    done: 'The customer is added.',
    stale: ['customers'],
  })
  return (
    <FormModal
      title="Add a customer"
      action="Add customer"
      busy={save.isPending}
      disabled={!id.trim()}
      close={close}
      submit={() => save.mutateAsync(filled({ user_id: id.trim(), alias, budget_id: budget }))}
    >
      <TextInput
        label="Id"
        description="As applications name them"
        required
        value={id}
        onChange={event => setId(event.currentTarget.value)}
      />
      <TextInput label="Name" value={alias} onChange={event => setAlias(event.currentTarget.value)} />
      <Select
        label="Shared budget"
        data={(budgets.data ?? []).map(row => row.budget_id)}
        value={budget}
        onChange={setBudget}
        clearable
        placeholder="none"
      />
    </FormModal>
  )
}
