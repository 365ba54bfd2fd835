// The same call as a program makes it. The key is named by a variable: no secret is written anywhere.

import { Box, Group, Paper, Tabs } from '@mantine/core'

import { Copy } from '../../components/bits'

interface Call {
  model: string
  system: string
  text: string
}

const LANGUAGES: { value: string; name: string; write: (call: Call, base: string) => string }[] = [
  { value: 'curl', name: 'curl', write: curl },
  { value: 'python', name: 'Python', write: python },
  { value: 'node', name: 'Node', write: node },
]

export function Code(call: Call) {
  return (
    <Paper p="sm">
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List aria-label="Language">
          {LANGUAGES.map(({ value, name }) => (
            <Tabs.Tab key={value} value={value}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {LANGUAGES.map(({ value, name, write }) => {
          const code = write(call, location.origin)
          return (
            <Tabs.Panel key={value} value={value} pt="xs">
              <Box pos="relative">
                <Group pos="absolute" top={8} right={8}>
                  <Copy value={code} label={`Copy the code for ${name}`} />
                </Group>
                {/* A region that scrolls must be reachable by keyboard. */}
                {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
                <pre className="code" tabIndex={0}>
                  {code}
                </pre>
              </Box>
            </Tabs.Panel>
          )
        })}
      </Tabs>
    </Paper>
  )
}

function messages({ system, text }: Call) {
  const said = [{ role: 'user', content: text }]
  return system.trim() ? [{ role: 'system', content: system }, ...said] : said
}

function curl(call: Call, base: string): string {
  const body = JSON.stringify({ model: call.model, messages: messages(call) }, null, 2).replaceAll("'", "'\\''")
  return `curl ${base}/v1/chat/completions \\
  -H "authorization: Bearer $LOCKGATE_KEY" \\
  -H 'content-type: application/json' \\
  -d '${body}'`
}

function python(call: Call, base: string): string {
  return `import os
from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key=os.environ["LOCKGATE_KEY"])
answer = client.chat.completions.create(
    model=${JSON.stringify(call.model)},
    messages=${JSON.stringify(messages(call), null, 4).replaceAll('\n', '\n    ')},
)
print(answer.choices[0].message.content)`
}

function node(call: Call, base: string): string {
  return `import OpenAI from 'openai'

const client = new OpenAI({ baseURL: '${base}/v1', apiKey: process.env.LOCKGATE_KEY })
const answer = await client.chat.completions.create({
  model: ${JSON.stringify(call.model)},
  messages: ${JSON.stringify(messages(call), null, 2).replaceAll('\n', '\n  ')},
})
console.log(answer.choices[0].message.content)`
}
