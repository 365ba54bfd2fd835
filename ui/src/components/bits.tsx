// Small things that many pages show: headers, figures, ids, budgets, states.

import { ActionIcon, Badge, Box, CopyButton, Group, Paper, Progress, Stack, Text, Title, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import type { ReactNode } from 'react'

import { brief, money, percent, window as windowOf } from '../lib/format'

/** The head of a page: what it is, and what can be done there. */
export function PageHead({ title, about, children }: { title: string; about?: string; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-start" mb="md" gap="sm">
      <Box>
        <Title order={1}>{title}</Title>
        {about && (
          <Text c="dimmed" size="sm" maw={640}>
            {about}
          </Text>
        )}
      </Box>
      {children && <Group gap="xs">{children}</Group>}
    </Group>
  )
}

/** A card with a title. */
export function Card({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Paper component="section" aria-label={title}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title order={2}>{title}</Title>
        {aside}
      </Group>
      {children}
    </Paper>
  )
}

/** A figure with its name. */
export function Stat({ name, value, note }: { name: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Paper p="sm" role="group" aria-label={name}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz={22} fw={600} lh={1.3} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      <Text size="xs" c="dimmed" mih={18}>
        {note}
      </Text>
    </Paper>
  )
}

export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon
            size="xs"
            aria-label={label}
            color={copied ? 'teal' : 'gray'}
            onClick={event => {
              event.stopPropagation()
              copy()
            }}
          >
            {copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

/** An id, in short, to be copied as a whole. */
export function Id({ id, whole = false }: { id: string | null | undefined; whole?: boolean }) {
  if (!id) return <Text c="dimmed">–</Text>
  return (
    <Group gap={4} wrap="nowrap">
      <Text ff="monospace" fz="xs" title={id} style={{ wordBreak: whole ? 'break-all' : undefined }}>
        {whole ? id : brief(id)}
      </Text>
      <Copy value={id} label={`Copy ${brief(id)}`} />
    </Group>
  )
}

/** Names in a row, the first few of them. */
export function Names({ names, none }: { names: string[]; none: string }) {
  if (names.length === 0) return <Text c="dimmed">{none}</Text>
  return (
    <Group gap={4} wrap="nowrap">
      {names.slice(0, 2).map(name => (
        <Badge key={name} color="gray">
          {name}
        </Badge>
      ))}
      {names.length > 2 && (
        <Tooltip label={names.slice(2).join(', ')}>
          <Badge color="gray">+{names.length - 2}</Badge>
        </Tooltip>
      )}
    </Group>
  )
}

/** How much of a budget is spent. */
export function BudgetBar({ spent, budget, span }: { spent: number; budget: number | null; span?: string | null }) {
  if (budget === null) {
    return (
      <Text size="xs" c="dimmed">
        {money(spent)} · no budget
      </Text>
    )
  }
  const share = budget > 0 ? spent / budget : 1
  const color = share >= 1 ? 'red' : share >= 0.8 ? 'orange' : 'lock'
  return (
    <Stack gap={3} miw={150}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" className="number">
          {money(spent)} of {money(budget)} {windowOf(span)}
        </Text>
        <Text size="xs" c={share >= 0.8 ? undefined : 'dimmed'} fw={share >= 0.8 ? 600 : 400} className="number">
          {percent(share)}
        </Text>
      </Group>
      <Progress
        value={Math.min(100, share * 100)}
        color={color}
        size="sm"
        aria-label={`${percent(share)} of the budget is spent`}
      />
    </Stack>
  )
}

const COLORS = { good: 'teal', warn: 'orange', bad: 'red', quiet: 'gray' } as const

/** A state in a word and a colour. */
export function State({ tone, children }: { tone: keyof typeof COLORS; children: ReactNode }) {
  return <Badge color={COLORS[tone]}>{children}</Badge>
}

/** A name and what belongs to it, below each other. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Box>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Box fz="sm">{children}</Box>
    </Box>
  )
}
