// A draft of the configuration is checked in Settings before anybody writes it into the file.

import AxeBuilder from '@axe-core/playwright'

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway

test.beforeAll(async () => {
  gateway = await start(false)
})
test.afterAll(() => gateway.stop())

test('a draft says what is wrong with it and what it would change, and changes nothing', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Check the file' }).click()
  await expect(page.getByText('It is what runs')).toBeVisible()
  await page
    .getByLabel('Draft')
    .fill('model_list: [{model_name: mine, litellm_params: {model: mock/demo, rpm: often}}]')
  await page.getByRole('button', { name: 'Check the draft' }).click()
  await expect(page.getByText('It has errors, and would change nothing')).toBeVisible()
  await expect(page.getByText(/model_list\[0\].litellm_params.rpm/)).toBeVisible()
  await page
    .getByLabel('Draft')
    .fill('model_list: [{model_name: mine, litellm_params: {model: mock/demo, api_key: a-canary-of-a-draft, rpm: 5}}]')
  await page.getByRole('button', { name: 'Check the draft' }).click()
  await expect(page.getByText(/It would change \d+ values/)).toBeVisible()
  const changes = page.getByRole('table', { name: 'What would change' })
  await expect(changes.getByRole('row', { name: /model_list\[mine\].litellm_params.rpm – 5/ })).toBeVisible()
  await expect(
    changes.getByRole('row', { name: /model_list\[mine\].litellm_params.api_key – \(secret\)/ }),
  ).toBeVisible()
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
  if (process.env.SCREENSHOTS)
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/configuration.png`, fullPage: true })
  await page.getByRole('link', { name: 'Models' }).click()
  await expect(page.getByText('mine', { exact: true })).toHaveCount(0)
})
