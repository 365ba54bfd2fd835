// Machines of one's own that run models: what each has loaded, how much room it has, who waits.

import { Button, Group, Paper, ScrollArea, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, get, post, type ApiRequest } from '../../api/client'
import { useChange } from '../../api/queries'
import type { Gpu, Host, Node } from '../../api/types'
import { Card, Fact, PageHead, State } from '../../components/bits'
import { Answered, Empty } from '../../components/feedback'
import { count, duration, energy, watts } from '../../lib/format'

const TONES: Record<string, 'good' | 'warn' | 'bad'> = {
  idle: 'good',
  busy: 'good',
  loading: 'warn',
  asleep: 'warn',
  out: 'bad',
}

function gibibytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? '–' : `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

export default function Nodes() {
  const nodes = useQuery({
    queryKey: ['nodes'],
    queryFn: ({ signal }) => api(get('/nodes'), signal),
    refetchInterval: 2000,
  })
  return (
    <>
      <PageHead title="Nodes" about="Machines that run models themselves: Ollama, llama.cpp, vLLM and their like." />
      <Answered query={nodes}>
        {({ nodes, host, queues }) => (
          <Stack>
            {nodes.length === 0 ? (
              <Paper>
                <Empty title="No machines of your own">
                  Add a model of an engine that runs nearby (ollama/llama3, say): its machine is shown here, with what
                  it has loaded and how much memory is left.
                </Empty>
              </Paper>
            ) : (
              <>
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
              </>
            )}
            <HostCard host={host} />
          </Stack>
        )}
      </Answered>
    </>
  )
}

/** The gateway's own machine. */
function HostCard({ host }: { host: Host }) {
  const { memory_bytes, memory_available_bytes, processors, load } = host
  const used =
    memory_bytes === undefined || memory_available_bytes === undefined
      ? undefined
      : memory_bytes - memory_available_bytes
  return (
    <Card
      title="This machine"
      aside={
        <Text size="sm" c="dimmed">
          where the gateway runs
        </Text>
      }
    >
      <SimpleGrid cols={{ base: 2, sm: 4 }} mb="sm">
        <Fact name="Memory">
          {gibibytes(used)} of {gibibytes(memory_bytes)}
        </Fact>
        <Fact name="Load">
          {load ?? '–'} on {count(processors)} processors
        </Fact>
        <Fact name="GPUs take">{watts(host.watts)}</Fact>
        <Fact name="Energy since the start">{energy(host.energy_wh)}</Fact>
      </SimpleGrid>
      {host.gpus.length === 0 ? (
        <Text size="sm" c="dimmed">
          No GPU is seen: NVIDIA’s driver is not here, or does not answer.
        </Text>
      ) : (
        <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'GPUs of this machine' }}>
          <Table miw={520}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>GPU</Table.Th>
                <Table.Th className="number">Memory</Table.Th>
                <Table.Th className="number">Power</Table.Th>
                <Table.Th className="number">Temperature</Table.Th>
                <Table.Th className="number">Busy</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {host.gpus.map((gpu, index) => (
                <GpuRow key={index} gpu={gpu} />
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
    </Card>
  )
}

function GpuRow({ gpu }: { gpu: Gpu }) {
  const { name, vram_used_bytes, vram_bytes, temperature_celsius, busy_percent } = gpu
  return (
    <Table.Tr>
      <Table.Td>{name ?? 'unnamed'}</Table.Td>
      <Table.Td className="number">
        {vram_bytes === undefined ? '–' : `${gibibytes(vram_used_bytes)} of ${gibibytes(vram_bytes)}`}
      </Table.Td>
      <Table.Td className="number">{watts(gpu.watts)}</Table.Td>
      <Table.Td className="number">{temperature_celsius === undefined ? '–' : `${temperature_celsius} °C`}</Table.Td>
      <Table.Td className="number">{busy_percent === undefined ? '–' : `${busy_percent}%`}</Table.Td>
    </Table.Tr>
  )
}

function NodeCard({ node }: { node: Node }) {
  const { api_base } = node
  const act = useChange((request: ApiRequest) => api(request), { done: 'The node is told.', stale: ['nodes'] })
  return (
    <Card title={node.api_base} aside={<State tone={TONES[node.status] ?? 'bad'}>{node.status}</State>}>
      <SimpleGrid cols={{ base: 2, sm: 4 }} mb="sm">
        <Fact name="Memory">{gibibytes(node.vram_bytes)}</Fact>
        <Fact name="Power">
          {watts(node.watts)} {node.watts_from}
        </Fact>
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
                  onClick={() => act.mutate(post('/nodes/unload', { api_base, model: one.model }))}
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
        <Button variant="default" onClick={() => act.mutate(post('/nodes/wake', { api_base }))} loading={act.isPending}>
          Wake
        </Button>
      </Group>
    </Card>
  )
}
