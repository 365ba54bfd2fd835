// A gateway of its own for each file of tests: the real binary on a free port, with a database in a folder that goes.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { expect, test as base, type Page } from '@playwright/test'

export const MASTER = 'sk-master-key-of-these-tests-0123456789'

const BINARY = resolve('..', process.env.LOCKGATE ?? join(process.env.CARGO_TARGET_DIR ?? 'target', 'debug/lockgate'))

const CONFIG = `general_settings: {master_key: ${MASTER}, litellm_jwtauth: {team_ids_jwt_field: groups}}
model_list:
  - model_name: demo
    litellm_params: {model: mock/demo, input_cost_per_token: 0.001, output_cost_per_token: 0.001}
  - {model_name: free, litellm_params: {model: mock/demo}}
`

export interface Gateway {
  url: string
  /** Asks the API with the master key, or another one. */
  call: (method: string, path: string, body?: unknown, key?: string) => Promise<Response>
  stop: () => void
}

/** Starts one; with demo data it is the company of `lockgate demo`. `more` is added to its environment and settings. */
export async function start(
  demo = false,
  more: { env?: Record<string, string>; general?: string } = {},
): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'lockgate-ui-'))
  const home = join(folder, 'home')
  if (demo) execFileSync(BINARY, ['demo', '--dir', home])
  const config = demo ? join(home, 'config.yaml') : join(folder, 'config.yaml')
  if (!demo) writeFileSync(config, CONFIG.replace('}\n', `${more.general ?? ''}}\n`))
  const env = { PATH: process.env.PATH, HOME: folder, ...more.env }
  const child = spawn(BINARY, ['--config', config, '--port', '0', '--host', '127.0.0.1'], { env })
  const url = await address(child)
  const master = demo ? 'sk-demo' : MASTER
  return {
    url,
    call: (method, path, body, key = master) =>
      fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    stop: () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let said = ''
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()))
    child.on('exit', code => failed(new Error(`the gateway ended with ${code}: ${said}`)))
    if (!child.stdout) return failed(new Error('the gateway says nothing'))
    createInterface({ input: child.stdout }).on('line', line => {
      const url = /^listening on (http\S+)/.exec(line)?.[1]
      if (url) found(url)
    })
  })
}

/** A page that fails its test when it reports an error or asks another host for something. */
export const test = base.extend({
  page: async ({ page }, run) => {
    const wrong: string[] = []
    page.on('pageerror', why => wrong.push(`error: ${why.message}`))
    page.on('console', message => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        wrong.push(message.text())
    })
    page.on('request', request => {
      const { protocol, hostname } = new URL(request.url())
      if (protocol.startsWith('http') && hostname !== '127.0.0.1') wrong.push(`left the origin: ${request.url()}`)
    })
    await run(page)
    expect(wrong).toEqual([])
  },
})

export { expect }

export async function signIn(page: Page, gateway: Gateway, name: string, password: string) {
  await page.goto(`${gateway.url}/ui/`)
  if (name) await page.getByLabel('User name or e-mail').fill(name)
  await page.getByLabel('Password or master key').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
}
