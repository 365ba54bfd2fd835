// A secret that is shown this once. It is in no query, no address and no storage: when this closes it is gone.

import { Alert, Button, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'

export interface Shown {
  title: string
  about: string
  secret: string
}

export function Secret({ shown, close }: { shown: Shown | null; close: () => void }) {
  return (
    <Modal opened={shown !== null} onClose={close} title={shown?.title} size="lg" closeOnClickOutside={false}>
      {shown && (
        <Stack gap="sm">
          <Text size="sm">{shown.about}</Text>
          <Group gap="xs" wrap="nowrap" align="flex-end">
            <TextInput
              style={{ flex: 1 }}
              label="Shown this once"
              value={shown.secret}
              readOnly
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
              onFocus={event => event.currentTarget.select()}
            />
            <CopyButton value={shown.secret}>
              {({ copied, copy }) => (
                <Button
                  size="sm"
                  color={copied ? 'teal' : undefined}
                  leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
                  onClick={copy}
                >
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Alert color="orange">Keep it now: the gateway knows only its hash, and nobody can show it again.</Alert>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              I have kept it
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}
