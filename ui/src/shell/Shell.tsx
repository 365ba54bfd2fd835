// What is around every page: who may come in, the menu, the account.

import { AppShell, Box, Burger, Center, Group, Image, ScrollArea, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Outlet, useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'

import { Failure, Waiting } from '../components/feedback'
import { SessionProvider, useSessionQuery } from '../lib/session'
import { PAGES } from '../pages'
import { Invited } from '../pages/sign-in/Invited'
import { SignIn } from '../pages/sign-in/SignIn'
import { Account } from './Account'
import { Menu } from './Menu'

export function Shell() {
  const { data: session, error, refetch } = useSessionQuery()
  const { searchStr } = useLocation()
  const invitation = new URLSearchParams(searchStr).get('invitation_id')
  if (invitation) return <Invited link={invitation} />
  if (error && !session) {
    return (
      <Center h="100vh" p="md">
        <Failure why={error} retry={() => void refetch()} />
      </Center>
    )
  }
  if (!session) return <Waiting height={400} />
  if (!session.signed_in) return <SignIn sso={session.sso ?? null} search={searchStr} />
  return (
    <SessionProvider session={session}>
      <Frame />
    </SessionProvider>
  )
}

function Frame() {
  const [opened, { toggle, close }] = useDisclosure(false)
  const { pathname } = useLocation()
  useEffect(close, [close, pathname])
  useEffect(() => {
    const page = PAGES.find(entry => entry.path === pathname)
    document.title = page ? `${page.name} · Lockgate` : 'Lockgate'
  }, [pathname])
  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell
        header={{ height: { base: 52, sm: 0 } }}
        navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }}
        padding={{ base: 'sm', sm: 'lg' }}
      >
        <AppShell.Header hiddenFrom="sm">
          <Group h="100%" px="sm" gap="sm">
            <Burger
              opened={opened}
              onClick={toggle}
              size="sm"
              aria-label={opened ? 'Close the menu' : 'Open the menu'}
            />
            <Brand />
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="sm" aria-label="Pages">
          <Box visibleFrom="sm" pb="md" px={6} pt={6}>
            <Brand />
          </Box>
          <AppShell.Section grow component={ScrollArea}>
            <Menu />
          </AppShell.Section>
          <AppShell.Section>
            <Account />
          </AppShell.Section>
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1} style={{ outline: 'none' }}>
          <Box maw={1320} mx="auto">
            <Outlet />
          </Box>
        </AppShell.Main>
      </AppShell>
    </>
  )
}

function Brand() {
  return (
    <Group gap={9}>
      <Image src="/ui/lockgate.svg" alt="" w={24} h={24} />
      <Text fw={650} fz="md">
        Lockgate
      </Text>
    </Group>
  )
}
