// The pages that somebody sees, by what they are for.

import { NavLink, Stack, Text } from '@mantine/core'
import { Link, useLocation } from '@tanstack/react-router'

import { useSession } from '../lib/session'
import { PAGES } from '../pages'

const SECTIONS = ['Watch', 'Models', 'Manage', 'Gateway'] as const

export function Menu() {
  const { rights } = useSession()
  const { pathname } = useLocation()
  return (
    <Stack gap={14}>
      {SECTIONS.map(section => {
        const pages = PAGES.filter(page => page.section === section && page.sees(rights))
        return (
          pages.length > 0 && (
            <div key={section}>
              <Text size="xs" c="dimmed" px={8} pb={3}>
                {section}
              </Text>
              {pages.map(page => (
                <NavLink
                  key={page.path}
                  component={Link}
                  to={page.path}
                  label={page.name}
                  active={pathname === page.path}
                  aria-current={pathname === page.path ? 'page' : undefined}
                  leftSection={<page.icon size={17} stroke={1.6} aria-hidden />}
                  py={5}
                  px={8}
                  style={{ borderRadius: 6 }}
                />
              ))}
            </div>
          )
        )
      })}
    </Stack>
  )
}
