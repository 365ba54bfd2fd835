// Who is signed in, in which light they look, and the way out.

import {
  Avatar,
  Group,
  Menu,
  Text,
  UnstyledButton,
  useMantineColorScheme,
  type MantineColorScheme,
} from '@mantine/core'
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun, type Icon } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'

import { signOut, useSession } from '../lib/session'
import { SIGNED_OUT } from '../pages/sign-in/SignIn'

const SCHEMES: { value: MantineColorScheme; name: string; icon: Icon }[] = [
  { value: 'light', name: 'Light', icon: IconSun },
  { value: 'dark', name: 'Dark', icon: IconMoon },
  { value: 'auto', name: 'As the system', icon: IconDeviceDesktop },
]

const ROLES: Record<string, string> = {
  proxy_admin: 'Administrator',
  proxy_admin_viewer: 'Administrator, looks only',
  internal_user: 'User',
  internal_user_viewer: 'User, looks only',
}

export function Account() {
  const { session } = useSession()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const client = useQueryClient()
  const name = session.open
    ? 'No key is needed'
    : (session.user_alias ??
      session.user_email ??
      (session.user_id === 'default_user_id' ? 'Master key' : session.user_id))
  return (
    <Menu position="top-start" width={210}>
      <Menu.Target>
        <UnstyledButton p={6} w="100%" aria-label="Account" style={{ borderRadius: 6 }}>
          <Group gap={9} wrap="nowrap">
            <Avatar size={28} radius="xl" color="lock" name={name ?? undefined} />
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={500} truncate>
                {name}
              </Text>
              <Text size="xs" c="dimmed" truncate>
                {ROLES[session.user_role ?? ''] ?? 'Open gateway'}
              </Text>
            </div>
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Appearance</Menu.Label>
        {SCHEMES.map(({ value, name, icon: Picture }) => (
          <Menu.Item
            key={value}
            leftSection={<Picture size={15} />}
            fw={colorScheme === value ? 600 : undefined}
            onClick={() => setColorScheme(value)}
          >
            {name}
          </Menu.Item>
        ))}
        {!session.open && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconLogout size={15} />}
              onClick={() => {
                void signOut().finally(() => {
                  client.clear()
                  location.assign(session.sso?.logout_url ?? SIGNED_OUT)
                })
              }}
            >
              Sign out
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
