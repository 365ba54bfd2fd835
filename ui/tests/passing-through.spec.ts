// What passes through: answers that are given again, guardrails, and keys that run in circles.

import { expect, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway

test.beforeAll(async () => {
  gateway = await start(true)
})
test.afterAll(() => gateway.stop())

async function ask(path: string, body: object, key = 'sk-demo'): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
}

const chat = (text: string) => ({ model: 'in-house', messages: [{ role: 'user', content: text }] })

test('the cache shows what it brings, and forgets what it is told to', async ({ page }) => {
  for (const text of ['one', 'one', 'one', 'two']) {
    expect((await ask('/v1/chat/completions', chat(text))).status).toBe(200)
  }
  await signIn(page, gateway, '', 'sk-demo')
  await page.getByRole('link', { name: 'Cache' }).click()
  await expect(page.getByRole('group', { name: 'Answered again' })).toContainText('2')
  await expect(page.getByRole('group', { name: 'Answers in memory' })).toContainText('2')
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/cache-used.png`, fullPage: true })
  await page.getByLabel('Keys').fill('not-a-key')
  await page.getByRole('button', { name: 'Forget', exact: true }).click()
  await expect(page.getByText(/a key has 64 hexadecimal digits/)).toBeVisible()
  await page.getByRole('button', { name: 'Forget all' }).click()
  await page.getByRole('button', { name: 'Forget them' }).click()
  await expect(page.getByText('All answers are forgotten.')).toBeVisible()
  await expect(page.getByRole('group', { name: 'Answers in memory' })).toContainText('0')
})

test('a guardrail is tried out, and what it said to a call is in the log without the text', async ({ page }) => {
  await signIn(page, gateway, '', 'sk-demo')
  await page.getByRole('link', { name: 'Guardrails' }).click()
  const table = page.getByRole('table', { name: 'Guardrails' })
  await expect(table.getByRole('row', { name: /personal-data personal data calls everybody/ })).toBeVisible()
  await page.getByRole('combobox', { name: 'Guardrail' }).click()
  await page.getByRole('option', { name: 'personal-data' }).click()
  await page.getByLabel('Text').fill('I am ada@example.org')
  await page.getByRole('button', { name: 'Look it over' }).click()
  await expect(page.getByRole('status', { name: 'What becomes of it' })).toContainText('I am <EMAIL_1>')
  await page.getByLabel('Text').fill('My card is 5555 5555 5555 4444')
  await page.getByRole('button', { name: 'Look it over' }).click()
  await expect(page.getByRole('alert')).toContainText('credit_card')
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/guardrails-used.png`, fullPage: true })

  const answer = await ask('/v1/chat/completions', chat('Write to canary@example.org'))
  expect(answer.status).toBe(200)
  const id = answer.headers.get('x-litellm-call-id') ?? ''
  const booked = () => fetch(`${gateway.url}/spend/logs/ui/${id}`, { headers: { authorization: 'Bearer sk-demo' } })
  await expect.poll(async () => (await booked()).status).toBe(200)
  await page.getByRole('link', { name: 'Logs' }).click()
  await page.getByLabel('The id of a call').fill(id)
  const rows = page.getByRole('table', { name: 'Calls' }).getByRole('row', { name: /in-house/ })
  await expect(rows).toHaveCount(1)
  await rows.click()
  const story = page.getByRole('dialog', { name: 'A call' })
  await expect(story.getByText('masked')).toBeVisible()
  await expect(story.getByText(/email × 1/)).toBeVisible()
  expect(await page.content()).not.toContain('canary@example.org')
})

test('a key that runs in circles is shown with the reason, and may call again when it is let', async ({ page }) => {
  const fields = { key_alias: 'mad-script', loop_breaker: { action: 'block', same: 2, window: 600 } }
  const { key } = (await (await ask('/key/generate', fields)).json()) as { key: string }
  const statuses = []
  for (let call = 0; call < 4; call++) statuses.push((await ask('/v1/chat/completions', chat('again'), key)).status)
  expect(statuses).toEqual([200, 200, 429, 429])
  await signIn(page, gateway, '', 'sk-demo')
  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await expect(page.getByText(/mad-script makes the same call again and again: 3, more than 2/)).toBeVisible()
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/loops.png`, fullPage: true })
  await page.getByRole('button', { name: 'Let mad-script call again' }).click()
  await expect(page.getByText(/runs in circles/)).toHaveCount(0)
  expect((await ask('/v1/chat/completions', chat('again'), key)).status).toBe(200)
})
