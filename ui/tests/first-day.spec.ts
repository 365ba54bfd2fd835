// The first day: sign in, make a key, call with it, see it; give it a budget, spend that, see the block.

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start()
})
test.afterAll(() => gateway.stop())

function ask(key: string, model = 'demo') {
  const body = { model, messages: [{ role: 'user', content: 'Hello!' }] }
  return gateway.call('POST', '/v1/chat/completions', body, key)
}

test('a wrong password is refused in words, and the master key lets one in and out', async ({ page }) => {
  await page.goto(`${gateway.url}/admin`)
  await expect(page).toHaveURL(/\/ui\/$/)
  await page.getByLabel('Password or master key').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('wrong')
  await page.getByLabel('Password or master key').fill(MASTER)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
  const cookies = await page.context().cookies()
  expect(cookies).toMatchObject([{ name: 'lockgate_session', httpOnly: true, sameSite: 'Strict' }])
  await page.getByRole('button', { name: 'Account' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByLabel('Password or master key')).toBeVisible()
})

test('a key is made, used, seen within two seconds, spends its budget and is blocked', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  await page.getByRole('link', { name: 'Keys' }).click()
  await page.getByRole('button', { name: 'Create key' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('checkout')
  await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
  const secret = await page.getByLabel('Shown this once').inputValue()
  expect(secret).toMatch(/^sk-/)
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
  expect(await page.content()).not.toContain(secret)

  await page.getByRole('link', { name: 'Overview' }).click()
  await expect(page.getByText('No calls yet')).toBeVisible()
  expect((await ask(secret)).status).toBe(200)
  await expect(page.getByRole('group', { name: 'Requests' })).toContainText('1', { timeout: 3000 })

  await page.getByRole('link', { name: 'Keys' }).click()
  await page.getByRole('button', { name: 'checkout' }).click()
  await page.getByRole('button', { name: 'Change' }).click()
  await page.getByLabel('Budget', { exact: true }).fill('0.01')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('dialog').getByText('Budget spent')).toBeVisible()
  const refused = await ask(secret)
  expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining('udget')])

  await page.getByRole('button', { name: 'Block', exact: true }).click()
  await expect(page.getByRole('dialog').getByText('Blocked')).toBeVisible()
  expect((await ask(secret, 'free')).status).toBe(401)
  await page.getByRole('button', { name: 'Unblock' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog', { name: 'Delete checkout?' }).getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('No keys yet')).toBeVisible()
  expect((await ask(secret)).status).toBe(401)
})

test('two models answer side by side, and the code for it holds no secret', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  await page.getByRole('link', { name: 'Playground' }).click()
  await page.getByRole('switch', { name: 'Compare two models' }).check()
  await page.getByRole('switch', { name: 'Show the code' }).check()
  await page.getByLabel('Message').fill('Good morning')
  await page.getByLabel('Message').press('Enter')
  await expect(page.getByText('You said: Good morning')).toHaveCount(2)
  await expect(page.getByText(/^in all/)).toHaveCount(2)
  for (const language of ['curl', 'Python', 'Node']) {
    await page.getByRole('tab', { name: language }).click()
    await expect(page.locator('pre')).toContainText(/LOCKGATE_KEY/)
  }
  expect(await page.content()).not.toContain(MASTER)
})
