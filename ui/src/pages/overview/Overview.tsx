// How things stand: what was spent, asked and answered, what is left of budgets, what the month will cost. Today moves.

import { Box, Grid, Paper, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core'
import { useMemo } from 'react'

import { useUsage } from '../../api/queries'
import type { UsageRow } from '../../api/types'
import { Card, PageHead, Stat } from '../../components/bits'
import { Answered, Empty } from '../../components/feedback'
import { Ranking } from '../../components/Ranking'
import { TimeChart } from '../../components/TimeChart'
import { daysBefore, forecast, range, today } from '../../lib/days'
import { duration, money, percent, short, spend } from '../../lib/format'
import { useSearchState } from '../../lib/search'
import { add, NOTHING } from '../../lib/sums'
import { BudgetList } from './BudgetList'

const SPANS = ['7', '30', '90']

export default function Overview() {
  const [search, change] = useSearchState()
  const span = SPANS.includes(search.days ?? '') ? Number(search.days) : 30
  const to = today()
  const from = daysBefore(span - 1)
  // Enough for this month, and for the two weeks that the forecast looks back on.
  const known = useUsage({ by: 'all', from: daysBefore(Math.max(span - 1, 45)), to, days: true })
  const live = useUsage({ by: 'all', from: to, to, days: true, live: true })
  const byDay = useMemo(() => {
    const rows = new Map((known.data?.rows ?? []).map(row => [row.day ?? '', row]))
    for (const row of live.data?.rows ?? []) rows.set(row.day ?? '', row)
    return rows
  }, [known.data, live.data])
  return (
    <>
      <PageHead title="Overview" about="Days are counted in UTC. Today’s figures move as calls are booked.">
        <SegmentedControl
          aria-label="Days shown"
          size="xs"
          value={String(span)}
          onChange={days => change({ days })}
          data={SPANS.map(value => ({ value, label: `${value} days` }))}
        />
      </PageHead>
      <Answered query={known} height={420}>
        {() => <Figures byDay={byDay} from={from} to={to} />}
      </Answered>
    </>
  )
}

function Figures({ byDay, from, to }: { byDay: Map<string, UsageRow>; from: string; to: string }) {
  const days = useMemo(() => range(from, to), [from, to])
  const rows = useMemo(() => days.map(day => byDay.get(day)), [byDay, days])
  const sum = rows.reduce((all, row) => (row ? add(all, row) : all), NOTHING)
  const now = byDay.get(to) ?? NOTHING
  const month = forecast(new Map([...byDay].map(([day, row]) => [day, row.spend])))
  const unpriced = [...byDay.values()].some(row => row.unpriced > 0)
  const charts = useMemo(() => seriesOf(rows), [rows])
  if (sum.requests === 0) {
    return (
      <Paper>
        <Empty title="No calls yet">
          Create a key, call a model with it, and what it costs is here a second later. The playground does for a start.
        </Empty>
      </Paper>
    )
  }
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 2, sm: 4, lg: 7 }} spacing="sm">
        <Stat name="Spend" value={spend(sum)} note={`${spend(now)} today`} />
        <Stat
          name="Month’s end, forecast"
          value={unpriced ? `≥ ${money(month.total)}` : money(month.total)}
          note={`${money(month.spent)} so far`}
        />
        <Stat
          name="Saved"
          value={money(sum.cache_savings + sum.local_savings)}
          note={`${money(sum.cache_savings)} by the cache`}
        />
        <Stat name="Requests" value={short(sum.requests)} note={`${short(now.requests)} today`} />
        <Stat
          name="Tokens"
          value={short(sum.prompt_tokens + sum.completion_tokens)}
          note={`${short(sum.completion_tokens)} written`}
        />
        <Stat
          name="Errors"
          value={percent(sum.failures / sum.requests)}
          note={`${short(sum.failures)} of ${short(sum.requests)}`}
        />
        <Stat
          name="First token, mean"
          value={sum.first_tokens > 0 ? duration(sum.first_token_ms / sum.first_tokens) : '–'}
          note={`${duration(sum.timed > 0 ? sum.duration_ms / sum.timed : null)} in all`}
        />
      </SimpleGrid>
      {sum.unpriced > 0 && (
        <Text size="xs" c="dimmed">
          {short(sum.unpriced)} calls went to models whose price is not known: they cost something, or nothing, and are
          not in these sums.
        </Text>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Card title="Spend">
          <TimeChart label="Spend by day" days={days} series={charts.spend} format={money} />
        </Card>
        <Card title="Requests">
          <TimeChart
            label="Requests by day"
            days={days}
            series={charts.requests}
            format={short}
            stacked
            colors={ANSWERS}
          />
        </Card>
        <Card title="Tokens">
          <TimeChart label="Tokens by day" days={days} series={charts.tokens} format={short} stacked />
        </Card>
        <Card title="Prompt tokens from the providers’ caches">
          <TimeChart label="Cached share of prompts" days={days} series={charts.cached} format={percent} />
        </Card>
      </SimpleGrid>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Card title="Models by spend">
            <Ranking by="model_group" from={from} to={to} />
          </Card>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Box>
            <BudgetList />
          </Box>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

const ANSWERS = ['#d2574b', '#4f62e8']

function seriesOf(rows: (UsageRow | undefined)[]) {
  const values = (read: (row: UsageRow) => number | null) => rows.map(row => (row ? read(row) : 0))
  const cached = (row: UsageRow) => (row.prompt_tokens > 0 ? row.cache_read_tokens / row.prompt_tokens : null)
  return {
    spend: [{ name: 'Spend', values: values(row => row.spend) }],
    requests: [
      { name: 'Failed', values: values(row => row.failures) },
      { name: 'Answered', values: values(row => row.requests - row.failures) },
    ],
    tokens: [
      { name: 'Written', values: values(row => row.completion_tokens) },
      { name: 'Read', values: values(row => row.prompt_tokens) },
    ],
    cached: [{ name: 'From the cache', values: values(cached) }],
  }
}
