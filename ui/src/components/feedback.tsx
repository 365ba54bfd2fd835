// What is shown instead of what was asked for: nothing there, not there yet, or not to be had.

import { Alert, Button, Center, Group, Loader, Paper, Skeleton, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { wordsOf } from '../api/queries'

/** Nothing is there: says what would be, and what to do about it. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Center py={48} px="md">
      <Stack gap={6} align="center" maw={420} ta="center">
        <Text fw={600}>{title}</Text>
        {children && (
          <Text c="dimmed" size="sm">
            {children}
          </Text>
        )}
        {action && <Group mt="xs">{action}</Group>}
      </Stack>
    </Center>
  )
}

/** Something went wrong: says what, and offers to try again. */
export function Failure({ why, retry }: { why: unknown; retry?: () => void }) {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={18} />}
      title="This could not be loaded"
      role="alert"
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm">{wordsOf(why)}</Text>
        {retry && (
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  )
}

export function Waiting({ height = 200 }: { height?: number }) {
  return (
    <Center h={height} aria-busy="true">
      <Loader size="sm" aria-label="Loading" />
    </Center>
  )
}

/** The answer of a query, or what is shown until it is there. */
export function Answered<T>({
  query,
  height,
  children,
}: {
  query: UseQueryResult<T>
  height?: number
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.isError) return <Failure why={query.error} retry={() => void query.refetch()} />
  return height ? <Skeleton height={height} aria-busy="true" /> : <Waiting />
}

/** A page that the one who looks at it may not see. */
export function NotForYou() {
  return (
    <Paper>
      <Empty title="You may not see this page">
        Your role does not include it. Ask an administrator of this gateway if you need it.
      </Empty>
    </Paper>
  )
}
