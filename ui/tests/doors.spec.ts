// What is around the pages: what they may load, how much that is, who may change something in whose name.

import { brotliCompressSync } from 'node:zlib'

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start()
})
test.afterAll(() => gateway.stop())

/** Most that the first look may load, compressed. */
const FIRST_LOAD = 300 * 1024

test('the first look loads less than 300 KB, unchanging files for ever and no script within the page', async ({
  page,
}) => {
  let loaded = 0
  const kept: string[] = []
  page.on('response', response => {
    if (response.url().includes('/assets/')) kept.push(response.headers()['cache-control'] ?? '')
    void response.body().then(
      body => (loaded += brotliCompressSync(body).length),
      () => undefined,
    )
  })
  await signIn(page, gateway, '', MASTER)
  await page.waitForLoadState('networkidle')
  expect(loaded).toBeGreaterThan(50 * 1024)
  expect(loaded).toBeLessThan(FIRST_LOAD)
  expect(new Set(kept)).toEqual(new Set(['public, max-age=31536000, immutable']))
  const first = await fetch(`${gateway.url}/ui/keys`)
  expect(first.headers.get('content-security-policy')).toContain("script-src 'self';")
  expect(await first.text()).not.toMatch(/<script(?![^>]*\bsrc=)/)
  const packed = await fetch(`${gateway.url}/ui/`, { headers: { 'accept-encoding': 'br' } })
  expect(packed.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect((await fetch(`${gateway.url}/ui/assets/gone.js`)).status).toBe(404)
})

test('a page of another site does nothing with the session of this one', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  const [cookie] = await page.context().cookies()
  const post = (headers: Record<string, string>) =>
    fetch(`${gateway.url}/key/generate`, {
      method: 'POST',
      headers: { cookie: `lockgate_session=${cookie?.value}`, 'content-type': 'application/json', ...headers },
      body: '{}',
    })
  expect((await post({ origin: 'http://evil.example' })).status).toBe(401)
  expect((await post({})).status).toBe(401)
  expect((await post({ origin: gateway.url })).status).toBe(200)
})

test('somebody who was invited chooses a password, comes in, and sees only what is theirs', async ({
  page,
  browser,
}) => {
  await gateway.call('POST', '/user/new', {
    user_id: 'ana',
    user_email: 'ana@example.com',
    user_role: 'internal_user',
    auto_create_key: false,
  })
  await gateway.call('POST', '/key/generate', { key_alias: 'somebody-elses' })
  const { id } = (await (await gateway.call('POST', '/invitation/new', { user_id: 'ana' })).json()) as { id: string }
  await page.goto(`${gateway.url}/ui/?invitation_id=${id}`)
  await expect(page.getByLabel('You are')).toHaveValue('ana@example.com')
  await page.getByLabel('New password').fill('a good password')
  await page.getByRole('button', { name: 'Set the password and sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
  for (const name of ['Users', 'Customers', 'Budgets', 'Audit', 'Nodes']) {
    await expect(page.getByRole('link', { name, exact: true })).toHaveCount(0)
  }
  await page.goto(`${gateway.url}/ui/audit`)
  await expect(page.getByText('You may not see this page')).toBeVisible()
  await page.goto(`${gateway.url}/ui/keys`)
  await expect(page.getByText('No keys yet')).toBeVisible()
  await page.getByRole('button', { name: 'Create key' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('mine')
  await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await expect(page.getByRole('button', { name: 'mine', exact: true })).toBeVisible()
  await expect(page.getByText('somebody-elses')).toHaveCount(0)

  const again = await (await browser.newContext()).newPage()
  await signIn(again, gateway, 'ana@example.com', 'a good password')
  await again.goto(`${gateway.url}/ui/?invitation_id=${id}`)
  await expect(again.getByRole('alert')).toContainText('does not work')
  await again.context().close()
})
