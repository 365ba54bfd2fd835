// Models and their deployments: what they cost, how they are, whether they answer.

import { Button, Paper, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useMemo, useState } from 'react'

import { api, post } from '../../api/client'
import { useChange, useDeployments, useHealth } from '../../api/queries'
import type { Deployment, Health } from '../../api/types'
import { Id, PageHead, State } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { DataTable, useTableState } from '../../components/DataTable'
import { RowMenu } from '../../components/RowMenu'
import { duration, price } from '../../lib/format'
import { useSession } from '../../lib/session'
import { ModelForm } from './ModelForm'
import { TestModal } from './TestModal'

interface Row extends Deployment {
  health: Health | undefined
}

const column = createColumnHelper<Row>()
const numeric = { numeric: true }

export default function Models() {
  const { rights } = useSession()
  const deployments = useDeployments()
  const health = useHealth()
  const state = useTableState({ sort: 'model_name' })
  const [adding, setAdding] = useState(false)
  const [tested, setTested] = useState<Deployment | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const remove = useChange((id: string) => api(post('/model/delete', { id })), {
    done: 'The deployment is deleted.',
    stale: ['deployments', 'models', 'health'],
  })
  const block = useChange(
    ({ id, to }: { id: string; to: 'block' | 'unblock' }) => api(post(`/model/${to}`, { model_id: id })),
    {
      done: ({ to }) => (to === 'block' ? 'It gets no calls.' : 'It gets calls again.'),
      stale: ['deployments', 'health'],
    },
  )
  const rows = useMemo(() => {
    const known = [...(health.data?.healthy_endpoints ?? []), ...(health.data?.unhealthy_endpoints ?? [])]
    return deployments.data?.data.map(row => ({
      ...row,
      health: known.find(one => one.model_id === row.model_info.id),
    }))
  }, [deployments.data, health.data])
  const add = rights.admin && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>
      Add model
    </Button>
  )
  const columns = [
    column.accessor('model_name', {
      header: 'Model',
      cell: ({ getValue }) => (
        <Text size="sm" fw={500}>
          {getValue()}
        </Text>
      ),
    }),
    column.accessor(row => row.litellm_params.model, { id: 'upstream', header: 'At the provider' }),
    column.accessor(row => row.model_info.id, {
      id: 'id',
      header: 'Deployment',
      cell: ({ getValue }) => <Id id={getValue()} />,
    }),
    column.display({ id: 'state', header: 'State', cell: ({ row }) => stateOf(row.original) }),
    column.accessor(row => row.health?.response_time_ms ?? null, {
      id: 'latency',
      header: 'Answers within',
      meta: numeric,
      cell: ({ getValue }) => duration(getValue()),
    }),
    column.accessor(row => row.health?.calls_under_way ?? null, { id: 'calls', header: 'Calls now', meta: numeric }),
    column.accessor(row => row.model_info.input_cost_per_token ?? null, {
      id: 'input',
      header: '$ per 1M read',
      meta: numeric,
      cell: ({ getValue }) => price(getValue()),
    }),
    column.accessor(row => row.model_info.output_cost_per_token ?? null, {
      id: 'output',
      header: '$ per 1M written',
      meta: numeric,
      cell: ({ getValue }) => price(getValue()),
    }),
    column.accessor(row => (row.model_info.db_model ? 'here' : 'file'), { id: 'from', header: 'Set in' }),
    ...(rights.admin
      ? [
          column.display({
            id: 'actions',
            header: '',
            cell: ({ row: { original: row } }) => {
              const id = row.model_info.id
              const own = [
                {
                  name: row.blocked ? 'Unblock' : 'Block',
                  run: () => block.mutate({ id, to: row.blocked ? 'unblock' : 'block' }),
                },
                {
                  name: 'Delete',
                  danger: true,
                  run: () =>
                    setQuestion({
                      title: `Delete ${id}?`,
                      about: `${row.model_name} goes on with the other deployments of that name, if there are any.`,
                      action: 'Delete',
                      run: () => remove.mutateAsync(id),
                    }),
                },
              ]
              return (
                <RowMenu
                  label={`Actions for ${id}`}
                  actions={[{ name: 'Test', run: () => setTested(row) }, ...(row.model_info.db_model ? own : [])]}
                />
              )
            },
          }),
        ]
      : []),
  ]
  return (
    <>
      <PageHead
        title="Models"
        about="What callers ask for, and the deployments that answer. Several of one name share its calls."
      >
        {add}
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Deployments"
          columns={columns}
          rows={rows}
          state={state}
          error={deployments.error}
          retry={() => void deployments.refetch()}
          searches="Search a model"
          empty={{ title: 'No models', hint: 'Add one here, or in model_list of the configuration.', action: add }}
        />
      </Paper>
      {adding && <ModelForm close={() => setAdding(false)} test={setTested} />}
      {tested && <TestModal deployment={tested} close={() => setTested(null)} />}
      <Confirm question={question} close={() => setQuestion(null)} busy={remove.isPending} />
    </>
  )
}

function stateOf({ blocked, health }: Row) {
  if (blocked) return <State tone="quiet">Blocked</State>
  if (!health) return <State tone="quiet">Not looked at</State>
  if (health.rests_for_ms) return <State tone="warn">Rests {duration(health.rests_for_ms)}</State>
  if (health.error) return <State tone="bad">Down</State>
  return <State tone="good">Well</State>
}
