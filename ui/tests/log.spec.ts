// The log: a call's whole story, and what was said in it where that is kept.

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start()
})
test.afterAll(() => gateway.stop())

async function key(metadata: object): Promise<string> {
  const made = await gateway.call('POST', '/key/generate', { metadata })
  return ((await made.json()) as { key: string }).key
}

/** Makes a call and opens it in the log. */
async function open(page: Parameters<typeof signIn>[0], secret: string) {
  const body = { model: 'demo', messages: [{ role: 'user', content: 'Remember the milk' }], stream: true }
  const answer = await gateway.call('POST', '/v1/chat/completions', body, secret)
  await answer.text()
  const id = answer.headers.get('x-litellm-call-id') ?? ''
  const shown = async () => (await gateway.call('GET', `/spend/logs/ui/${id}`)).json()
  await expect.poll(async () => JSON.stringify(await shown())).toContain('"outcome":"success"')
  return { id, shown, go: () => page.goto(`${gateway.url}/ui/logs?call=${id}`) }
}

test('what was said is shown with the call if it is kept, and otherwise the page says so', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  const kept = await open(page, await key({ store_prompts_in_spend_logs: true }))
  await expect.poll(async () => JSON.stringify(await kept.shown())).toContain('Remember the milk')
  await kept.go()
  const story = page.getByRole('dialog')
  await expect(story).toContainText('Remember the milk')
  await expect(story).toContainText('"finish_reason": "stop"')
  await expect(story.getByRole('button', { name: 'Copy the answer' })).toBeVisible()

  const hushed = await open(page, await key({}))
  await hushed.go()
  await expect(story).toContainText('What was said in this call is not kept.')
  await expect(story).not.toContainText('Remember the milk')
})
