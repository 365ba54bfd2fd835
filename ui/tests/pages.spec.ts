// Every page with the data of a company: it shows something, axe finds nothing serious, in the light and in the dark, and
// on a phone nothing is wider than the screen. With SHOTS=folder it leaves pictures to look at.

import AxeBuilder from '@axe-core/playwright'

import { expect, signIn, start, test, type Gateway } from './gateway'

let gateway: Gateway
test.beforeAll(async () => {
  gateway = await start(true)
})
test.afterAll(() => gateway.stop())

const PAGES = [
  ['/', 'Overview'],
  ['/usage', 'Usage'],
  ['/logs', 'Logs'],
  ['/playground', 'Playground'],
  ['/models', 'Models'],
  ['/routing', 'Routing'],
  ['/nodes', 'Nodes'],
  ['/keys', 'Keys'],
  ['/teams', 'Teams'],
  ['/users', 'Users'],
  ['/organizations', 'Organizations'],
  ['/customers', 'Customers'],
  ['/budgets', 'Budgets'],
  ['/guardrails', 'Guardrails'],
  ['/cache', 'Cache'],
  ['/audit', 'Audit'],
  ['/settings', 'Settings'],
] as const

/** Pages where a company that has worked for ninety days has something to show. */
const NEVER_EMPTY: string[] = [
  'Usage',
  'Logs',
  'Models',
  'Keys',
  'Teams',
  'Users',
  'Organizations',
  'Customers',
  'Budgets',
  'Audit',
]

const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1360, height: 860 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1360, height: 860 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

for (const look of LOOKS) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.colorScheme, viewport: look.viewport })
    test(`every page is whole in the look of ${look.name}`, async ({ page }) => {
      test.setTimeout(180_000)
      await signIn(page, gateway, '', 'sk-demo')
      for (const [path, title] of PAGES) {
        await page.goto(`${gateway.url}/ui${path}`)
        await expect(page.getByRole('heading', { name: title, level: 1 })).toBeVisible()
        await page.waitForLoadState('networkidle', { timeout: 4000 }).catch(() => undefined)
        await expect(page.locator('main [aria-busy="true"]')).toHaveCount(0)
        if (NEVER_EMPTY.includes(title)) await expect(page.locator('main tbody tr').first()).toBeVisible()
        if (process.env.SHOTS) {
          const name = title.toLowerCase()
          await page.screenshot({ path: `${process.env.SHOTS}/${name}-${look.name}.png`, fullPage: true })
        }
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze()
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        const told = serious.map(({ id, nodes }) => `${title}: ${id}: ${nodes.map(node => node.html).join('\n')}`)
        expect.soft(told).toEqual([])
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        expect.soft(width, `${title} is as wide as the screen`).toBeLessThanOrEqual(look.viewport.width)
      }
    })
  })
}
