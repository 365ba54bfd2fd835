// The configuration: what is found in the file or in a draft of it, what would change, and reading the file again.

import { Alert, Button, Code, Group, List, Stack, Table, Text, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { ApiError } from '../../api/client'
import { wordsOf } from '../../api/queries'
import { Card } from '../../components/bits'

interface Change {
  path: string
  before?: string
  after?: string
}

interface Checked {
  valid: boolean
  findings: string[]
  changes: Change[]
}

interface Reloaded {
  status: 'reloaded' | 'unchanged'
  findings: string[]
}

/** Sends a draft, or nothing; what is wrong with a configuration is an answer, not a failure. */
async function ask<T>(path: string, draft = ''): Promise<T> {
  const response = await fetch(path, { method: 'POST', credentials: 'same-origin', body: draft })
  if (response.ok || response.status === 422) return (await response.json()) as T
  throw new ApiError(response.status, `The gateway answered with status ${response.status}.`)
}

export function Configuration() {
  const [draft, setDraft] = useState('')
  const check = useMutation({ mutationFn: () => ask<Checked>('/config/check', draft) })
  const reload = useMutation({ mutationFn: () => ask<Reloaded>('/config/reload'), onSuccess: () => check.reset() })
  return (
    <Card title="Configuration">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          The file is read again when it changes; one with errors changes nothing, and calls under way end as they
          began. Paste a draft to see beforehand what is wrong with it, and what it would change.
        </Text>
        <Textarea
          label="Draft"
          description="Instead of the file. It is looked at, and kept nowhere."
          placeholder="model_list: …"
          autosize
          minRows={2}
          maxRows={14}
          spellCheck={false}
          styles={{ input: { fontFamily: 'monospace' } }}
          value={draft}
          onChange={event => setDraft(event.currentTarget.value)}
        />
        <Group>
          <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
            {draft ? 'Check the draft' : 'Check the file'}
          </Button>
          <Button variant="default" loading={reload.isPending} onClick={() => reload.mutate()}>
            Reload the file
          </Button>
        </Group>
        {(check.error ?? reload.error) && <Alert color="red">{wordsOf(check.error ?? reload.error)}</Alert>}
        {check.data && (
          <>
            <Findings good={check.data.valid} title={titleOf(check.data)} findings={check.data.findings} />
            {check.data.changes.length > 0 && <Changes changes={check.data.changes} />}
          </>
        )}
        {reload.data && !check.data && (
          <Findings
            good={reload.data.status === 'reloaded'}
            title={reload.data.status === 'reloaded' ? 'It is read, and holds' : 'It has errors: nothing was changed'}
            findings={reload.data.findings}
          />
        )}
      </Stack>
    </Card>
  )
}

function titleOf({ valid, changes }: Checked): string {
  if (!valid) return 'It has errors, and would change nothing'
  if (changes.length === 0) return 'It is what runs'
  return changes.length === 1 ? 'It would change one value' : `It would change ${changes.length} values`
}

function Findings({ good, title, findings }: { good: boolean; title: string; findings: string[] }) {
  return (
    <Alert color={good ? 'teal' : 'red'} title={title} role="status">
      {findings.length === 0 ? (
        'Nothing to remark.'
      ) : (
        <List size="sm">
          {findings.map(finding => (
            <List.Item key={finding}>{finding}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  )
}

function Changes({ changes }: { changes: Change[] }) {
  return (
    <Table.ScrollContainer minWidth={480} mah={420}>
      <Table aria-label="What would change" fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Where</Table.Th>
            <Table.Th>Now</Table.Th>
            <Table.Th>Then</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map(({ path, before, after }) => (
            <Table.Tr key={path}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{path}</Table.Td>
              <Table.Td>{before === undefined ? '–' : <Code>{before}</Code>}</Table.Td>
              <Table.Td>{after === undefined ? '–' : <Code>{after}</Code>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
