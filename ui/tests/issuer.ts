// A provider of identities for tests: it signs in whoever the test says, with real keys. It listens under another name
// than the gateway, as a real one does: what the browser sends along to other sites matters.

import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export const CLIENT = { id: 'lockgate', secret: 'canary-client-secret' }

export interface Issuer {
  url: string
  /** Signs in as whoever has these claims, from now on. */
  as: (person: Record<string, unknown>) => void
  stop: () => void
}

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }
  let person: Record<string, unknown> = {}
  const codes = new Map<string, { nonce: string; challenge: string }>()
  const token = (claims: object) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const body = `${part({ alg: 'RS256', kid: 'one' })}.${part(claims)}`
    return `${body}.${sign('sha256', Buffer.from(body), privateKey).toString('base64url')}`
  }
  let url = ''
  const answers: Record<string, (asked: URLSearchParams) => object> = {
    '/.well-known/openid-configuration': () => ({
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      jwks_uri: `${url}/keys`,
    }),
    '/keys': () => ({ keys: [key] }),
    '/token': asked => {
      const begun = codes.get(asked.get('code') ?? '')
      codes.delete(asked.get('code') ?? '')
      const proof = createHash('sha256')
        .update(asked.get('code_verifier') ?? '')
        .digest('base64url')
      if (!begun || proof !== begun.challenge) return { error: 'invalid_grant' }
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: url, aud: CLIENT.id, iat: now, exp: now + 300, nonce: begun.nonce, ...person }
      return { token_type: 'Bearer', access_token: 'unused', id_token: token(claims) }
    },
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    if (pathname === '/authorize') {
      const field = (name: string) => searchParams.get(name) ?? ''
      const code = `code-${codes.size}-${Date.now()}`
      codes.set(code, { nonce: field('nonce'), challenge: field('code_challenge') })
      const place = new URL(field('redirect_uri'))
      place.search = new URLSearchParams({ code, state: field('state') }).toString()
      response.writeHead(302, { location: place.href }).end()
      return
    }
    void read(request).then(asked => {
      const answer = answers[pathname]?.(asked)
      const status = !answer ? 404 : 'error' in answer ? 400 : 200
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
    })
  })
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  url = `http://localhost:${(server.address() as AddressInfo).port}`
  return { url, as: claims => (person = claims), stop: () => server.close() }
}

async function read(request: IncomingMessage): Promise<URLSearchParams> {
  let body = ''
  for await (const piece of request) body += String(piece)
  return new URLSearchParams(body)
}
