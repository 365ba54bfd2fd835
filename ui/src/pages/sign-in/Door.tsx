// The card in front of everything.

import { Box, Center, Image, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

export function Door({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper w={380} p="xl" shadow="sm">
        <Stack gap="lg">
          <Box>
            <Image src="/ui/lockgate.svg" alt="" w={34} h={34} mb="sm" />
            <Title order={1}>{title}</Title>
            <Text c="dimmed" size="sm">
              {about}
            </Text>
          </Box>
          {children}
        </Stack>
      </Paper>
    </Center>
  )
}
