// All pages: where they are, what they are called, who sees them. The menu and the routes are made of this list.

import {
  IconActivity,
  IconBuilding,
  IconChartBar,
  IconClipboardList,
  IconCoin,
  IconCpu,
  IconDatabase,
  IconKey,
  IconLayoutDashboard,
  IconMessages,
  IconRoute,
  IconSettings,
  IconShieldCheck,
  IconUser,
  IconUserDollar,
  IconUsers,
  IconServer2,
  type Icon,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'

import type { Rights } from './lib/rights'

export interface PageEntry {
  path: string
  name: string
  section: 'Watch' | 'Manage' | 'Models' | 'Gateway'
  icon: Icon
  sees: (rights: Rights) => boolean
  load: () => Promise<{ default: ComponentType }>
}

const everybody = () => true
const overseers = (rights: Rights) => rights.seesAll

export const PAGES: PageEntry[] = [
  {
    path: '/',
    name: 'Overview',
    section: 'Watch',
    icon: IconLayoutDashboard,
    sees: everybody,
    load: () => import('./pages/overview/Overview'),
  },
  {
    path: '/usage',
    name: 'Usage',
    section: 'Watch',
    icon: IconChartBar,
    sees: everybody,
    load: () => import('./pages/usage/Usage'),
  },
  {
    path: '/logs',
    name: 'Logs',
    section: 'Watch',
    icon: IconActivity,
    sees: everybody,
    load: () => import('./pages/logs/Logs'),
  },
  {
    path: '/playground',
    name: 'Playground',
    section: 'Models',
    icon: IconMessages,
    sees: everybody,
    load: () => import('./pages/playground/Playground'),
  },
  {
    path: '/models',
    name: 'Models',
    section: 'Models',
    icon: IconCpu,
    sees: everybody,
    load: () => import('./pages/models/Models'),
  },
  {
    path: '/routing',
    name: 'Routing',
    section: 'Models',
    icon: IconRoute,
    sees: everybody,
    load: () => import('./pages/routing/Routing'),
  },
  {
    path: '/nodes',
    name: 'Nodes',
    section: 'Models',
    icon: IconServer2,
    sees: rights => rights.admin,
    load: () => import('./pages/nodes/Nodes'),
  },
  {
    path: '/guardrails',
    name: 'Guardrails',
    section: 'Gateway',
    icon: IconShieldCheck,
    sees: everybody,
    load: () => import('./pages/guardrails/Guardrails'),
  },
  {
    path: '/cache',
    name: 'Cache',
    section: 'Gateway',
    icon: IconDatabase,
    sees: rights => rights.admin,
    load: () => import('./pages/cache/Cache'),
  },
  {
    path: '/keys',
    name: 'Keys',
    section: 'Manage',
    icon: IconKey,
    sees: everybody,
    load: () => import('./pages/keys/Keys'),
  },
  {
    path: '/teams',
    name: 'Teams',
    section: 'Manage',
    icon: IconUsers,
    sees: rights => rights.seesAll || rights.inTeam,
    load: () => import('./pages/teams/Teams'),
  },
  {
    path: '/users',
    name: 'Users',
    section: 'Manage',
    icon: IconUser,
    sees: rights => rights.seesAll || rights.organizationAdmin,
    load: () => import('./pages/users/Users'),
  },
  {
    path: '/organizations',
    name: 'Organizations',
    section: 'Manage',
    icon: IconBuilding,
    sees: rights => rights.seesAll || rights.inOrganization,
    load: () => import('./pages/organizations/Organizations'),
  },
  {
    path: '/customers',
    name: 'Customers',
    section: 'Manage',
    icon: IconUserDollar,
    sees: overseers,
    load: () => import('./pages/customers/Customers'),
  },
  {
    path: '/budgets',
    name: 'Budgets',
    section: 'Manage',
    icon: IconCoin,
    sees: overseers,
    load: () => import('./pages/budgets/Budgets'),
  },
  {
    path: '/audit',
    name: 'Audit',
    section: 'Gateway',
    icon: IconClipboardList,
    sees: overseers,
    load: () => import('./pages/audit/Audit'),
  },
  {
    path: '/settings',
    name: 'Settings',
    section: 'Gateway',
    icon: IconSettings,
    sees: everybody,
    load: () => import('./pages/settings/Settings'),
  },
]
