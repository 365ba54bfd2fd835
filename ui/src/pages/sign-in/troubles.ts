// Why signing in by a provider of identities failed, by the code that the gateway gives. Its log says more.

const TROUBLES: Record<string, string> = {
  denied: 'The sign-in was not confirmed. Try again, or ask whoever manages your accounts.',
  expired: 'This sign-in was begun in another browser or tab, or too long ago. Try again.',
  unreachable: 'The sign-in service does not answer as it should. Try again in a moment, or tell your administrator.',
  rejected: 'What the sign-in service said could not be verified. Try again, or tell your administrator.',
  nameless: 'The sign-in service did not say who you are. Your administrator has to set which claim holds your id.',
  domain: 'Your e-mail address is not one of those that may sign in here, or it is not confirmed.',
  blocked: 'Your account is blocked. Ask your administrator.',
  taken: 'Your e-mail address or id belongs to another account here. Ask your administrator.',
  unavailable: 'The gateway cannot open a session right now. Try again in a moment.',
  too_often: 'There were too many failures to sign in. Wait a minute.',
  unset: 'Sign-in by SSO is not set up on this gateway.',
}

/** The words for the trouble in the address, if there is one. */
export function troubleIn(search: string): string | null {
  const code = new URLSearchParams(search).get('sso_error')
  if (!code) return null
  return TROUBLES[code] ?? 'The sign-in failed. Try again.'
}
