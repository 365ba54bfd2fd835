// What a page shows to whom. The gateway decides for itself; this only spares people what it would refuse.

import type { Session } from '../api/types'

export interface Rights {
  /** May do everything. */
  admin: boolean
  /** May see everything. */
  seesAll: boolean
  /** Only ever looks. */
  onlyLooks: boolean
  /** Manages an organization. */
  organizationAdmin: boolean
  /** Manages a team. */
  teamAdmin: boolean
  inTeam: boolean
  inOrganization: boolean
}

export function rightsOf(session: Session): Rights {
  const role = session.open ? 'proxy_admin' : session.user_role
  const admin = role === 'proxy_admin'
  const onlyLooks = !role || role === 'proxy_admin_viewer' || role === 'internal_user_viewer'
  const teams = session.teams ?? []
  const organizations = session.organizations ?? []
  const organizationAdmin = !onlyLooks && organizations.some(home => home.role === 'org_admin')
  return {
    admin,
    seesAll: admin || role === 'proxy_admin_viewer',
    onlyLooks,
    organizationAdmin,
    teamAdmin: organizationAdmin || (!onlyLooks && teams.some(team => team.role === 'admin')),
    inTeam: teams.length > 0 || organizationAdmin,
    inOrganization: organizations.length > 0,
  }
}
