// The way in: by the master key, or by a name and its password.

import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../../api/client'
import { wordsOf } from '../../api/queries'
import { Door } from './Door'

export function SignIn() {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const client = useQueryClient()
  const signIn = useMutation({
    mutationFn: () => api('/v2/login', { body: { username, password } }),
    onSuccess: () => client.resetQueries(),
  })
  return (
    <Door title="Sign in to Lockgate" about="With your name and password, or with the master key of this gateway.">
      <form
        onSubmit={event => {
          event.preventDefault()
          signIn.mutate()
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="User name or e-mail"
            description="Leave it empty to sign in with the master key."
            autoComplete="username"
            value={username}
            onChange={event => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password or master key"
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
          <Button type="submit" size="sm" loading={signIn.isPending} mt={4}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Door>
  )
}
