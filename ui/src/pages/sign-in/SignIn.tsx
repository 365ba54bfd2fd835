// The way in: by the provider of identities, by the master key, or by a name and its password.

import { Alert, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { api, post } from '../../api/client'
import { wordsOf } from '../../api/queries'
import type { Sso } from '../../api/types'
import { Waiting } from '../../components/feedback'
import { Door } from './Door'
import { troubleIn } from './troubles'

/** Where browsers are that signed out: nobody signs them in again without being asked. */
export const SIGNED_OUT = '/ui/?signed_out=true'

export function SignIn({ sso, search }: { sso: Sso | null; search: string }) {
  const trouble = troubleIn(search)
  const atOnce = sso?.at_once && !trouble && !new URLSearchParams(search).has('signed_out')
  useEffect(() => {
    if (atOnce) location.assign(sso.path)
  }, [atOnce, sso])
  if (atOnce) return <Waiting height={400} />
  return (
    <Door title="Sign in to Lockgate" about={about(sso)}>
      <Stack gap="md">
        {trouble && (
          <Alert color="red" role="alert">
            {trouble}
          </Alert>
        )}
        {sso && (
          <>
            <Button component="a" href={sso.path} size="sm">
              Continue with {sso.name}
            </Button>
            <Divider label="or" />
          </>
        )}
        <Words onlyMasterKey={sso?.replaces_passwords ?? false} first={!sso} />
      </Stack>
    </Door>
  )
}

function about(sso: Sso | null): string {
  if (!sso) return 'With your name and password, or with the master key of this gateway.'
  if (sso.replaces_passwords) return `With ${sso.name}, or with the master key of this gateway.`
  return `With ${sso.name}, with your name and password, or with the master key of this gateway.`
}

function Words({ onlyMasterKey, first }: { onlyMasterKey: boolean; first: boolean }) {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const client = useQueryClient()
  const signIn = useMutation({
    mutationFn: () => api(post('/v2/login', { username, password })),
    onSuccess: () => client.resetQueries(),
  })
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        signIn.mutate()
      }}
    >
      <Stack gap="sm">
        {!onlyMasterKey && (
          <TextInput
            label="User name or e-mail"
            description="Leave it empty to sign in with the master key."
            autoComplete="username"
            value={username}
            onChange={event => setUsername(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label={onlyMasterKey ? 'Master key' : 'Password or master key'}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
        />
        {signIn.isError && (
          <Alert color="red" role="alert">
            {wordsOf(signIn.error)}
          </Alert>
        )}
        <Button type="submit" size="sm" variant={first ? 'filled' : 'default'} loading={signIn.isPending} mt={4}>
          Sign in
        </Button>
      </Stack>
    </form>
  )
}
