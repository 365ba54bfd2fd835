// One model of the playground: which one, what was said, what it took.

import { Alert, Box, Group, Loader, Paper, Select, Stack, Text } from '@mantine/core'

import { Empty } from '../../components/feedback'
import { count, duration, money } from '../../lib/format'
import type { Talk, Turn } from './useTalk'

interface Props {
  label: string
  names: string[]
  model: string
  choose: (model: string) => void
  talk: Talk
}

export function Column({ label, names, model, choose, talk }: Props) {
  return (
    <Paper p="sm">
      <Select
        label={label}
        data={names.includes(model) ? names : [model, ...names]}
        value={model}
        onChange={name => name && choose(name)}
        searchable
        allowDeselect={false}
      />
      <Stack gap="md" mt="sm" mih={180} aria-live="polite" aria-busy={talk.busy}>
        {talk.turns.length === 0 && (
          <Empty title="Nothing said yet">Write a message below, and {model} answers here.</Empty>
        )}
        {talk.turns.map((turn, at) => (
          <Said key={at} turn={turn} waits={talk.busy && at === talk.turns.length - 1} />
        ))}
      </Stack>
    </Paper>
  )
}

function Said({ turn, waits }: { turn: Turn; waits: boolean }) {
  const { outcome } = turn
  return (
    <Box>
      <Box
        px="sm"
        py={7}
        mb="xs"
        style={{
          borderRadius: 8,
          background: 'color-mix(in srgb, var(--mantine-primary-color-filled) 9%, transparent)',
        }}
      >
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {turn.question}
        </Text>
      </Box>
      {turn.answer && (
        <Text size="sm" px="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {turn.answer}
        </Text>
      )}
      {waits && !turn.answer && <Loader size="xs" type="dots" ml="sm" aria-label="The model is thinking" />}
      {turn.error && (
        <Alert color={turn.error === 'Stopped.' ? 'gray' : 'red'} mt="xs" role="alert">
          {turn.error}
        </Alert>
      )}
      {outcome && (
        <Group gap="md" px="sm" mt={6}>
          <Note name="first token" value={duration(outcome.firstMs)} />
          <Note name="in all" value={duration(outcome.tookMs)} />
          <Note name="tokens" value={`${count(outcome.promptTokens)} + ${count(outcome.completionTokens)}`} />
          {outcome.cost !== null && <Note name="cost" value={money(outcome.cost)} />}
          {outcome.deployment && <Note name="deployment" value={outcome.deployment} />}
        </Group>
      )}
    </Box>
  )
}

function Note({ name, value }: { name: string; value: string }) {
  return (
    <Text size="xs" c="dimmed">
      {name} {value}
    </Text>
  )
}
