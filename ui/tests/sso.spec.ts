// Sign-in by a provider of identities, and what each role gets to see then.

import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Browser, type Page } from '@playwright/test'

import { MASTER, start, type Gateway } from './gateway'
import { CLIENT, startIssuer, type Issuer } from './issuer'

let gateway: Gateway
let issuer: Issuer

const environment = () => ({
  GENERIC_CLIENT_ID: CLIENT.id,
  GENERIC_CLIENT_SECRET: CLIENT.secret,
  GENERIC_ISSUER: issuer.url,
  GENERIC_NAME: 'Acme',
  GENERIC_USER_ID_ATTRIBUTE: 'sub',
  ALLOWED_EMAIL_DOMAINS: 'acme.example',
})

test.beforeAll(async () => {
  issuer = await startIssuer()
  gateway = await start(false, { env: environment() })
  const make = async (path: string, body: unknown) => {
    const answer = await gateway.call('POST', path, body)
    expect(answer.status, await answer.clone().text()).toBe(200)
  }
  await make('/organization/new', { organization_id: 'acme', organization_alias: 'Acme' })
  await make('/team/new', { team_id: 'red', team_alias: 'Red team', organization_id: 'acme' })
  await make('/key/generate', { key_alias: 'somebody-elses' })
  await make('/key/generate', { key_alias: 'of-the-red-team', team_id: 'red' })
  for (const user_id of ['boss', 'lead']) await make('/user/new', { user_id, auto_create_key: false })
  await make('/organization/member_add', { organization_id: 'acme', member: { role: 'org_admin', user_id: 'boss' } })
  await make('/team/member_add', { team_id: 'red', member: { role: 'admin', user_id: 'lead' } })
})
test.afterAll(() => {
  gateway.stop()
  issuer.stop()
})

const person = (sub: string, more: Record<string, unknown> = {}) => ({
  sub,
  name: sub,
  email: `${sub}@acme.example`,
  email_verified: true,
  ...more,
})

/** A browser of their own, in which somebody signs in with a click. */
async function enter(browser: Browser, claims: Record<string, unknown>): Promise<Page> {
  issuer.as(claims)
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${gateway.url}/ui/`)
  await page.getByRole('link', { name: 'Continue with Acme' }).click()
  return page
}

const overview = (page: Page) => page.getByRole('heading', { name: 'Overview', level: 1 })

test('somebody signs in by SSO for the first time, is known from then on, and signs out', async ({ browser }) => {
  const page = await enter(browser, person('ana', { role: 'internal_user', groups: ['red'] }))
  await expect(overview(page)).toBeVisible()
  expect(page.url()).toBe(`${gateway.url}/ui/`)
  await page.goto(`${gateway.url}/ui/teams`)
  await expect(page.getByText('Red team').first()).toBeVisible()
  const cookies = await page.context().cookies(gateway.url)
  expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([
    { name: 'lockgate_session', httpOnly: true, sameSite: 'Strict' },
  ])
  expect(await page.content()).not.toContain(CLIENT.secret)
  await page.getByRole('button', { name: 'Account' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('link', { name: 'Continue with Acme' })).toBeVisible()
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
  await page.context().close()
})

test('whoever may not sign in is told why in plain words, and the master key still opens the door', async ({
  browser,
}) => {
  for (const [claims, words] of [
    [person('eve', { email: 'eve@evil.example' }), 'not one of those that may sign in here'],
    [person('eve', { nonce: 'of another sign-in' }), 'could not be verified'],
    [person('default_user_id'), 'belongs to another account'],
  ] as const) {
    const page = await enter(browser, claims)
    await expect(page.getByRole('alert')).toContainText(words)
    await page.context().close()
  }
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${gateway.url}/ui/?sso_error=%3Cb%3Ecall+us%3C%2Fb%3E`)
  await expect(page.getByRole('alert')).toHaveText('The sign-in failed. Try again.')
  await page.getByLabel('Password or master key').fill(MASTER)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(overview(page)).toBeVisible()
  await page.context().close()
})

test('where the operator wants it browsers sign in at once, without passwords, but not right after signing out', async ({
  browser,
}) => {
  const house = await start(false, { env: { ...environment(), AUTO_REDIRECT_UI_LOGIN_TO_SSO: 'true' } })
  issuer.as(person('ana'))
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${house.url}/ui/`)
  await expect(overview(page)).toBeVisible()
  await page.getByRole('button', { name: 'Account' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('link', { name: 'Continue with Acme' })).toBeVisible()
  await page.context().close()
  house.stop()
})

const PAGES = {
  Overview: '/',
  Usage: '/usage',
  Logs: '/logs',
  Playground: '/playground',
  Models: '/models',
  Routing: '/routing',
  Nodes: '/nodes',
  Keys: '/keys',
  Teams: '/teams',
  Users: '/users',
  Organizations: '/organizations',
  Customers: '/customers',
  Budgets: '/budgets',
  Audit: '/audit',
  Settings: '/settings',
}
type PageName = keyof typeof PAGES

const ALL = Object.keys(PAGES) as PageName[]
const OWN: PageName[] = ['Overview', 'Usage', 'Logs', 'Playground', 'Models', 'Routing', 'Keys', 'Settings']

interface Cast {
  role: string
  claims: Record<string, unknown>
  sees: PageName[]
  /** Keys that they see, and those that they do not. */
  keys: { seen: string[]; hidden: string[] }
  creates: boolean
}

const OTHERS = ['somebody-elses', 'of-the-red-team']

const CAST: Cast[] = [
  {
    role: 'a proxy admin',
    claims: person('root', { role: 'proxy_admin' }),
    sees: ALL,
    keys: { seen: OTHERS, hidden: [] },
    creates: true,
  },
  {
    role: 'an admin viewer',
    claims: person('watch', { role: 'proxy_admin_viewer' }),
    sees: ALL.filter(name => name !== 'Nodes'),
    keys: { seen: OTHERS, hidden: [] },
    creates: false,
  },
  {
    role: 'an organization admin',
    claims: person('boss', { role: 'internal_user' }),
    sees: [...OWN, 'Teams', 'Users', 'Organizations'],
    keys: { seen: ['of-the-red-team'], hidden: ['somebody-elses'] },
    creates: true,
  },
  {
    role: 'a team admin',
    claims: person('lead', { role: 'internal_user' }),
    sees: [...OWN, 'Teams'],
    keys: { seen: ['of-the-red-team'], hidden: ['somebody-elses'] },
    creates: true,
  },
  {
    role: 'an internal user',
    claims: person('plain', { role: 'internal_user' }),
    sees: OWN,
    keys: { seen: [], hidden: OTHERS },
    creates: true,
  },
  {
    role: 'an internal viewer',
    claims: person('guest', { role: 'internal_user_viewer' }),
    sees: OWN,
    keys: { seen: [], hidden: OTHERS },
    creates: false,
  },
]

for (const { role, claims, sees, keys, creates } of CAST) {
  test(`${role} walks through the UI and sees only what they may`, async ({ browser }) => {
    const page = await enter(browser, claims)
    await expect(overview(page)).toBeVisible()
    const refused: string[] = []
    page.on('response', answer => {
      if ([401, 403].includes(answer.status())) refused.push(`${answer.status()} ${answer.url()}`)
    })
    for (const name of ALL) {
      const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true })
      await expect(link).toHaveCount(sees.includes(name) ? 1 : 0)
      await page.goto(`${gateway.url}/ui${PAGES[name]}`)
      const heading = page.getByRole('heading', { level: 1 })
      if (sees.includes(name)) {
        await expect(heading).toHaveText(name)
        await page.waitForLoadState('networkidle')
      } else {
        await expect(page.getByText('You may not see this page')).toBeVisible()
      }
    }
    // What a page shows nobody, it does not ask for either.
    expect(refused).toEqual([])
    await page.goto(`${gateway.url}/ui/keys`)
    await expect(page.getByRole('heading', { name: 'Keys', level: 1 })).toBeVisible()
    for (const name of keys.seen) await expect(page.getByText(name).first()).toBeVisible()
    await page.waitForLoadState('networkidle')
    for (const name of keys.hidden) await expect(page.getByText(name)).toHaveCount(0)
    const create = page.getByRole('button', { name: 'Create key' })
    if (creates) await expect(create.first()).toBeVisible()
    else await expect(create).toHaveCount(0)
    await page.context().close()
  })
}
