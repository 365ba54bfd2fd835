// What calls and answers are looked over for, and trying one out.

import { Alert, Button, Code, Group, Paper, Select, SimpleGrid, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, get, post } from '../../api/client'
import { wordsOf } from '../../api/queries'
import type { Guardrail } from '../../api/types'
import { Card, Fact, Names, PageHead, State } from '../../components/bits'
import { DataTable, useTableState } from '../../components/DataTable'

const MODES: Record<string, string> = {
  pre_call: 'calls',
  during_call: 'calls, meanwhile',
  post_call: 'answers',
  logging_only: 'the log',
}

const KINDS: Record<string, string> = { pii: 'personal data', llm_judge: 'what a model judges' }

const column = createColumnHelper<Guardrail>()
const columns = [
  column.accessor('guardrail_name', { header: 'Guardrail' }),
  column.accessor(row => KINDS[row.litellm_params.guardrail] ?? row.litellm_params.guardrail.replaceAll('_', ' '), {
    id: 'kind',
    header: 'Looks for',
  }),
  column.accessor(row => row.litellm_params.mode, {
    id: 'mode',
    header: 'In',
    enableSorting: false,
    cell: ({ getValue }) => <Names names={getValue().map(mode => MODES[mode] ?? mode)} none="nothing" />,
  }),
  column.accessor(row => row.litellm_params.default_on, {
    id: 'default_on',
    header: 'For',
    cell: ({ getValue }) =>
      getValue() ? <State tone="good">everybody</State> : <State tone="quiet">whoever names it</State>,
  }),
]

export default function Guardrails() {
  const state = useTableState({ sort: 'guardrail_name' })
  const guardrails = useQuery({
    queryKey: ['guardrails'],
    queryFn: ({ signal }) => api(get('/guardrails/list'), signal),
  })
  const all = guardrails.data?.guardrails
  return (
    <>
      <PageHead
        title="Guardrails"
        about="What calls and answers are looked over for before they go on. The log says what each of them found, never the text."
      />
      <Stack>
        <Paper p={0}>
          <DataTable
            name="Guardrails"
            columns={columns}
            rows={all}
            state={state}
            error={guardrails.error}
            retry={() => void guardrails.refetch()}
            searches="Search a guardrail"
            empty={{
              title: 'No guardrails',
              hint: 'The section guardrails of the configuration has them: personal data, secrets, words, injection and more. docs/guardrails.md shows each.',
            }}
          />
        </Paper>
        {all && all.length > 0 && <Trial names={all.map(guardrail => guardrail.guardrail_name)} />}
      </Stack>
    </>
  )
}

/** A text, and what a guardrail makes of it. Nothing of it is kept. */
function Trial({ names }: { names: string[] }) {
  const [name, setName] = useState(names[0] ?? '')
  const [text, setText] = useState('')
  const trial = useMutation({
    mutationFn: () => api(post('/guardrails/apply_guardrail', { guardrail_name: name, text })),
  })
  return (
    <Card title="Try one out">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Stack gap="sm">
          <Select
            label="Guardrail"
            data={names}
            value={name}
            onChange={chosen => {
              setName(chosen ?? '')
              trial.reset()
            }}
            allowDeselect={false}
          />
          <Textarea
            label="Text"
            description="It goes nowhere and is not kept"
            value={text}
            onChange={event => setText(event.currentTarget.value)}
            rows={4}
          />
          <Group>
            <Button disabled={text === ''} loading={trial.isPending} onClick={() => trial.mutate()}>
              Look it over
            </Button>
          </Group>
        </Stack>
        <Stack gap="sm" role="status" aria-label="What becomes of it">
          {trial.isError && (
            <Alert color="red" title="A call with this text is refused">
              {wordsOf(trial.error)}
            </Alert>
          )}
          {trial.data && (
            <Fact name="What becomes of it">
              <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                {trial.data.response_text}
              </Code>
            </Fact>
          )}
          {trial.data && trial.data.response_text === text && (
            <Text size="sm" c="dimmed">
              Nothing was found: it goes on as it is.
            </Text>
          )}
        </Stack>
      </SimpleGrid>
    </Card>
  )
}
