// The page about the API: found from the root, searched, and readable for everybody.

import AxeBuilder from '@axe-core/playwright'

import { expect, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start()
})
test.afterAll(() => gateway.stop())

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a path is found, with its fields and how to call it (${colorScheme})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme })
    await page.goto(gateway.url)
    await expect(page).toHaveURL(/\/docs$/)
    await expect(page.getByRole('heading', { name: 'Teams' })).toBeVisible()
    await page.getByLabel('Filter').fill('post key generate')
    await expect(page.getByRole('status')).toContainText(/^[1-9] of \d+ operations$/)
    await expect(page.getByRole('heading', { name: 'Teams' })).toBeHidden()
    await page.getByText('POST /key/generate', { exact: true }).click()
    const opened = page.getByRole('group', { name: 'POST /key/generate' })
    await expect(opened.getByRole('row', { name: /^max_budget/ })).toContainText('Dollars that may be spent')
    await expect(opened).toContainText(`curl -X POST '${gateway.url}/key/generate'`)
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze()
    expect(violations).toEqual([])
  })
}

test('an address that names an operation opens it', async ({ page }) => {
  await page.goto(`${gateway.url}/docs#post_key_block`)
  await expect(page.getByRole('group', { name: 'POST /key/block' })).toBeVisible()
})
