// Machines of one's own that run models: what each has loaded, how much room it has, who waits.

import { Button, Group, Paper, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api } from '../../api/client'
import { useChange } from '../../api/queries'
import type { Node } from '../../api/types'
import { Card, Fact, PageHead, State } from '../../components/bits'
import { Answered, Empty } from '../../components/feedback'
import { count, duration } from '../../lib/format'

const TONES: Record<string, 'good' | 'warn' | 'bad'> = {
  up: 'good',
  ready: 'good',
  well: 'good',
  waking: 'warn',
  asleep: 'warn',
}

function gibibytes(bytes: number | null | undefined): string {
  return bytes ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : '–'
}

export default function Nodes() {
  const nodes = useQuery({
    queryKey: ['nodes'],
    queryFn: ({ signal }) =>
      api<{ nodes: Node[]; queues: { model_group: string; waiting: number }[] }>('/nodes', { signal }),
    refetchInterval: 2000,
  })
  return (
    <>
      <PageHead title="Nodes" about="Machines that run models themselves: Ollama, llama.cpp, vLLM and their like." />
      <Answered query={nodes}>
        {({ nodes, queues }) =>
          nodes.length === 0 ? (
            <Paper>
              <Empty title="No machines of your own">
                Add a model of an engine that runs nearby (ollama/llama3, say): its machine is shown here, with what it
                has loaded and how much memory is left.
              </Empty>
            </Paper>
          ) : (
            <Stack>
              <SimpleGrid cols={{ base: 1, md: 2 }}>
                {nodes.map(node => (
                  <NodeCard key={node.api_base} node={node} />
                ))}
              </SimpleGrid>
              <Text size="sm" c="dimmed">
                {queues
                  .filter(queue => queue.waiting > 0)
                  .map(queue => `${queue.waiting} wait for ${queue.model_group}`)
                  .join(' · ') || 'Nobody waits.'}
              </Text>
            </Stack>
          )
        }
      </Answered>
    </>
  )
}

function NodeCard({ node }: { node: Node }) {
  const act = useChange(
    ({ path, body }: { path: string; body: object }) => api(path, { body: { api_base: node.api_base, ...body } }),
    { done: 'The node is told.', stale: ['nodes'] },
  )
  return (
    <Card title={node.api_base} aside={<State tone={TONES[node.status] ?? 'bad'}>{node.status}</State>}>
      <SimpleGrid cols={3} mb="sm">
        <Fact name="Memory">{gibibytes(node.vram_bytes)}</Fact>
        <Fact name="Calls now">
          {count(node.running)} of {count(node.slots)}
        </Fact>
        <Fact name="Out for">{node.out_for_ms ? duration(node.out_for_ms) : '–'}</Fact>
      </SimpleGrid>
      <Table aria-label={`Loaded on ${node.api_base}`}>
        <Table.Tbody>
          {node.loaded.length === 0 && (
            <Table.Tr>
              <Table.Td>Nothing is loaded.</Table.Td>
            </Table.Tr>
          )}
          {node.loaded.map(one => (
            <Table.Tr key={one.model}>
              <Table.Td>{one.model}</Table.Td>
              <Table.Td className="number">{gibibytes(one.vram_bytes)}</Table.Td>
              <Table.Td className="number">{count(one.running)} calls</Table.Td>
              <Table.Td align="right">
                <Button
                  variant="subtle"
                  color="gray"
                  onClick={() => act.mutate({ path: '/nodes/unload', body: { model: one.model } })}
                >
                  Unload
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {node.loading && <Text size="sm">Loads {node.loading.model}…</Text>}
      <Group mt="sm">
        <Button variant="default" onClick={() => act.mutate({ path: '/nodes/wake', body: {} })} loading={act.isPending}>
          Wake
        </Button>
      </Group>
    </Card>
  )
}
