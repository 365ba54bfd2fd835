// Answers that are kept: what they bring, where they are, and forgetting them.

import { Button, Group, SimpleGrid, Stack, Table, Text, Textarea } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ApiError, get, post } from '../../api/client'
import { LIVE, useChange, useUsage } from '../../api/queries'
import type { CacheStats, SemanticCache } from '../../api/types'
import { Card, Fact, PageHead, Stat, State } from '../../components/bits'
import { Confirm, type Question } from '../../components/Confirm'
import { Answered, Empty } from '../../components/feedback'
import { TimeChart } from '../../components/TimeChart'
import { lastDays } from '../../lib/days'
import { bytes, count, money, percent, short } from '../../lib/format'

const KINDS: Record<CacheStats['cache_type'], string> = {
  local: 'in memory',
  redis: 'in memory and in Redis',
  disk: 'in memory and in a folder',
  s3: 'in memory and in a bucket',
  gcs: 'in memory and in a bucket of Google',
}

/** What the cache holds; `null` where none is kept. */
function useCache() {
  return useQuery({
    queryKey: ['cache'],
    queryFn: async ({ signal }) => {
      try {
        return await api(get('/cache/stats'), signal)
      } catch (why) {
        if (why instanceof ApiError && why.status === 404) return null
        throw why
      }
    },
    refetchInterval: LIVE,
  })
}

export default function Cache() {
  const cache = useCache()
  const [question, setQuestion] = useState<Question | null>(null)
  const flush = useChange(() => api(post('/cache/flushall', {})), {
    done: 'All answers are forgotten.',
    stale: ['cache'],
  })
  const ask = () =>
    setQuestion({
      title: 'Forget all answers?',
      about: 'Calls are answered by the models again until their answers are kept anew. This costs what they cost.',
      action: 'Forget them',
      run: () => flush.mutateAsync(undefined),
    })
  return (
    <>
      <PageHead title="Cache" about="Answers that are given again to whoever asks the same: at once, and for nothing.">
        {cache.data && (
          <Button variant="default" leftSection={<IconTrash size={15} />} onClick={ask}>
            Forget all
          </Button>
        )}
      </PageHead>
      <Answered query={cache} height={300}>
        {stats =>
          stats === null ? (
            <Card title="No answers are kept">
              <Empty title="The cache is off">
                Write litellm_settings: {'{'}cache: true{'}'} into the configuration. docs/caching.md says where answers
                can be kept, for how long, and who shares them.
              </Empty>
            </Card>
          ) : (
            <Kept stats={stats} />
          )
        }
      </Answered>
      <Confirm question={question} close={() => setQuestion(null)} busy={flush.isPending} />
    </>
  )
}

function Kept({ stats }: { stats: CacheStats }) {
  const looked = stats.hits + stats.misses
  const { from, to } = lastDays(30)
  const usage = useUsage({ by: 'all', from, to, days: true })
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Stat
          name="Answered again"
          value={short(stats.hits)}
          note={`${percent(stats.hits / looked)} of ${short(looked)}`}
        />
        <Stat
          name="Saved"
          value={money(stats.saved)}
          note={stats.hits_without_price > 0 ? `${count(stats.hits_without_price)} without a price` : 'since the start'}
        />
        <Stat name="Answers in memory" value={short(stats.entries)} note={bytes(stats.bytes)} />
        <Stat name="Room" value={percent(stats.bytes / stats.max_bytes)} note={`of ${bytes(stats.max_bytes)}`} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card
          title="Where they are"
          aside={
            stats.is_there !== null && (
              <State tone={stats.is_there ? 'good' : 'bad'}>{stats.is_there ? 'reachable' : 'away'}</State>
            )
          }
        >
          <Stack gap="sm">
            <Fact name="Answers are kept">{KINDS[stats.cache_type]}</Fact>
            {stats.is_there === false && (
              <Text size="sm">Calls are served without what is kept there, and do not wait for it.</Text>
            )}
            <Fact name="Whose">The key’s own, unless cache_params.scope says otherwise</Fact>
          </Stack>
        </Card>
        <Forget />
      </SimpleGrid>
      {stats.semantic && <Semantic semantic={stats.semantic} />}
      <Card title="Calls that were answered again">
        <Answered query={usage} height={220}>
          {({ rows }) => {
            const days = rows.map(row => row.day ?? '')
            const series = [{ name: 'Answered again', values: rows.map(row => row.cache_hits) }]
            return rows.length === 0 ? (
              <Empty title="Nothing in these days" />
            ) : (
              <TimeChart label="Calls that were answered again" days={days} series={series} format={count} />
            )
          }}
        </Answered>
      </Card>
    </Stack>
  )
}

/** Questions that mean the same: how alike they must be, and what audits have shown. */
function Semantic({ semantic }: { semantic: SemanticCache }) {
  const { groups, entries, embedder_rests: rests } = semantic
  return (
    <Card
      title="Questions that mean the same"
      aside={<State tone={rests ? 'bad' : 'good'}>{rests ? 'no vectors' : semantic.model}</State>}
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {count(entries)} of {count(semantic.max_entries)} questions are known, in {bytes(semantic.bytes)}. Audits ask
          a share of the hits anew: too many false ones raise the threshold.
        </Text>
        {groups.length === 0 ? (
          <Empty title="Nobody has asked anything that could be compared" />
        ) : (
          <Table.ScrollContainer minWidth={520}>
            <Table aria-label="Questions that mean the same, by model group" className="data-table">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Model group</Table.Th>
                  <Table.Th className="number">Threshold</Table.Th>
                  <Table.Th className="number">Hits</Table.Th>
                  <Table.Th className="number">Audits</Table.Th>
                  <Table.Th className="number">False hits</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {groups.map(group => (
                  <Table.Tr key={group.model_group}>
                    <Table.Td>{group.model_group}</Table.Td>
                    <Table.Td className="number">
                      {group.threshold.toFixed(3)}
                      {group.threshold > group.configured_threshold && ` instead of ${group.configured_threshold}`}
                    </Table.Td>
                    <Table.Td className="number">
                      {count(group.hits)} of {count(group.hits + group.misses)}
                    </Table.Td>
                    <Table.Td className="number">{count(group.audits)}</Table.Td>
                    <Table.Td className="number">{percent(group.false_hit_rate)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Stack>
    </Card>
  )
}

/** One answer is forgotten, by the key that its header said. */
function Forget() {
  const [text, setText] = useState('')
  const keys = text.split(/\s+/).filter(key => key !== '')
  const forget = useChange((keys: string[]) => api(post('/cache/delete', { keys })), {
    done: 'They are forgotten.',
    stale: ['cache'],
  })
  return (
    <Card title="Forget single answers">
      <Stack gap="sm">
        <Textarea
          label="Keys"
          description="Values of the header x-litellm-cache-key, one a line"
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          rows={3}
          styles={{ input: { fontFamily: 'monospace' } }}
        />
        <Group>
          <Button
            variant="default"
            disabled={keys.length === 0}
            loading={forget.isPending}
            onClick={() => forget.mutate(keys, { onSuccess: () => setText('') })}
          >
            Forget
          </Button>
        </Group>
      </Stack>
    </Card>
  )
}
