// Talk to any model, to two of them at once, and take the code along.

import { Button, Group, Paper, SimpleGrid, Stack, Switch, Textarea } from '@mantine/core'
import { IconPlayerStop, IconSend } from '@tabler/icons-react'
import { useState } from 'react'

import { useModels } from '../../api/queries'
import { PageHead } from '../../components/bits'
import { Answered, Empty } from '../../components/feedback'
import { useSearchState } from '../../lib/search'
import { Code } from './Code'
import { Column } from './Column'
import { useTalk } from './useTalk'

export default function Playground() {
  const models = useModels()
  return (
    <>
      <PageHead
        title="Playground"
        about="Calls go through the gateway like any other: they are routed, booked and logged as yours."
      />
      <Answered query={models}>
        {({ data }) =>
          data.length === 0 ? (
            <Paper>
              <Empty title="No models to talk to">Add a model, or ask an administrator to let you call one.</Empty>
            </Paper>
          ) : (
            <Table names={data.map(model => model.id).sort()} />
          )
        }
      </Answered>
    </>
  )
}

function Table({ names }: { names: string[] }) {
  const [search, change] = useSearchState()
  const [text, setText] = useState('')
  const [system, setSystem] = useState('')
  const [showsCode, setShowsCode] = useState(false)
  const first = search.model ?? names[0] ?? ''
  const second = search.beside ?? null
  const one = useTalk(first, system)
  const other = useTalk(second ?? '', system)
  const busy = one.busy || other.busy

  const ask = () => {
    const question = text.trim()
    if (!question || busy) return
    setText('')
    one.ask(question)
    if (second) other.ask(question)
  }

  return (
    <Stack gap="sm">
      <Group gap="md">
        <Switch
          size="xs"
          label="Compare two models"
          checked={second !== null}
          onChange={event =>
            change({ beside: event.currentTarget.checked ? (names.find(name => name !== first) ?? first) : null })
          }
        />
        <Switch
          size="xs"
          label="Show the code"
          checked={showsCode}
          onChange={event => setShowsCode(event.currentTarget.checked)}
        />
        <Button
          variant="subtle"
          color="gray"
          onClick={() => {
            one.clear()
            other.clear()
          }}
        >
          Begin anew
        </Button>
      </Group>
      {showsCode && <Code model={first} system={system} text={text || 'Hello!'} />}
      <SimpleGrid cols={{ base: 1, md: second ? 2 : 1 }} spacing="sm">
        <Column label="Model" names={names} model={first} choose={model => change({ model })} talk={one} />
        {second && (
          <Column
            label="Model beside it"
            names={names}
            model={second}
            choose={beside => change({ beside })}
            talk={other}
          />
        )}
      </SimpleGrid>
      <Paper p="sm">
        <Stack gap="xs">
          <Textarea
            label="System prompt"
            autosize
            minRows={1}
            maxRows={6}
            placeholder="none"
            value={system}
            onChange={event => setSystem(event.currentTarget.value)}
          />
          <Textarea
            label="Message"
            description="Enter sends, Shift and Enter begins a new line"
            autosize
            minRows={2}
            maxRows={10}
            value={text}
            onChange={event => setText(event.currentTarget.value)}
            onKeyDown={event => {
              if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
                event.preventDefault()
                ask()
              }
            }}
          />
          <Group justify="flex-end">
            {busy ? (
              <Button
                variant="default"
                leftSection={<IconPlayerStop size={15} />}
                onClick={() => {
                  one.stop()
                  other.stop()
                }}
              >
                Stop
              </Button>
            ) : (
              <Button leftSection={<IconSend size={15} />} onClick={ask} disabled={!text.trim()}>
                Send
              </Button>
            )}
          </Group>
        </Stack>
      </Paper>
    </Stack>
  )
}
