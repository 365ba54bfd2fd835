// Asks before something is done that cannot be undone.

import { Button, Group, Modal, Stack, Text } from '@mantine/core'

export interface Question {
  title: string
  about: string
  action: string
  run: () => Promise<unknown>
}

export function Confirm({ question, close, busy }: { question: Question | null; close: () => void; busy: boolean }) {
  return (
    <Modal opened={question !== null} onClose={close} title={question?.title}>
      {question && (
        <Stack>
          <Text size="sm">{question.about}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Leave it
            </Button>
            <Button color="red" loading={busy} onClick={() => void question.run().then(close, () => undefined)}>
              {question.action}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}
