// Asks one deployment something small, and shows what came of it.

import { Alert, Button, Group, Loader, Modal, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, post } from '../../api/client'
import { wordsOf } from '../../api/queries'
import type { Deployment } from '../../api/types'
import { Fact } from '../../components/bits'
import { duration } from '../../lib/format'

interface Answer {
  choices?: { message?: { content?: string | null } }[]
  data?: unknown[]
}

async function ask(deployment: Deployment, signal: AbortSignal) {
  const model = deployment.model_info.id
  const began = performance.now()
  const messages = [{ role: 'user', content: 'Say hello.' }]
  const request =
    deployment.model_info.mode === 'embedding'
      ? post('/v1/embeddings', { model, input: 'Hello!' })
      : post('/v1/chat/completions', { model, messages, max_tokens: 32 })
  const answer = (await api(request, signal)) as Answer
  const text = answer.choices?.[0]?.message?.content ?? (answer.data ? 'A vector.' : 'Nothing.')
  return { text, tookMs: performance.now() - began }
}

export function TestModal({ deployment, close }: { deployment: Deployment; close: () => void }) {
  const id = deployment.model_info.id
  const test = useQuery({
    queryKey: ['test', id],
    queryFn: ({ signal }) => ask(deployment, signal),
    retry: false,
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  })
  return (
    <Modal opened onClose={close} title={`Test of ${deployment.model_name}`}>
      <Stack>
        {test.isFetching ? (
          <Group gap="xs">
            <Loader size="xs" aria-label="Waiting for the answer" />
            <Text size="sm">Asking {deployment.litellm_params.model} to say hello…</Text>
          </Group>
        ) : test.isError ? (
          <Alert color="red" title="It does not answer" role="alert">
            {wordsOf(test.error)}
          </Alert>
        ) : (
          <>
            <Alert color="teal" title="It answers">
              {test.data?.text}
            </Alert>
            <SimpleGrid cols={2}>
              <Fact name="Took">{duration(test.data?.tookMs)}</Fact>
              <Fact name="Deployment">{id}</Fact>
            </SimpleGrid>
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => void test.refetch()} disabled={test.isFetching}>
            Ask again
          </Button>
          <Button onClick={close}>Close</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
