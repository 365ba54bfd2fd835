// One team: its budget, its members, and what can be done with it.

import { ActionIcon, Button, Divider, Drawer, Group, Select, Stack, Table, TextInput } from '@mantine/core'
import { IconUserMinus } from '@tabler/icons-react'
import { useState } from 'react'

import { api, post, type ApiRequest } from '../../api/client'
import { useChange } from '../../api/queries'
import type { Team } from '../../api/types'
import { BudgetBar, Fact, Id, Names } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { useSession } from '../../lib/session'
import { TeamForm } from './Teams'

export function TeamPanel({ team, close }: { team: Team; close: () => void }) {
  const { rights, session } = useSession()
  const [changing, setChanging] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const name = team.team_alias ?? team.team_id
  const own = session.teams?.find(one => one.team_id === team.team_id)?.role === 'admin' && !rights.onlyLooks
  const manages = rights.admin || rights.organizationAdmin || own
  const { team_id } = team
  const change = useChange(({ request }: { request: ApiRequest; done: string }) => api(request), {
    done: ({ done }) => done,
    stale: ['teams'],
  })
  const remove = useChange(() => api(post('/team/delete', { team_ids: [team.team_id] })), {
    done: `${name} is deleted.`,
    stale: ['teams', 'keys'],
  })
  return (
    <Drawer opened onClose={close} title={name} position="right" size="md">
      <Stack>
        <BudgetBar spent={team.spend} budget={team.max_budget} span={team.budget_duration} />
        <Group grow align="flex-start">
          <Fact name="Id">
            <Id id={team.team_id} />
          </Fact>
          <Fact name="Organization">{team.organization_id ?? '–'}</Fact>
        </Group>
        <Fact name="Models">
          <Names names={team.models} none="all" />
        </Fact>
        <Divider />
        <Table aria-label="Members">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Member</Table.Th>
              <Table.Th>Role</Table.Th>
              {manages && <Table.Th aria-label="Actions" />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {team.members_with_roles.map(member => (
              <Table.Tr key={member.user_id}>
                <Table.Td>{member.user_email ?? member.user_id}</Table.Td>
                <Table.Td>{member.role === 'admin' ? 'Manages it' : 'Member'}</Table.Td>
                {manages && (
                  <Table.Td align="right">
                    <ActionIcon
                      aria-label={`Remove ${member.user_email ?? member.user_id}`}
                      onClick={() =>
                        change.mutate({
                          request: post('/team/member_delete', { team_id, user_id: member.user_id }),
                          done: 'The member is removed.',
                        })
                      }
                    >
                      <IconUserMinus size={15} />
                    </ActionIcon>
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {manages && (
          <>
            <NewMember
              busy={change.isPending}
              add={member =>
                change.mutateAsync({
                  request: post('/team/member_add', { team_id, member }),
                  done: 'The member is added.',
                })
              }
            />
            <Divider />
            <Group gap="xs">
              <Button variant="default" onClick={() => setChanging(true)}>
                Change
              </Button>
              <Button
                variant="default"
                onClick={() =>
                  change.mutate({
                    request: post(team.blocked ? '/team/unblock' : '/team/block', { team_id }),
                    done: team.blocked ? 'The team works again.' : 'The team is blocked.',
                  })
                }
              >
                {team.blocked ? 'Unblock' : 'Block'}
              </Button>
              <Button
                variant="light"
                color="red"
                onClick={() =>
                  setQuestion({
                    title: `Delete ${name}?`,
                    about: 'Its keys and projects are deleted with it. What was spent stays in reports.',
                    action: 'Delete',
                    run: async () => {
                      await remove.mutateAsync(undefined)
                      close()
                    },
                  })
                }
              >
                Delete
              </Button>
            </Group>
          </>
        )}
      </Stack>
      {changing && <TeamForm team={team} close={() => setChanging(false)} />}
      <Confirm question={question} close={() => setQuestion(null)} busy={remove.isPending} />
    </Drawer>
  )
}

function NewMember({ busy, add }: { busy: boolean; add: (member: object) => Promise<unknown> }) {
  const [who, setWho] = useState('')
  const [role, setRole] = useState<string | null>('user')
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        const name = who.trim()
        void add({ role, ...(name.includes('@') ? { user_email: name } : { user_id: name }) }).then(
          () => setWho(''),
          () => undefined,
        )
      }}
    >
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput
          label="Add a member"
          placeholder="id or e-mail"
          style={{ flex: 1 }}
          value={who}
          onChange={event => setWho(event.currentTarget.value)}
        />
        <Select
          aria-label="Role"
          data={[
            { value: 'user', label: 'Member' },
            { value: 'admin', label: 'Manages it' },
          ]}
          value={role}
          onChange={setRole}
          allowDeselect={false}
          w={120}
        />
        <Button type="submit" size="sm" variant="default" loading={busy} disabled={!who.trim()}>
          Add
        </Button>
      </Group>
    </form>
  )
}
