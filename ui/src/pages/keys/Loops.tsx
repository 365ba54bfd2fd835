// Keys that run in circles: what each of them does, what is done about it, and letting one call again.

import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { IconRepeat } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'

import { api, get, post } from '../../api/client'
import { LIVE, useChange } from '../../api/queries'
import type { Loop } from '../../api/types'
import { ago, count, moment } from '../../lib/format'
import { useSession } from '../../lib/session'

const CAUSES: Record<Loop['cause'], string> = {
  same: 'makes the same call again and again',
  alike: 'makes calls that differ in numbers alone',
  burst: 'makes far more calls than usual',
}

/** Nothing, as long as none does. */
export function Loops() {
  const { rights } = useSession()
  const loops = useQuery({
    queryKey: ['loops'],
    queryFn: ({ signal }) => api(get('/loops'), signal),
    refetchInterval: LIVE,
    enabled: rights.seesAll,
  })
  const release = useChange((key: string) => api(post('/loops/release', { key })), {
    done: 'The key begins anew.',
    stale: ['loops'],
  })
  const rows = loops.data?.data ?? []
  if (rows.length === 0) return null
  const title = rows.length === 1 ? 'A key runs in circles' : `${rows.length} keys run in circles`
  return (
    <Alert color="orange" variant="light" icon={<IconRepeat size={18} />} title={title} mb="md" role="status">
      <Stack gap={6}>
        {rows.map(row => {
          const name = row.key_alias ?? row.key_name ?? row.token
          return (
            <Group key={row.token} justify="space-between" gap="sm">
              <Text size="sm" title={moment(row.since)}>
                <b>{name}</b> {CAUSES[row.cause]}: {count(row.calls)}, more than {count(row.limit)}, since{' '}
                {ago(row.since)}. {doneAbout(row)}
              </Text>
              {rights.admin && (
                <Button
                  variant="default"
                  size="compact-sm"
                  loading={release.isPending && release.variables === row.token}
                  onClick={() => release.mutate(row.token)}
                  aria-label={`Let ${name} call again`}
                >
                  {row.action === 'block' ? 'Let it call again' : 'Forget it'}
                </Button>
              )}
            </Group>
          )
        })}
      </Stack>
    </Alert>
  )
}

function doneAbout({ action, blocked_until }: Loop): string {
  if (action === 'block') return `Its calls are refused until ${moment(blocked_until)}.`
  return action === 'slow' ? 'Its calls wait.' : 'Its calls go on.'
}
