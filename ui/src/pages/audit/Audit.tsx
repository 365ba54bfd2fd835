// Who changed what, from what to what, and what guardrails did to whose calls.

import { Drawer, Paper, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { keepPreviousData } from '@tanstack/react-query'
import { createColumnHelper } from '@tanstack/react-table'
import { useState } from 'react'

import { api, get } from '../../api/client'
import type { AuditEntry } from '../../api/types'
import { Fact, Id, PageHead, State } from '../../components/bits'
import { DataTable, useTableState } from '../../components/DataTable'
import { ago, moment } from '../../lib/format'
import { useSearchState } from '../../lib/search'

const SIZE = 25

const KINDS: Record<string, string> = {
  LiteLLM_VerificationToken: 'Key',
  LiteLLM_DeprecatedVerificationToken: 'Retired key',
  LiteLLM_UserTable: 'User',
  LiteLLM_TeamTable: 'Team',
  LiteLLM_TeamMembership: 'Team member',
  LiteLLM_ProjectTable: 'Project',
  LiteLLM_OrganizationTable: 'Organization',
  LiteLLM_OrganizationMembership: 'Organization member',
  LiteLLM_EndUserTable: 'Customer',
  LiteLLM_TagTable: 'Tag',
  LiteLLM_BudgetTable: 'Budget',
  LiteLLM_ProxyModelTable: 'Model',
  LiteLLM_CredentialsTable: 'Credential',
  LiteLLM_Config: 'Setting',
  LiteLLM_GuardrailsTable: 'Guardrail',
  invitation: 'Invitation',
}

const column = createColumnHelper<AuditEntry>()
const columns = [
  column.accessor('updated_at', {
    header: 'When',
    enableSorting: false,
    cell: ({ getValue }) => <span title={moment(getValue())}>{ago(getValue())}</span>,
  }),
  column.accessor('changed_by', {
    header: 'Who',
    enableSorting: false,
    cell: ({ row }) => <Who entry={row.original} />,
  }),
  column.accessor('action', {
    header: 'Did',
    enableSorting: false,
    cell: ({ getValue }) => <State tone={getValue() === 'deleted' ? 'bad' : 'quiet'}>{words(getValue())}</State>,
  }),
  column.accessor('table_name', {
    header: 'What',
    enableSorting: false,
    cell: ({ getValue }) => KINDS[getValue()] ?? getValue(),
  }),
  column.accessor('object_id', {
    header: 'Which',
    enableSorting: false,
    cell: ({ getValue }) => <Id id={getValue()} />,
  }),
]

/** A user, or whoever has this key. */
function Who({ entry: { changed_by: user, changed_by_api_key: key } }: { entry: AuditEntry }) {
  if (user) return <>{user}</>
  if (key) return <Id id={key} />
  return <Text c="dimmed">the gateway</Text>
}

function words(action: string): string {
  return action.replaceAll('_', ' ')
}

export default function Audit() {
  const [search, change] = useSearchState()
  const state = useTableState()
  const [opened, setOpened] = useState<AuditEntry | null>(null)
  const query = {
    page: state.page,
    page_size: SIZE,
    table_name: search.kind,
    action: search.action,
    object_id: state.search,
  }
  const audit = useQuery({
    queryKey: ['audit', query],
    queryFn: ({ signal }) => api(get('/audit', query), signal),
    placeholderData: keepPreviousData,
  })
  return (
    <>
      <PageHead
        title="Audit"
        about="Every change by hand, from what to what, and what guardrails did to whose calls. Secrets are left out."
      />
      <Paper p={0}>
        <DataTable
          name="Changes"
          columns={columns}
          rows={audit.data?.audit_logs}
          total={audit.data?.total ?? 0}
          size={SIZE}
          state={state}
          error={audit.error}
          retry={() => void audit.refetch()}
          searches="The whole id of what changed"
          open={setOpened}
          empty={{ title: 'No changes', hint: 'Whoever changes something here or by the API is in this list.' }}
          tools={
            <>
              <Select
                aria-label="What changed"
                placeholder="Anything"
                data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
                value={search.kind ?? null}
                onChange={kind => change({ kind, page: null })}
                clearable
                w={150}
              />
              <Select
                aria-label="What was done"
                placeholder="Any action"
                data={[
                  'created',
                  'updated',
                  'deleted',
                  'blocked',
                  'unblocked',
                  'rotated',
                  'signed_in',
                  'signed_out',
                  'masked',
                  'noted',
                  'failed',
                ].map(value => ({ value, label: words(value) }))}
                value={search.action ?? null}
                onChange={action => change({ action, page: null })}
                clearable
                w={140}
              />
            </>
          }
        />
      </Paper>
      <Drawer opened={opened !== null} onClose={() => setOpened(null)} title="A change" position="right" size="lg">
        {opened && (
          <Stack>
            <SimpleGrid cols={2}>
              <Fact name="When">{moment(opened.updated_at)}</Fact>
              <Fact name="Who">
                <Who entry={opened} />
              </Fact>
              <Fact name="Did">{words(opened.action)}</Fact>
              <Fact name="What">{KINDS[opened.table_name] ?? opened.table_name}</Fact>
            </SimpleGrid>
            <Fact name="Which">
              <Id id={opened.object_id} whole />
            </Fact>
            <Changed entry={opened} />
          </Stack>
        )}
      </Drawer>
    </>
  )
}

/** The fields that are not what they were. */
function Changed({ entry }: { entry: AuditEntry }) {
  const [before, after] = [entry.before_value ?? {}, entry.updated_values ?? {}]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const text = (value: unknown) => (value === undefined ? '–' : JSON.stringify(value))
  const lines = names
    .filter(name => text(before[name]) !== text(after[name]))
    .map(name => `${name}: ${text(before[name])} → ${text(after[name])}`)
  return (
    <Fact name="Fields that changed">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable */}
      <pre className="code" tabIndex={0}>
        {lines.length > 0 ? lines.join('\n') : 'none'}
      </pre>
    </Fact>
  )
}
