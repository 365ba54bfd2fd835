// A new key, or changes of one: only fields that somebody filled in are sent.

import { Button, Group, Modal, MultiSelect, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'

import { api, post, type Fields } from '../../api/client'
import { useChange, useChoices, useUsers } from '../../api/queries'
import type { Key } from '../../api/types'
import { AllowanceFields, allowanceOf, filled, sent } from '../../components/AllowanceFields'
import type { Shown } from '../../components/Secret'
import { useSession } from '../../lib/session'

const LIVES = [
  { value: '1d', label: 'a day' },
  { value: '7d', label: 'a week' },
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '365d', label: 'a year' },
]
const TYPES = [
  { value: 'default', label: 'Everything that its user may' },
  { value: 'llm_api', label: 'Calls of models only' },
  { value: 'management', label: 'The management API only' },
  { value: 'read_only', label: 'Looking only' },
]

interface Props {
  keyRow?: Key
  close: () => void
  show: (shown: Shown) => void
}

type KeyType = Fields<'POST', '/key/generate'>['key_type']

export function KeyForm({ keyRow, close, show }: Props) {
  const { rights } = useSession()
  const choices = useChoices()
  const users = useUsers({ size: 500, sort: 'user_id' }, rights.seesAll || rights.organizationAdmin)
  const [alias, setAlias] = useState(keyRow?.key_alias ?? '')
  const [models, setModels] = useState(keyRow?.models ?? [])
  const [team, setTeam] = useState(keyRow?.team_id ?? null)
  const [user, setUser] = useState(keyRow?.user_id ?? null)
  const [life, setLife] = useState<string | null>(null)
  const [type, setType] = useState<string | null>('default')
  const [tags, setTags] = useState((keyRow?.metadata.tags as string[] | undefined) ?? [])
  const [allowance, setAllowance] = useState(allowanceOf(keyRow))

  const change = useChange((body: Fields<'POST', '/key/update'>) => api(post('/key/update', body)), {
    done: 'The key is changed.',
    stale: ['keys'],
  })
  const make = useChange((body: Fields<'POST', '/key/generate'>) => api(post('/key/generate', body)), {
    done: null,
    stale: ['keys'],
  })
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const limits = sent(allowance)
    const fields = { key_alias: alias.trim() || null, models, tags, duration: life }
    if (keyRow) {
      await change.mutateAsync({ key: keyRow.token, ...limits, ...fields, duration: life ?? undefined })
    } else {
      const owners = { team_id: team, user_id: user, key_type: type === 'default' ? null : (type as KeyType) }
      const made = await make.mutateAsync(filled({ ...limits, ...fields, ...owners }))
      show({
        title: 'The key is made',
        about: `This is ${made.key_alias ?? 'the new key'}. It works at once, everywhere.`,
        secret: made.key,
      })
    }
    close()
  }

  const people = (users.data?.users ?? []).map(row => ({ value: row.user_id, label: row.user_email ?? row.user_id }))
  const all = [...new Set([...choices.models, ...models])]
  return (
    <Modal
      opened
      onClose={close}
      title={keyRow ? `Change ${keyRow.key_alias ?? keyRow.key_name}` : 'Create a key'}
      size="lg"
    >
      <form onSubmit={event => void submit(event).catch(() => undefined)}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            description="What it is for, as reports and logs show it"
            placeholder="checkout-service"
            value={alias}
            data-autofocus
            onChange={event => setAlias(event.currentTarget.value)}
          />
          {!keyRow && (
            <Group grow align="flex-start">
              {choices.teams.length > 0 && (
                <Select
                  label="Team that pays"
                  data={choices.teams}
                  value={team}
                  onChange={setTeam}
                  clearable
                  searchable
                  placeholder="none"
                />
              )}
              {people.length > 0 && (
                <Select
                  label="User whose it is"
                  data={people}
                  value={user}
                  onChange={setUser}
                  clearable
                  searchable
                  placeholder="nobody’s"
                />
              )}
            </Group>
          )}
          <MultiSelect
            label="Models it may call"
            data={all}
            value={models}
            onChange={setModels}
            searchable
            clearable
            placeholder={models.length === 0 ? 'all' : undefined}
          />
          <AllowanceFields value={allowance} change={setAllowance} />
          <Group grow align="flex-start">
            <Select
              label={keyRow ? 'Ends, from now' : 'Ends after'}
              data={keyRow ? [...LIVES, { value: '-1', label: 'never' }] : LIVES}
              value={life}
              onChange={setLife}
              clearable
              placeholder={keyRow ? 'as before' : 'never'}
            />
            {!keyRow && <Select label="May do" data={TYPES} value={type} onChange={setType} allowDeselect={false} />}
          </Group>
          <TagsInput label="Tags of its calls" value={tags} onChange={setTags} placeholder="Enter after each" />
          <Group justify="flex-end" mt="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={change.isPending || make.isPending}>
              {keyRow ? 'Save' : 'Create key'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
