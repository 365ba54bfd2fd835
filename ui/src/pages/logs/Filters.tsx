// What is looked for in the log beside the usual: whose call, what it was for, when, and what it took, cost and failed by.

import { ActionIcon, Badge, Button, Group, NumberInput, Popover, Stack, TextInput } from '@mantine/core'
import { IconFilter, IconX } from '@tabler/icons-react'
import { useState } from 'react'

import { useSearchState, type Search } from '../../lib/search'

interface Filter {
  /** Its name in the page's address. */
  name: string
  /** What the gateway calls it. */
  parameter: string
  label: string
  kind: 'text' | 'number' | 'date'
  hint?: string
}

/** All filters, in the order of the form. */
const FILTERS: Filter[] = [
  { name: 'from', parameter: 'start_date', label: 'From', kind: 'date' },
  { name: 'to', parameter: 'end_date', label: 'To', kind: 'date' },
  { name: 'key', parameter: 'api_key', label: 'Key', kind: 'text', hint: 'or its hash' },
  { name: 'user', parameter: 'user_id', label: 'User', kind: 'text' },
  { name: 'organization', parameter: 'organization', label: 'Organization', kind: 'text' },
  { name: 'customer', parameter: 'end_user', label: 'Customer', kind: 'text' },
  { name: 'tag', parameter: 'tag', label: 'Tag', kind: 'text' },
  { name: 'session', parameter: 'session_id', label: 'Session', kind: 'text' },
  { name: 'code', parameter: 'status_code', label: 'Status', kind: 'number', hint: '429' },
  { name: 'error', parameter: 'text', label: 'Text of the error', kind: 'text', hint: 'at least two letters' },
  { name: 'slow', parameter: 'min_latency_ms', label: 'Took at least (ms)', kind: 'number' },
  { name: 'dear', parameter: 'min_spend', label: 'Cost at least ($)', kind: 'number' },
]

/** What the gateway is asked for. */
export function filtersOf(search: Search): Record<string, string | undefined> {
  return Object.fromEntries(FILTERS.map(({ name, parameter }) => [parameter, search[name]]))
}

/** Whether anything is looked for. */
export function isNarrowed(search: Search): boolean {
  return FILTERS.some(({ name }) => search[name])
}

/** The filters, behind a button that says how many are set. */
export function Filters() {
  const [search, change] = useSearchState()
  const [open, setOpen] = useState(false)
  const set = FILTERS.filter(({ name }) => search[name])
  return (
    <Group gap={4} wrap="nowrap">
      <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus withinPortal>
        <Popover.Target>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconFilter size={14} aria-hidden />}
            rightSection={set.length > 0 && <Badge size="xs">{set.length}</Badge>}
            onClick={() => setOpen(!open)}
            aria-expanded={open}
          >
            Filters
          </Button>
        </Popover.Target>
        <Popover.Dropdown>{open && <Form done={() => setOpen(false)} />}</Popover.Dropdown>
      </Popover>
      {set.length > 0 && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Take the filters off"
          onClick={() => change(Object.fromEntries([...set.map(({ name }) => [name, null]), ['page', null]]))}
        >
          <IconX size={14} />
        </ActionIcon>
      )}
    </Group>
  )
}

/** Nothing is looked for while somebody still types. */
function Form({ done }: { done: () => void }) {
  const [search, change] = useSearchState()
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(FILTERS.map(({ name }) => [name, search[name] ?? ''])),
  )
  const put = (name: string, value: string | number) => setValues({ ...values, [name]: String(value) })
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        const trimmed = FILTERS.map(({ name }) => [name, values[name]?.trim() || null])
        change(Object.fromEntries([...trimmed, ['page', null], ['cursor', null]]))
        done()
      }}
    >
      <Stack gap="sm">
        <div
          style={{
            display: 'grid',
            gridTemplateColumns: 'repeat(auto-fit, minmax(140px, 1fr))',
            gap: 8,
            maxWidth: 460,
          }}
        >
          {FILTERS.map(({ name, label, kind, hint }) =>
            kind === 'number' ? (
              <NumberInput
                key={name}
                size="xs"
                label={label}
                placeholder={hint}
                min={0}
                hideControls
                value={values[name] ?? ''}
                onChange={value => put(name, value)}
              />
            ) : (
              <TextInput
                key={name}
                size="xs"
                type={kind}
                label={label}
                placeholder={hint}
                value={values[name] ?? ''}
                onChange={event => put(name, event.currentTarget.value)}
              />
            ),
          )}
        </div>
        <Group justify="flex-end">
          <Button type="submit" size="xs">
            Look for these
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
