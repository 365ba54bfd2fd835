// A form in a window: what is in it, and the way to send it or not.

import { Button, Group, Modal, Stack } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props {
  title: string
  action: string
  busy: boolean
  close: () => void
  /** Sends it; the window stays when that fails. */
  submit: () => Promise<unknown>
  disabled?: boolean
  children: ReactNode
}

export function FormModal({ title, action, busy, close, submit, disabled, children }: Props) {
  return (
    <Modal opened onClose={close} title={title} size="lg">
      <form
        onSubmit={event => {
          event.preventDefault()
          void submit().then(close, () => undefined)
        }}
      >
        <Stack gap="sm">
          {children}
          <Group justify="flex-end" mt="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={disabled}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
