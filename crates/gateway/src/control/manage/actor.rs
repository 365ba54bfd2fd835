//! Who calls the management API: the same callers as for models, and what their users are in teams and organizations.

use std::sync::Arc;

use engine::Caller;
use store::records::{Key, MemberRole, OrganizationMember, Role, TeamMember};
use store::{Directory, Held};

/// What every virtual key begins with.
pub const KEY_PREFIX: &str = "sk-";

/// Who calls.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// Hash of the key that came along; empty for the master key, and where none is needed.
    pub key_hash: String,
    /// The key, unless it is the master key.
    pub key: Option<Arc<Key>>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// What that user is; `None` for a key without a user, which has only its own rights.
    pub role: Option<Role>,
}

impl Actor {
    /// The caller, and what its user is.
    pub fn new(caller: &Caller, directory: &Directory) -> Self {
        // Whoever handed out a key for somebody else must not become them by it.
        let delegated = caller.key.as_deref().is_some_and(|key| key.delegated);
        let user_id = caller.user_id.clone().filter(|_| !delegated);
        let user = user_id.as_deref().and_then(|id| directory.users.get(id));
        let role = match caller.key.as_deref() {
            _ if caller.is_admin => Some(Role::ProxyAdmin),
            None => None,
            Some(_) => user.map(|user| user.record.user_role),
        };
        Actor { key_hash: caller.key_hash.clone(), key: caller.key.clone(), user_id, role }
    }

    /// Whether it may do everything.
    pub fn is_admin(&self) -> bool {
        self.role == Some(Role::ProxyAdmin)
    }

    /// Whether it signed in, rather than showing a key that somebody keeps.
    pub fn is_session(&self) -> bool {
        self.key.as_deref().is_some_and(|key| key.session.is_some())
    }

    /// Whether it may see everything.
    pub fn sees_everything(&self) -> bool {
        matches!(self.role, Some(Role::ProxyAdmin | Role::ProxyAdminViewer))
    }

    /// Whether it only ever looks.
    pub fn only_looks(&self) -> bool {
        matches!(
            self.role,
            None | Some(Role::ProxyAdminViewer | Role::InternalUserViewer | Role::Team | Role::Customer)
        )
    }

    /// Whether this user is meant.
    pub fn is(&self, user: &str) -> bool {
        self.user_id.as_deref() == Some(user)
    }

    /// What it is in a team.
    pub fn member<'d>(&self, directory: &'d Directory, team: &str) -> Option<&'d Held<TeamMember>> {
        directory.team_members.get(&TeamMember::id(team, self.user_id.as_deref()?))
    }

    /// Whether it manages a team: as its admin, or as admin of the organization that the team belongs to.
    pub fn manages_team(&self, directory: &Directory, team: &str) -> bool {
        if self.is_admin() {
            return true;
        }
        if self.only_looks() {
            return false;
        }
        let organization = directory.teams.get(team).and_then(|team| team.record.organization_id.as_deref());
        self.member(directory, team).is_some_and(|member| member.record.role == MemberRole::Admin)
            || organization.is_some_and(|organization| self.manages_organization(directory, organization))
    }

    /// What it is in an organization.
    pub fn organization_role(&self, directory: &Directory, organization: &str) -> Option<Role> {
        let id = OrganizationMember::id(organization, self.user_id.as_deref()?);
        directory.organization_members.get(&id).map(|member| member.record.user_role)
    }

    /// Whether it manages an organization.
    pub fn manages_organization(&self, directory: &Directory, organization: &str) -> bool {
        self.is_admin() || !self.only_looks() && self.organization_role(directory, organization) == Some(Role::OrgAdmin)
    }
}
