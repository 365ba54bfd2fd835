// One key: all that is known of it, and what can be done with it.

import { Button, Divider, Drawer, Group, SimpleGrid, Stack } from '@mantine/core'
import { useState } from 'react'

import { api, post } from '../../api/client'
import { useChange } from '../../api/queries'
import type { Key } from '../../api/types'
import { BudgetBar, Fact, Id, Names } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import type { Shown } from '../../components/Secret'
import { count, date, moment } from '../../lib/format'
import { useSession } from '../../lib/session'
import { KeyForm } from './KeyForm'
import { stateOf } from './Keys'

export function KeyPanel({ keyRow, close, show }: { keyRow: Key; close: () => void; show: (shown: Shown) => void }) {
  const { rights } = useSession()
  const [changing, setChanging] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const name = keyRow.key_alias ?? keyRow.key_name
  const block = useChange((to: 'block' | 'unblock') => api(post(`/key/${to}`, { key: keyRow.token })), {
    done: to => (to === 'block' ? `${name} is blocked.` : `${name} works again.`),
    stale: ['keys'],
  })
  const rotate = useChange(() => api(post('/key/regenerate', { key: keyRow.token })), {
    done: null,
    stale: ['keys'],
  })
  const remove = useChange(() => api(post('/key/delete', { keys: [keyRow.token] })), {
    done: `${name} is deleted.`,
    stale: ['keys'],
  })
  const askToRotate = () =>
    setQuestion({
      title: `Give ${name} a new secret?`,
      about: 'The old secret stops working at once. What was spent stays spent, and the name stays the same.',
      action: 'New secret',
      run: async () => {
        const made = await rotate.mutateAsync(undefined)
        close()
        show({ title: 'The key has a new secret', about: `The old secret of ${name} works no more.`, secret: made.key })
      },
    })
  const askToDelete = () =>
    setQuestion({
      title: `Delete ${name}?`,
      about: 'Whoever calls with it is refused from now on. Its spend stays in all reports.',
      action: 'Delete',
      run: async () => {
        await remove.mutateAsync(undefined)
        close()
      },
    })
  return (
    <Drawer opened onClose={close} title={name} position="right" size="md">
      <Stack gap="md">
        <Group gap="xs">{stateOf(keyRow)}</Group>
        <BudgetBar spent={keyRow.spend} budget={keyRow.max_budget} span={keyRow.budget_duration} />
        <SimpleGrid cols={2} spacing="sm">
          <Fact name="Shown as">{keyRow.key_name}</Fact>
          <Fact name="Hash">
            <Id id={keyRow.token} />
          </Fact>
          <Fact name="Team">{keyRow.team_alias ?? keyRow.team_id ?? '–'}</Fact>
          <Fact name="User">{keyRow.user_email ?? keyRow.user_id ?? '–'}</Fact>
          <Fact name="Requests a minute">{count(keyRow.rpm_limit)}</Fact>
          <Fact name="Tokens a minute">{count(keyRow.tpm_limit)}</Fact>
          <Fact name="Calls at a time">{count(keyRow.max_parallel_requests)}</Fact>
          <Fact name="Budget begins anew">{date(keyRow.budget_reset_at)}</Fact>
          <Fact name="Expires">{keyRow.expires ? moment(keyRow.expires) : 'never'}</Fact>
          <Fact name="Made">{moment(keyRow.created_at)}</Fact>
        </SimpleGrid>
        <Fact name="Models">
          <Names names={keyRow.models} none="all" />
        </Fact>
        {!rights.onlyLooks && (
          <>
            <Divider />
            <Group gap="xs">
              <Button variant="default" onClick={() => setChanging(true)}>
                Change
              </Button>
              <Button variant="default" onClick={askToRotate}>
                New secret
              </Button>
              <Button
                variant="default"
                loading={block.isPending}
                onClick={() => block.mutate(keyRow.blocked ? 'unblock' : 'block')}
              >
                {keyRow.blocked ? 'Unblock' : 'Block'}
              </Button>
              <Button variant="light" color="red" onClick={askToDelete}>
                Delete
              </Button>
            </Group>
          </>
        )}
      </Stack>
      {changing && <KeyForm keyRow={keyRow} close={() => setChanging(false)} show={show} />}
      <Confirm question={question} close={() => setQuestion(null)} busy={rotate.isPending || remove.isPending} />
    </Drawer>
  )
}
