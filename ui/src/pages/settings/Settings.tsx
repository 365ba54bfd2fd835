// One's own account, and the gateway: whether it is well, its configuration, and whom it tells what.

import { Box, Button, Group, PasswordInput, SimpleGrid, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, get, post } from '../../api/client'
import { useChange } from '../../api/queries'
import { Card, Copy, Fact, PageHead, State } from '../../components/bits'
import { Answered } from '../../components/feedback'
import { moment } from '../../lib/format'
import { useSession } from '../../lib/session'
import { Alerts } from './Alerts'
import { Configuration } from './Configuration'

export default function Settings() {
  const { session, rights } = useSession()
  return (
    <>
      <PageHead title="Settings" about="Your account, and how this gateway is." />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Account />
        {session.user_id && session.user_id !== 'default_user_id' && session.session && <Password />}
        <Gateway />
      </SimpleGrid>
      {rights.admin && (
        <Box mt="md">
          <Configuration />
        </Box>
      )}
      {rights.admin && session.database && <Alerts />}
    </>
  )
}

function Account() {
  const { session } = useSession()
  const base = `${location.origin}/v1`
  return (
    <Card title="Account">
      <SimpleGrid cols={2} spacing="sm">
        <Fact name="User">{session.user_email ?? session.user_id ?? 'nobody in particular'}</Fact>
        <Fact name="Role">{session.user_role ?? 'everything is open'}</Fact>
        <Fact name="Signed in until">{moment(session.expires)}</Fact>
        <Fact name="Address for applications">
          <Group gap={4} wrap="nowrap">
            {base} <Copy value={base} label="Copy the address" />
          </Group>
        </Fact>
      </SimpleGrid>
    </Card>
  )
}

function Password() {
  const { session } = useSession()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const change = useChange(
    () => api(post('/user/password/change', { current_password: current || undefined, new_password: next })),
    { done: 'The password is changed. Other browsers are signed out.', stale: ['session'] },
  )
  return (
    <Card title="Password">
      <form
        onSubmit={event => {
          event.preventDefault()
          void change.mutateAsync(undefined).then(
            () => {
              setCurrent('')
              setNext('')
            },
            () => undefined,
          )
        }}
      >
        <Stack gap="sm">
          {session.has_password && (
            <PasswordInput
              label="Current password"
              autoComplete="current-password"
              value={current}
              onChange={event => setCurrent(event.currentTarget.value)}
            />
          )}
          <PasswordInput
            label="New password"
            description="8 characters or more"
            autoComplete="new-password"
            value={next}
            onChange={event => setNext(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit" loading={change.isPending} disabled={next.length < 8}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  )
}

function Gateway() {
  const { session } = useSession()
  const ready = useQuery({
    queryKey: ['readiness'],
    queryFn: ({ signal }) => api(get('/health/readiness'), signal),
    refetchInterval: 10_000,
  })
  return (
    <Card title="Gateway">
      <Answered query={ready} height={60}>
        {({ status, db, redis }) => (
          <SimpleGrid cols={2} spacing="sm">
            <Fact name="Version">{session.version}</Fact>
            <Fact name="State">
              <State tone={status === 'healthy' ? 'good' : 'bad'}>{status}</State>
            </Fact>
            <Fact name="Database">
              <State tone={db === 'connected' ? 'good' : 'bad'}>{db}</State>
            </Fact>
            <Fact name="Redis">
              {redis ? <State tone={redis === 'connected' ? 'good' : 'bad'}>{redis}</State> : 'not used'}
            </Fact>
          </SimpleGrid>
        )}
      </Answered>
    </Card>
  )
}
