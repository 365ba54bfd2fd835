// Users: people and programs with keys. They come in by an invitation.

import { Button, Paper, Select, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, post, type Fields } from '../../api/client'
import { useChange, useChoices, useUsers } from '../../api/queries'
import type { Role, User } from '../../api/types'
import { AllowanceFields, allowanceOf, filled, sent } from '../../components/AllowanceFields'
import { BudgetBar, Id, PageHead, State } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { DataTable, useTableState } from '../../components/DataTable'
import { FormModal } from '../../components/FormModal'
import { RowMenu } from '../../components/RowMenu'
import { Secret, type Shown } from '../../components/Secret'
import { ago } from '../../lib/format'
import { useSession } from '../../lib/session'

const SIZE = 25
const ROLES: { value: Role; label: string }[] = [
  { value: 'internal_user', label: 'User' },
  { value: 'internal_user_viewer', label: 'User, looks only' },
  { value: 'proxy_admin_viewer', label: 'Administrator, looks only' },
  { value: 'proxy_admin', label: 'Administrator' },
]

const column = createColumnHelper<User>()

export default function Users() {
  const { rights } = useSession()
  const state = useTableState({ sort: 'created_at', descending: true })
  const [form, setForm] = useState<User | 'new' | null>(null)
  const [shown, setShown] = useState<Shown | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const users = useUsers({
    page: state.page,
    size: SIZE,
    sort: state.sort,
    descending: state.descending,
    filter: { search: state.search },
  })
  const manages = rights.admin || rights.organizationAdmin
  const invite = useChange((id: string) => api(post('/invitation/new', { user_id: id })), {
    done: null,
    stale: [],
  })
  const remove = useChange((id: string) => api(post('/user/delete', { user_ids: [id] })), {
    done: 'The user is deleted.',
    stale: ['users', 'keys'],
  })
  const showInvitation = async (id: string) => {
    const made = await invite.mutateAsync(id)
    setShown({
      title: `An invitation for ${id}`,
      about: 'Whoever opens this link sets the password of this user, and is in. It works once, within seven days.',
      secret: `${location.origin}/ui/?invitation_id=${made.id}`,
    })
  }
  const columns = [
    column.accessor('user_id', {
      header: 'User',
      cell: ({ row: { original: row } }) => row.user_alias ?? row.user_email ?? row.user_id,
    }),
    column.accessor('user_email', { header: 'E-mail', cell: ({ getValue }) => getValue() ?? '–' }),
    column.display({ id: 'id', header: 'Id', cell: ({ row }) => <Id id={row.original.user_id} /> }),
    column.accessor('user_role', {
      header: 'Role',
      cell: ({ getValue }) => ROLES.find(role => role.value === getValue())?.label ?? getValue(),
    }),
    column.accessor('blocked', {
      header: 'State',
      cell: ({ getValue }) => (getValue() ? <State tone="bad">Blocked</State> : <State tone="good">Active</State>),
    }),
    column.accessor('spend', {
      header: 'Spent',
      meta: { numeric: true },
      cell: ({ row: { original: row } }) => {
        const shared = row.litellm_budget_table
        return (
          <BudgetBar
            spent={row.spend}
            budget={row.max_budget ?? shared?.max_budget ?? null}
            span={row.budget_duration ?? shared?.budget_duration}
          />
        )
      },
    }),
    column.accessor('key_count', { header: 'Keys', meta: { numeric: true } }),
    column.display({ id: 'teams', header: 'Teams', cell: ({ row }) => row.original.teams.join(', ') || '–' }),
    column.accessor('created_at', { header: 'Since', cell: ({ getValue }) => ago(getValue()) }),
    ...(manages
      ? [
          column.display({
            id: 'actions',
            header: '',
            cell: ({ row: { original: row } }) => (
              <RowMenu
                label={`Actions for ${row.user_id}`}
                actions={[
                  { name: 'Invitation link', run: () => void showInvitation(row.user_id).catch(() => undefined) },
                  { name: 'Change', run: () => setForm(row) },
                  {
                    name: 'Delete',
                    danger: true,
                    run: () =>
                      setQuestion({
                        title: `Delete ${row.user_email ?? row.user_id}?`,
                        about: 'Their keys and memberships go with them. What they spent stays in reports.',
                        action: 'Delete',
                        run: () => remove.mutateAsync(row.user_id),
                      }),
                  },
                ]}
              />
            ),
          }),
        ]
      : []),
  ]
  const create = manages && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setForm('new')}>
      Add user
    </Button>
  )
  return (
    <>
      <PageHead title="Users" about="People and programs that have keys. An invitation lets them in here, too.">
        {create}
      </PageHead>
      <Paper p={0}>
        <DataTable
          name="Users"
          columns={columns}
          rows={users.data?.users}
          total={users.data?.total ?? 0}
          size={SIZE}
          state={state}
          error={users.error}
          retry={() => void users.refetch()}
          searches="Search a user"
          empty={{ title: 'No users', hint: 'Add the first one, and send them the invitation link.', action: create }}
        />
      </Paper>
      {form && (
        <UserForm
          user={form === 'new' ? null : form}
          close={() => setForm(null)}
          made={id => void showInvitation(id).catch(() => undefined)}
        />
      )}
      <Confirm question={question} close={() => setQuestion(null)} busy={remove.isPending} />
      <Secret shown={shown} close={() => setShown(null)} />
    </>
  )
}

type UserRole = Fields<'POST', '/user/new'>['user_role']

function UserForm({ user, close, made }: { user: User | null; close: () => void; made: (id: string) => void }) {
  const { rights, session } = useSession()
  const choices = useChoices()
  const [email, setEmail] = useState(user?.user_email ?? '')
  const [alias, setAlias] = useState(user?.user_alias ?? '')
  const [role, setRole] = useState<string | null>(user?.user_role ?? 'internal_user')
  const [team, setTeam] = useState<string | null>(null)
  const [blocked, setBlocked] = useState(user?.blocked ? 'yes' : 'no')
  const [allowance, setAllowance] = useState(allowanceOf(user))
  const said = { done: 'The user is saved.', stale: ['users'] }
  const change = useChange((body: Fields<'POST', '/user/update'>) => api(post('/user/update', body)), said)
  const add = useChange((body: Fields<'POST', '/user/new'>) => api(post('/user/new', body)), said)
  const homes = (session.organizations ?? [])
    .filter(home => home.role === 'org_admin')
    .map(home => home.organization_id)
  const submit = async () => {
    const fields = {
      user_email: email.trim(),
      user_alias: alias.trim(),
      user_role: role as UserRole,
      ...sent(allowance),
    }
    if (user)
      return change.mutateAsync({
        user_id: user.user_id,
        ...fields,
        user_email: email.trim() || null,
        blocked: blocked === 'yes',
      })
    const more = { teams: team ? [team] : [], organizations: rights.admin ? [] : homes }
    const done = await add.mutateAsync({ ...filled({ ...fields, ...more }), auto_create_key: false })
    made(done.user_id)
  }
  return (
    <FormModal
      title={user ? `Change ${user.user_email ?? user.user_id}` : 'Add a user'}
      action={user ? 'Save' : 'Add user'}
      busy={change.isPending || add.isPending}
      close={close}
      submit={submit}
      disabled={!user && !email.trim()}
    >
      <TextInput
        label="E-mail"
        type="email"
        required={!user}
        value={email}
        onChange={event => setEmail(event.currentTarget.value)}
      />
      <TextInput label="Name" value={alias} onChange={event => setAlias(event.currentTarget.value)} />
      <Select
        label="Role"
        data={rights.admin ? ROLES : ROLES.slice(0, 2)}
        value={role}
        onChange={setRole}
        allowDeselect={false}
      />
      {!user && choices.teams.length > 0 && (
        <Select label="Team" data={choices.teams} value={team} onChange={setTeam} clearable placeholder="none" />
      )}
      {user && (
        <Select
          label="Calls of their keys"
          data={[
            { value: 'no', label: 'are served' },
            { value: 'yes', label: 'are refused' },
          ]}
          value={blocked}
          onChange={value => setBlocked(value ?? 'no')}
          allowDeselect={false}
        />
      )}
      <AllowanceFields value={allowance} change={setAllowance} soft={false} />
    </FormModal>
  )
}
