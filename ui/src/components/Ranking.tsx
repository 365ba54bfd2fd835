// Who or what cost the most, as bars.

import { Box, Group, Stack, Text } from '@mantine/core'

import { useUsage } from '../api/queries'
import type { Compared } from '../api/types'
import { short, spend } from '../lib/format'
import { titleOf } from '../lib/sums'
import { Answered, Empty } from './feedback'

export function Ranking({ by, from, to, most = 8 }: { by: Compared; from: string; to: string; most?: number }) {
  const usage = useUsage({ by, from, to })
  return (
    <Answered query={usage} height={240}>
      {({ rows }) => {
        const largest = Math.max(...rows.map(row => row.spend), Number.MIN_VALUE)
        if (rows.length === 0) return <Empty title="Nothing in these days" />
        return (
          <Stack gap={10} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
            {rows.slice(0, most).map(row => (
              <li key={row.name}>
                <Group justify="space-between" gap="xs" wrap="nowrap">
                  <Text size="sm" truncate title={row.name}>
                    {titleOf(row)}
                  </Text>
                  <Text size="sm" className="number">
                    {spend(row)}{' '}
                    <Text span size="xs" c="dimmed">
                      · {short(row.requests)} calls
                    </Text>
                  </Text>
                </Group>
                <Box h={4} mt={3} style={{ borderRadius: 2, background: 'var(--line)' }} aria-hidden>
                  <Box
                    h={4}
                    w={`${(row.spend / largest) * 100}%`}
                    bg="lock.5"
                    style={{ borderRadius: 2, minWidth: row.spend > 0 ? 2 : 0 }}
                  />
                </Box>
              </li>
            ))}
          </Stack>
        )
      }}
    </Answered>
  )
}
