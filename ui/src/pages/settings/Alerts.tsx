// Where alerts go, what arrived there last, and a button that finds out whether it works.

import { Alert, Button, Group, SimpleGrid, Stack } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api, get } from '../../api/client'
import { wordsOf } from '../../api/queries'
import type { AlertChannel } from '../../api/types'
import { Card, Fact, State } from '../../components/bits'
import { Answered, Empty } from '../../components/feedback'
import { moment } from '../../lib/format'

const NAMES: Record<AlertChannel['service'], string> = {
  slack: 'Slack',
  discord: 'Discord',
  teams: 'Microsoft Teams',
  webhook: 'Webhook',
  email: 'E-mail',
}

export function Alerts() {
  const alerting = useQuery({
    queryKey: ['alerts'],
    queryFn: ({ signal }) => api(get('/alerts'), signal),
  })
  return (
    <Stack mt="md" component="section" aria-label="Alerts">
      <Answered query={alerting} height={120}>
        {({ channels }) =>
          channels.length === 0 ? (
            <Card title="Alerts">
              <Empty title="Nobody is told">
                Name channels in the configuration: general_settings.alerting takes slack, discord, teams, webhook and
                email. docs/alerts.md says what each needs.
              </Empty>
            </Card>
          ) : (
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              {channels.map(channel => (
                <Channel key={channel.channel} channel={channel} />
              ))}
            </SimpleGrid>
          )
        }
      </Answered>
    </Stack>
  )
}

function Channel({ channel }: { channel: AlertChannel }) {
  const { service, host, to, last_sent_at, last_error } = channel
  const client = useQueryClient()
  const test = useMutation({
    mutationFn: () => api(get('/health/services', { service, channel: channel.channel })),
    onSettled: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  })
  const state = last_error ? 'failed' : last_sent_at ? 'arrived' : 'nothing sent yet'
  return (
    <Card
      title={`Alerts: ${NAMES[service]}`}
      aside={<State tone={last_error ? 'bad' : last_sent_at ? 'good' : 'warn'}>{state}</State>}
    >
      <SimpleGrid cols={2} spacing="sm" mb="sm">
        <Fact name="Goes to">{to?.length ? to.join(', ') : host}</Fact>
        <Fact name="Last sent">{last_sent_at ? moment(last_sent_at) : '–'}</Fact>
      </SimpleGrid>
      <Fact name="Told of">{channel.alert_types.join(', ') || 'nothing'}</Fact>
      <Group mt="sm">
        <Button
          variant="default"
          loading={test.isPending}
          onClick={() => test.mutate()}
          aria-label={`Send a test to ${NAMES[service]} at ${host}`}
        >
          Send a test
        </Button>
      </Group>
      {test.isError && (
        <Alert color="red" mt="sm" role="alert" title="It did not arrive">
          {wordsOf(test.error)}
        </Alert>
      )}
      {test.data && (
        <Alert color="teal" mt="sm" role="status" title="It is sent">
          {test.data.message}
        </Alert>
      )}
    </Card>
  )
}
