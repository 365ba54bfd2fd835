// One call's whole story: who asked, what each attempt took, what it cost line by line, what went wrong.

import { Alert, Box, Code, Divider, Drawer, Group, ScrollArea, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, get } from '../../api/client'
import type { Attempt, Call, Verdict } from '../../api/types'
import { Copy, Fact, Id, Names, State } from '../../components/bits'
import { Answered } from '../../components/feedback'
import { count, duration, energy, moment, money } from '../../lib/format'
import { costOf, outcomeOf } from './Logs'

export function CallPanel({ id, close }: { id: string; close: () => void }) {
  const call = useQuery({
    queryKey: ['call', id],
    queryFn: ({ signal }) => api(get(`/spend/logs/ui/${encodeURIComponent(id)}`), signal),
  })
  return (
    <Drawer opened onClose={close} title="A call" position="right" size="lg">
      <Answered query={call}>{data => <Story call={data} />}</Answered>
    </Drawer>
  )
}

function Story({ call }: { call: Call }) {
  const error = call.metadata.error_information
  const usage = Object.entries(call.metadata.usage_object ?? {}).filter(([, value]) => typeof value === 'number')
  const cost = Object.entries(call.metadata.cost_breakdown ?? {}).filter(([, value]) => typeof value === 'number')
  return (
    <Stack>
      <Group gap="xs">
        {outcomeOf(call)}
        <Text size="sm">{moment(call.startTime)}</Text>
      </Group>
      {error?.error_message && (
        <Alert color="red" title={error.error_class ?? 'Error'}>
          {error.error_message}
        </Alert>
      )}
      <SimpleGrid cols={2} spacing="sm">
        <Fact name="Asked for">{call.model_group || call.model}</Fact>
        <Fact name="Answered by">{call.model_id || '–'}</Fact>
        <Fact name="Key">{call.metadata.user_api_key_alias ?? <Id id={call.api_key} />}</Fact>
        <Fact name="Team">{call.metadata.user_api_key_team_alias ?? call.team_id ?? '–'}</Fact>
        <Fact name="User">{call.user ?? '–'}</Fact>
        <Fact name="Customer">{call.end_user ?? '–'}</Fact>
        <Fact name="In all">{duration(call.request_duration_ms)}</Fact>
        <Fact name="Cost">{costOf(call)}</Fact>
        {call.metadata.energy_wh !== undefined && <Fact name="Energy">{energy(call.metadata.energy_wh)}</Fact>}
        {call.queue_ms !== undefined && <Fact name="Waited for a place">{duration(call.queue_ms)}</Fact>}
        {call.overhead_ms !== undefined && <Fact name="Beside the provider">{duration(call.overhead_ms)}</Fact>}
        <Fact name="Call">
          <Id id={call.litellm_call_id} />
        </Fact>
        <Fact name="Address">{call.requester_ip_address ?? '–'}</Fact>
      </SimpleGrid>
      {call.route && <Fact name="Why this model">{call.route}</Fact>}
      <Fact name="Tags">
        <Names names={call.request_tags} none="none" />
      </Fact>
      {call.dropped_params.length > 0 && (
        <Fact name="Lost on the way">
          <Names names={call.dropped_params} none="nothing" />
        </Fact>
      )}
      {call.guardrails && call.guardrails.length > 0 && <Verdicts verdicts={call.guardrails} />}
      {call.story && <Attempts attempts={call.story.attempts} />}
      <Divider />
      <SimpleGrid cols={2}>
        <Lines name="Tokens" lines={usage.map(([name, value]) => [name, count(value as number)])} />
        <Lines name="Cost" lines={cost.map(([name, value]) => [name, money(value)])} />
      </SimpleGrid>
      <Divider />
      <Content call={call} />
    </Stack>
  )
}

/** What each guardrail found, and how often: never the text. */
function Verdicts({ verdicts }: { verdicts: Verdict[] }) {
  return (
    <Fact name="Guardrails">
      <Stack gap={4}>
        {verdicts.map(({ name, mode, verdict, found, took_us }, index) => (
          <Group key={index} gap="xs">
            <State tone={TONES[verdict] ?? 'quiet'}>{verdict}</State>
            <Text size="sm">{name}</Text>
            <Text size="xs" c="dimmed">
              {[mode.replaceAll('_', ' '), ...found.map(([kind, times]) => `${kind} × ${times}`), `${took_us} µs`].join(
                ' · ',
              )}
            </Text>
          </Group>
        ))}
      </Stack>
    </Fact>
  )
}

const TONES: Record<string, 'good' | 'warn' | 'bad'> = {
  passed: 'good',
  masked: 'warn',
  noted: 'warn',
  blocked: 'bad',
  failed: 'bad',
}

/** What was said, if that is kept. */
function Content({ call }: { call: Call }) {
  const said = [
    ['Request', call.proxy_server_request],
    ['Answer', call.response],
  ] as const
  const kept = said.filter(([, value]) => value !== undefined && JSON.stringify(value) !== '{}')
  if (kept.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        What was said in this call is not kept.
      </Text>
    )
  }
  return (
    <>
      {kept.map(([name, value]) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
        return (
          <Fact key={name} name={name}>
            <Group gap="xs" align="flex-start" wrap="nowrap">
              <ScrollArea.Autosize mah={320} style={{ flex: 1 }} viewportProps={{ tabIndex: 0 }}>
                <Code block fz="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                  {text}
                </Code>
              </ScrollArea.Autosize>
              <Copy value={text} label={`Copy the ${name.toLowerCase()}`} />
            </Group>
          </Fact>
        )
      })}
      {call.content_cut && (
        <Text size="xs" c="dimmed">
          Something is missing: it was longer than what is kept.
        </Text>
      )}
    </>
  )
}

/** When each attempt began and how long it took, beside the others. */
function Attempts({ attempts }: { attempts: Attempt[] }) {
  const end = Math.max(1, ...attempts.map(attempt => attempt.offset_ms + (attempt.duration_ms ?? 0)))
  return (
    <Fact name={attempts.length === 1 ? 'One attempt' : `${attempts.length} attempts`}>
      <Stack gap={8} mt={4}>
        {attempts.map(attempt => (
          <Box key={attempt.attempt_id}>
            <Group justify="space-between" gap="xs">
              <Text size="xs">
                {attempt.model_id || attempt.model} · {attempt.outcome}
              </Text>
              <Text size="xs" c="dimmed">
                {duration(attempt.duration_ms)} · {money(attempt.spend)}
              </Text>
            </Group>
            <Box h={6} style={{ background: 'var(--line)', borderRadius: 3 }}>
              <Box
                h={6}
                bg={attempt.error ? 'red.6' : 'lock.5'}
                style={{
                  borderRadius: 3,
                  marginLeft: `${(attempt.offset_ms / end) * 100}%`,
                  width: `${Math.max(0.5, ((attempt.duration_ms ?? 0) / end) * 100)}%`,
                }}
              />
            </Box>
            {attempt.error && (
              <Text size="xs" c="dimmed">
                {attempt.error.error_message}
              </Text>
            )}
          </Box>
        ))}
      </Stack>
    </Fact>
  )
}

function Lines({ name, lines }: { name: string; lines: [string, string][] }) {
  return (
    <Fact name={name}>
      {lines.length === 0 ? (
        <Text size="sm" c="dimmed">
          not known
        </Text>
      ) : (
        <Table aria-label={name} verticalSpacing={3} horizontalSpacing={0}>
          <Table.Tbody>
            {lines.map(([line, value]) => (
              <Table.Tr key={line}>
                <Table.Td>{line.replaceAll('_', ' ')}</Table.Td>
                <Table.Td className="number">{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Fact>
  )
}
