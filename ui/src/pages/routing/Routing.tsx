// Where a call would go and why, without making it; and what experiments have found.

import { Alert, Button, Group, Paper, Select, SimpleGrid, Stack, Table, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, get, post } from '../../api/client'
import { useModels, wordsOf } from '../../api/queries'
import type { Candidate, Explanation, Reason } from '../../api/types'
import { Card, Fact, PageHead, State } from '../../components/bits'
import { Answered, Empty } from '../../components/feedback'
import { count, duration, money, percent } from '../../lib/format'
import { useSession } from '../../lib/session'
import { Drill } from './Drill'

export default function Routing() {
  const { rights } = useSession()
  return (
    <>
      <PageHead title="Routing" about="Ask where a call would go. Nothing is sent, and no limit or money is taken." />
      <Stack>
        <Explain />
        {rights.seesAll && <Experiments />}
        {rights.seesAll && <Drill />}
      </Stack>
    </>
  )
}

function Explain() {
  const models = useModels()
  const names = (models.data?.data ?? []).map(model => model.id).sort()
  const [chosen, setModel] = useState<string | null>(null)
  const model = chosen ?? names[0] ?? null
  const [text, setText] = useState('Hello!')
  const ask = useMutation({
    mutationFn: () =>
      api(post('/utils/route', { request_body: { model, messages: [{ role: 'user', content: text }] } })),
  })
  return (
    <Card title="Explain a call">
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Select label="Model" data={names} value={model} onChange={setModel} searchable allowDeselect={false} />
          <Textarea
            label="Message"
            autosize
            minRows={1}
            maxRows={6}
            value={text}
            onChange={event => setText(event.currentTarget.value)}
          />
        </SimpleGrid>
        <Group>
          <Button onClick={() => ask.mutate()} loading={ask.isPending} disabled={!model}>
            Explain
          </Button>
        </Group>
        {ask.isError && (
          <Alert color="red" role="alert">
            {wordsOf(ask.error)}
          </Alert>
        )}
        {ask.data && <Explained explanation={ask.data} />}
      </Stack>
    </Card>
  )
}

function said(error: { message?: string } | string | null): string | null {
  return typeof error === 'string' ? error : (error?.message ?? null)
}

function Explained({ explanation }: { explanation: Explanation }) {
  const error = said(explanation.error)
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Fact name="It would go to">{explanation.chosen ?? 'nobody'}</Fact>
        <Fact name="Input tokens">{count(explanation.input_tokens)}</Fact>
        <Fact name="Model">{explanation.model}</Fact>
      </SimpleGrid>
      {error && <Alert color="orange">{error}</Alert>}
      {explanation.router && (
        <Fact name="What the router said">
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable */}
          <pre className="code" tabIndex={0}>
            {JSON.stringify(explanation.router, null, 2)}
          </pre>
        </Fact>
      )}
      {explanation.groups.map(group => (
        <Table.ScrollContainer key={group.model_group} minWidth={520}>
          <Text size="sm" fw={500}>
            {group.model_group} · {group.strategy}
          </Text>
          <Table aria-label={`Deployments of ${group.model_group}`} className="data-table">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Deployment</Table.Th>
                <Table.Th>Verdict</Table.Th>
                <Table.Th className="number">Chance</Table.Th>
                <Table.Th className="number">Score</Table.Th>
                <Table.Th className="number">Calls now</Table.Th>
                <Table.Th className="number">Rests for</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {group.candidates.map(one => (
                <CandidateRow key={one.model_id} one={one} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ))}
    </Stack>
  )
}

/** Why a deployment gets no call. */
const WHY: Record<Reason['type'], string> = {
  tags: 'has other tags',
  region: 'is in another region',
  issuer: 'did not give what the call refers to',
  context: 'cannot hold so long a call',
  rest: 'rests',
  order: 'comes after others',
  limit: 'has reached a limit',
  budget: 'has spent its budget',
}

function CandidateRow({ one }: { one: Candidate }) {
  return (
    <Table.Tr>
      <Table.Td>{one.model_id}</Table.Td>
      <Table.Td>
        {one.chosen ? (
          <State tone="good">chosen</State>
        ) : one.kept ? (
          <State tone="quiet">could</State>
        ) : (
          <State tone="warn">{one.reason ? WHY[one.reason.type] : 'left out'}</State>
        )}
      </Table.Td>
      <Table.Td className="number">{percent(one.chance)}</Table.Td>
      <Table.Td className="number">{one.score === null ? '–' : one.score.toPrecision(3)}</Table.Td>
      <Table.Td className="number">{one.calls_under_way}</Table.Td>
      <Table.Td className="number">{one.rests_for_ms ? duration(one.rests_for_ms) : '–'}</Table.Td>
    </Table.Tr>
  )
}

function Experiments() {
  const query = useQuery({
    queryKey: ['experiments'],
    queryFn: ({ signal }) => api(get('/router/experiments'), signal),
  })
  return (
    <Card title="Experiments">
      <Answered query={query} height={80}>
        {({ experiments }) =>
          experiments.length === 0 ? (
            <Empty title="No experiments">
              A rule of a router can share calls among several models; how they compare is shown here.
            </Empty>
          ) : (
            <Stack>
              {experiments.map(({ experiment, arms }) => (
                <Paper key={experiment} p="sm">
                  <Text fw={500}>{experiment}</Text>
                  <Table aria-label={experiment}>
                    <Table.Thead>
                      <Table.Tr>
                        <Table.Th>Model</Table.Th>
                        <Table.Th className="number">Attempts</Table.Th>
                        <Table.Th className="number">Faults</Table.Th>
                        <Table.Th className="number">An answer costs</Table.Th>
                        <Table.Th className="number">And takes</Table.Th>
                      </Table.Tr>
                    </Table.Thead>
                    <Table.Tbody>
                      {arms.map(arm => (
                        <Table.Tr key={arm.model}>
                          <Table.Td>{arm.model}</Table.Td>
                          <Table.Td className="number">{count(arm.attempts)}</Table.Td>
                          <Table.Td className="number">{percent(arm.fault_rate)}</Table.Td>
                          <Table.Td className="number">{money(arm.spend_per_answer)}</Table.Td>
                          <Table.Td className="number">{duration(arm.mean_duration_ms)}</Table.Td>
                        </Table.Tr>
                      ))}
                    </Table.Tbody>
                  </Table>
                </Paper>
              ))}
            </Stack>
          )
        }
      </Answered>
    </Card>
  )
}
