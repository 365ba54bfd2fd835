// Drills on live calls: a share of a key's calls meets broken providers, and this says what callers noticed.

import { Button, Group, NumberInput, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, get, post, type ApiRequest } from '../../api/client'
import { useChange, useKeys } from '../../api/queries'
import { Card, State } from '../../components/bits'
import { Answered } from '../../components/feedback'
import { useSession } from '../../lib/session'

export function Drill() {
  const { rights } = useSession()
  const report = useQuery({
    queryKey: ['drill'],
    queryFn: ({ signal }) => api(get('/drill'), signal),
    refetchInterval: query => (query.state.data?.running ? 2000 : false),
  })
  const keys = useKeys({ size: 500, sort: 'key_alias' })
  const [key, setKey] = useState<string | null>(null)
  const [percent, setPercent] = useState<number | string>(5)
  const change = useChange((request: ApiRequest) => api(request), {
    done: null,
    stale: ['drill'],
  })
  const names = (keys.data?.keys ?? []).map(row => ({ value: row.token, label: row.key_alias ?? row.key_name }))
  return (
    <Card title="Drill on live calls">
      <Answered query={report} height={80}>
        {data => (
          <Stack gap="sm">
            <Group gap="xs">
              <State tone={data.running ? 'warn' : 'quiet'}>{data.running ? 'Runs' : 'None runs'}</State>
              <Text size="sm" c="dimmed">
                A share of one key’s calls gets providers that fail in every way. Choose a key whose callers know.
              </Text>
            </Group>
            {rights.admin && (
              <Group align="flex-end" gap="xs">
                <Select
                  label="Key"
                  data={names}
                  value={key}
                  onChange={setKey}
                  searchable
                  w={220}
                  placeholder="whose calls"
                />
                <NumberInput
                  label="Share of its calls"
                  suffix=" %"
                  min={1}
                  max={100}
                  value={percent}
                  onChange={setPercent}
                  w={130}
                />
                {data.running ? (
                  <Button size="sm" color="red" onClick={() => change.mutate(post('/drill/stop', {}))}>
                    Stop
                  </Button>
                ) : (
                  <Button
                    size="sm"
                    variant="default"
                    disabled={!key}
                    loading={change.isPending}
                    onClick={() => key && change.mutate(post('/drill/start', { key, percent: Number(percent) }))}
                  >
                    Begin
                  </Button>
                )}
              </Group>
            )}
            {data.drills.length > 0 && (
              // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable
              <pre className="code" tabIndex={0} style={{ maxHeight: 320 }}>
                {JSON.stringify(data.drills, null, 2)}
              </pre>
            )}
          </Stack>
        )}
      </Answered>
    </Card>
  )
}
