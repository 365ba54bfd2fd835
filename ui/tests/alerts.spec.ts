// Channels of alerts are tried out from Settings: one takes the test, another says why it does not.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import AxeBuilder from '@axe-core/playwright'

import { expect, MASTER, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
let hooks: Server
const heard: string[] = []

test.beforeAll(async () => {
  hooks = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      heard.push(body)
      response.statusCode = request.url?.startsWith('/refuses') ? 403 : 200
      response.end(request.url?.startsWith('/refuses') ? 'invalid_token' : 'ok')
    })
  })
  await new Promise<void>(done => hooks.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(hooks.address() as AddressInfo).port}`
  gateway = await start(false, {
    general: ', alerting: [slack, discord]',
    env: { SLACK_WEBHOOK_URL: `${base}/takes?canary-of-a-hook`, DISCORD_WEBHOOK_URL: `${base}/refuses` },
  })
})
test.afterAll(() => {
  gateway.stop()
  hooks.close()
})

test('a channel is tried out, and says what it does not take', async ({ page }) => {
  await signIn(page, gateway, '', MASTER)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('button', { name: /Send a test to Slack/ }).click()
  await expect(page.getByRole('status')).toContainText('The test was taken')
  expect(heard.some(body => body.includes('This is a test'))).toBe(true)
  await page.getByRole('button', { name: /Send a test to Discord/ }).click()
  await expect(page.getByRole('alert')).toContainText('status 403: invalid_token')
  await expect(page.getByText('failed', { exact: true })).toBeVisible()
  expect(await page.content()).not.toContain('canary-of-a-hook')
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
})
