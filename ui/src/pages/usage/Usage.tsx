// Who and what cost how much, day by day: as a chart, as a table, and as a file for spreadsheets.

import { Button, Group, Paper, SegmentedControl, Select, Stack } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { createColumnHelper } from '@tanstack/react-table'
import { useMemo } from 'react'

import { queryString } from '../../api/client'
import { useUsage } from '../../api/queries'
import type { Compared, Usage as Answer, UsageRow } from '../../api/types'
import { Card, PageHead } from '../../components/bits'
import { DataTable, useTableState } from '../../components/DataTable'
import { Answered } from '../../components/feedback'
import { TimeChart, type Series } from '../../components/TimeChart'
import { daysBefore, range, today } from '../../lib/days'
import { duration, money, percent, short, spend } from '../../lib/format'
import type { Rights } from '../../lib/rights'
import { useSearchState } from '../../lib/search'
import { useSession } from '../../lib/session'
import { titleOf } from '../../lib/sums'

const COMPARED: { value: Compared; label: string; sees?: (rights: Rights) => boolean }[] = [
  { value: 'model_group', label: 'Model' },
  { value: 'model', label: 'Model at the provider' },
  { value: 'provider', label: 'Provider' },
  { value: 'key', label: 'Key' },
  { value: 'user', label: 'User' },
  { value: 'team', label: 'Team', sees: rights => rights.seesAll || rights.inTeam },
  { value: 'organization', label: 'Organization', sees: rights => rights.seesAll || rights.organizationAdmin },
  { value: 'customer', label: 'Customer', sees: rights => rights.seesAll },
  { value: 'tag', label: 'Tag', sees: rights => rights.seesAll },
  { value: 'call_type', label: 'Kind of call' },
]

const MEASURES = {
  spend: { label: 'Spend', read: (row: UsageRow) => row.spend, format: money },
  requests: { label: 'Requests', read: (row: UsageRow) => row.requests, format: short },
  tokens: { label: 'Tokens', read: (row: UsageRow) => row.prompt_tokens + row.completion_tokens, format: short },
  errors: { label: 'Errors', read: (row: UsageRow) => row.failures, format: short },
} as const
type Measure = keyof typeof MEASURES

/** How many are told apart in the chart: the largest. The others are one. */
const MOST = 7

const SPANS = ['7', '30', '90', '365']

const column = createColumnHelper<UsageRow>()
const numeric = { numeric: true }
const columns = [
  column.accessor(titleOf, { id: 'name', header: 'Name' }),
  column.accessor('spend', { header: 'Spend', meta: numeric, cell: ({ row }) => spend(row.original) }),
  column.accessor('requests', { header: 'Requests', meta: numeric, cell: ({ getValue }) => short(getValue()) }),
  column.accessor(row => row.failures / row.requests, {
    id: 'errors',
    header: 'Errors',
    meta: numeric,
    cell: ({ getValue }) => percent(getValue()),
  }),
  column.accessor('prompt_tokens', { header: 'Read', meta: numeric, cell: ({ getValue }) => short(getValue()) }),
  column.accessor('completion_tokens', { header: 'Written', meta: numeric, cell: ({ getValue }) => short(getValue()) }),
  column.accessor(row => (row.prompt_tokens > 0 ? row.cache_read_tokens / row.prompt_tokens : null), {
    id: 'cached',
    header: 'From cache',
    meta: numeric,
    cell: ({ getValue }) => percent(getValue()),
  }),
  column.accessor(row => (row.first_tokens > 0 ? row.first_token_ms / row.first_tokens : null), {
    id: 'first',
    header: 'First token',
    meta: numeric,
    cell: ({ getValue }) => duration(getValue()),
  }),
  column.accessor(row => (row.unpriced === 0 && row.requests > 0 ? row.spend / row.requests : null), {
    id: 'each',
    header: 'A call costs',
    meta: numeric,
    cell: ({ getValue }) => money(getValue()),
  }),
]

export default function Usage() {
  const { rights } = useSession()
  const [search, change] = useSearchState()
  const state = useTableState({ sort: 'spend', descending: true })
  const choices = COMPARED.filter(({ sees }) => sees?.(rights) ?? true)
  const by = choices.find(({ value }) => value === search.by)?.value ?? 'model_group'
  const measure: Measure = search.show && search.show in MEASURES ? (search.show as Measure) : 'spend'
  const span = SPANS.includes(search.days ?? '') ? Number(search.days) : 30
  const [from, to] = [daysBefore(span - 1), today()]
  const sums = useUsage({ by, from, to })
  const days = useUsage({ by, from, to, days: true, filter: { largest: MOST, measure } })
  const file = '/usage' + queryString({ by, start_date: from, end_date: to, days: true, format: 'csv' })
  return (
    <>
      <PageHead title="Usage" about="What was spent and asked, by whatever you want to compare. Days are days in UTC.">
        <Button
          component="a"
          href={file}
          download={`usage-${by}.csv`}
          variant="default"
          leftSection={<IconDownload size={15} />}
        >
          CSV
        </Button>
      </PageHead>
      <Stack gap="md">
        <Group gap="xs">
          <Select
            aria-label="Compare by"
            data={choices.map(({ value, label }) => ({ value, label: `By ${label.toLowerCase()}` }))}
            value={by}
            onChange={next => change({ by: next, page: null, q: null })}
            allowDeselect={false}
            w={220}
          />
          <SegmentedControl
            aria-label="Days shown"
            size="xs"
            value={String(span)}
            onChange={next => change({ days: next })}
            data={SPANS.map(value => ({ value, label: value === '365' ? 'A year' : `${value} days` }))}
          />
          <SegmentedControl
            aria-label="What the chart shows"
            size="xs"
            value={measure}
            onChange={next => change({ show: next })}
            data={Object.entries(MEASURES).map(([value, { label }]) => ({ value, label }))}
          />
        </Group>
        <Card title={`${MEASURES[measure].label} by ${choices.find(({ value }) => value === by)?.label.toLowerCase()}`}>
          <Answered query={days} height={260}>
            {usage => <Chart usage={usage} measure={measure} from={from} to={to} />}
          </Answered>
        </Card>
        <Paper p={0}>
          <DataTable
            name="Usage"
            columns={columns}
            rows={sums.data?.rows}
            state={state}
            error={sums.error}
            retry={() => void sums.refetch()}
            searches="Search a name"
            empty={{
              title: 'Nothing in these days',
              hint: 'Choose more days, or make a call: it is here a second later.',
            }}
          />
        </Paper>
      </Stack>
    </>
  )
}

function Chart({ usage, measure, from, to }: { usage: Answer; measure: Measure; from: string; to: string }) {
  const { read, format, label } = MEASURES[measure]
  const days = useMemo(() => range(from, to), [from, to])
  const series = useMemo(() => seriesOf(usage, days, read), [usage, days, read])
  return <TimeChart label={`${label} by day`} days={days} series={series} format={format} stacked height={240} />
}

/** The largest ones, and all others together. */
function seriesOf({ rows, others }: Answer, days: string[], read: (row: UsageRow) => number): Series[] {
  const places = new Map(days.map((day, at) => [day, at]))
  const series = (name: string) => ({ name, sum: 0, values: days.map(() => 0) })
  const note = (one: ReturnType<typeof series>, row: UsageRow) => {
    const at = places.get(row.day ?? '')
    if (at !== undefined) one.values[at] = (one.values[at] ?? 0) + read(row)
    one.sum += read(row)
  }
  const largest = new Map<string, ReturnType<typeof series>>()
  for (const row of rows) {
    const known = largest.get(row.name) ?? series(titleOf(row))
    note(known, row)
    largest.set(row.name, known)
  }
  const shown = [...largest.values()].filter(one => one.sum > 0).sort((one, other) => other.sum - one.sum)
  if (others && others.count > 0) {
    const rest = series(`${others.count} others`)
    others.rows.forEach(row => note(rest, row))
    shown.push(rest)
  }
  return shown.length > 0 ? shown : [series('Nothing')]
}
