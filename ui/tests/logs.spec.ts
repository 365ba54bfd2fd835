// A call is found in the log by whatever is known of it, with the keyboard alone.

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start()
  const ask = (body: object) => gateway.call('POST', '/v1/chat/completions', { messages: HELLO, ...body })
  expect((await ask({ model: 'demo', user: 'ada' })).status).toBe(200)
  expect((await ask({ model: 'demo', user: 'bob' })).status).toBe(200)
  expect((await ask({ model: 'nobody-has-this' })).status).toBe(400)
})
test.afterAll(() => gateway.stop())

const HELLO = [{ role: 'user', content: 'Hello!' }]

test('calls are found by customer, by status and by what went wrong', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  await page.goto(`${gateway.url}/ui/logs`)
  const rows = page.getByRole('table', { name: 'Calls' }).locator('tbody tr')
  await expect(async () => {
    await page.reload()
    await expect(rows).toHaveCount(3, { timeout: 1000 })
  }).toPass()

  const look = async (label: string, value: string) => {
    await page.getByRole('button', { name: /^Filters/ }).click()
    await page.getByLabel(label).fill(value)
    await page.keyboard.press('Enter')
  }
  await look('Customer', 'ada')
  await expect(rows).toHaveCount(1)
  expect(new URL(page.url()).searchParams.get('customer')).toBe('ada')
  await page.reload()
  await expect(rows, 'the address keeps it').toHaveCount(1)
  await page.getByRole('button', { name: 'Take the filters off' }).click()
  await expect(rows).toHaveCount(3)

  await look('Status', '400')
  await expect(rows).toHaveCount(1)
  await rows.first().focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog').filter({ hasText: 'nobody-has-this' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Take the filters off' }).click()

  await look('Text of the error', 'NOBODY-has')
  await expect(rows).toHaveCount(1)
  await look('Text of the error', 'something else')
  await expect(page.getByText('No call fits these filters')).toBeVisible()
})
