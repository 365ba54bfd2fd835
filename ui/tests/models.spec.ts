// A provider is added and tested, from the page of models; what answers is called by its name from then on.

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start()
})
test.afterAll(() => gateway.stop())

test('a model is added, answers its test, and its key is shown nowhere', async ({ page }) => {
  const secret = 'canary-key-of-a-provider'
  await signIn(page, gateway, '', MASTER)
  await page.getByRole('link', { name: 'Models' }).click()
  await page.getByRole('button', { name: 'Add model' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill('added')
  await form.getByRole('textbox', { name: 'Model at the provider' }).fill('mock/demo')
  await form.getByLabel('Key of the provider').fill(secret)
  await form.getByRole('button', { name: 'Add and test' }).click()
  await expect(page.getByText('It answers')).toBeVisible()
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await expect(page.getByRole('cell', { name: 'added', exact: true })).toBeVisible()
  expect(await page.content()).not.toContain(secret)
  const body = { model: 'added', messages: [{ role: 'user', content: 'Hello!' }] }
  expect((await gateway.call('POST', '/v1/chat/completions', body)).status).toBe(200)
})
