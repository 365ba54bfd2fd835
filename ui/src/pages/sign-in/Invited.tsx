// Somebody has an invitation: they choose a password, and are in.

import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, get, post } from '../../api/client'
import { wordsOf } from '../../api/queries'
import { Failure, Waiting } from '../../components/feedback'
import { Door } from './Door'

const SHORTEST = 8

export function Invited({ link }: { link: string }) {
  const [password, setPassword] = useState('')
  const whom = useQuery({
    queryKey: ['invitation', link],
    queryFn: () => api(get('/onboarding/get_token', { invite_link: link })),
    retry: false,
  })
  const claim = useMutation({
    mutationFn: () => api(post('/onboarding/claim_token', { invitation_link: link, password })),
    onSuccess: () => location.assign('/ui/'),
  })
  const short = password.length > 0 && password.length < SHORTEST
  return (
    <Door title="Welcome to Lockgate" about="Choose a password, and you are in.">
      {whom.isPending ? (
        <Waiting height={120} />
      ) : whom.isError ? (
        <Failure why={whom.error} />
      ) : (
        <form
          onSubmit={event => {
            event.preventDefault()
            claim.mutate()
          }}
        >
          <Stack gap="sm">
            <TextInput
              label="You are"
              value={whom.data.user_email ?? whom.data.user_id}
              readOnly
              autoComplete="username"
            />
            <PasswordInput
              label="New password"
              description={`${SHORTEST} characters or more`}
              autoComplete="new-password"
              required
              withAsterisk={false}
              error={short ? `It needs ${SHORTEST} characters` : undefined}
              value={password}
              onChange={event => setPassword(event.currentTarget.value)}
            />
            {claim.isError && (
              <Alert color="red" role="alert">
                {wordsOf(claim.error)}
              </Alert>
            )}
            <Button type="submit" size="sm" loading={claim.isPending} disabled={password.length < SHORTEST}>
              Set the password and sign in
            </Button>
          </Stack>
        </form>
      )}
    </Door>
  )
}
