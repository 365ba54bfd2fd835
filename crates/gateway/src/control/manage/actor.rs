//! Who calls the management API: the same keys as for models, and what their users are in teams and organizations.

use std::sync::Arc;

use engine::Access;
use http::HeaderMap;
use store::records::{Key, MemberRole, OrganizationMember, Record, Role, TeamMember};
use store::{Directory, Held, Registry, hash_key};

use super::moment;
use super::refusal::{Refusal, Result};

/// The user that the master key stands for, as at the incumbent.
const MASTER_USER: &str = "default_user_id";
/// What every virtual key begins with.
pub const KEY_PREFIX: &str = "sk-";

/// Who calls.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// Hash of the key that came along; empty where none is needed.
    pub key_hash: String,
    /// The key, unless it is the master key.
    pub key: Option<Arc<Key>>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// What that user is; `None` for a key without a user, which has only its own rights.
    pub role: Option<Role>,
}

impl Actor {
    /// Whoever has the master key, or anybody where no key is needed.
    pub fn master(key_hash: String) -> Self {
        Actor { key_hash, key: None, user_id: Some(MASTER_USER.to_owned()), role: Some(Role::ProxyAdmin) }
    }

    /// Who calls with these headers, or why nobody may.
    pub fn find(access: &Access, registry: Option<&Registry>, headers: &HeaderMap, now: i64) -> Result<Self> {
        if access.is_open() {
            return Ok(Actor::master(String::new()));
        }
        let Some(key) = access.key(headers) else {
            return Err(Refusal::unauthenticated("auth_error", None, "Authentication Error, No api key passed in."));
        };
        if access.is_master(key) {
            return Ok(Actor::master(std::str::from_utf8(key).map(hash_key).unwrap_or_default()));
        }
        let Some(key) = std::str::from_utf8(key).ok().filter(|key| key.starts_with(KEY_PREFIX)) else {
            let message =
                "Authentication Error, LiteLLM Virtual Key expected. Received=****, expected to start with 'sk-'.";
            return Err(Refusal::unauthenticated("auth_error", None, message));
        };
        let registry = registry.ok_or_else(Refusal::no_database)?;
        let found = Actor::resolve(&registry.read(), &hash_key(key), now)?;
        match found {
            Some(actor) => Ok(actor),
            // It may well exist: it was created elsewhere, and we cannot see it.
            None if !registry.is_current() => Err(Refusal::away()),
            None => {
                let message = "Authentication Error, Invalid API key provided.";
                Err(Refusal::unauthenticated("token_not_found_in_db", Some("key"), message))
            }
        }
    }

    /// Who calls with the key of this hash; `None` if there is no such key.
    fn resolve(directory: &Directory, hash: &str, now: i64) -> Result<Option<Self>> {
        let retired = record(directory.retired_keys.get(hash)).filter(|retired| retired.revoke_at > now);
        let hash = retired.map_or_else(|| hash.to_owned(), |retired| retired.active.clone());
        let Some(key) = record(directory.keys.get(&hash)) else { return Ok(None) };
        let refuse = |kind: &str, message: String| Err(Refusal::unauthenticated(kind, None, message));
        if key.blocked {
            let message = "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin.";
            return refuse("auth_error", message.to_owned());
        }
        if let Some(expires) = key.expires.filter(|expires| *expires <= now) {
            let shown = |ms: i64| moment::shown(ms).as_str().unwrap_or_default().to_owned();
            let (expires, now) = (shown(expires), shown(now));
            let message =
                format!("Authentication Error - Expired Key. Key Expiry time {expires} and current time {now}");
            return refuse("expired_key", message);
        }
        if let Some(team) = &key.team_id
            && record(directory.teams.get(team)).is_none_or(|team| team.blocked)
        {
            let message =
                format!("Authentication Error, Team={team} is blocked. Update via `/team/unblock` if you're an admin.");
            return refuse("auth_error", message);
        }
        let user = key.user_id.as_ref().and_then(|id| record(directory.users.get(id)));
        if user.as_ref().is_some_and(|user| user.blocked) {
            return refuse("auth_error", "Authentication Error, the user of this key is blocked.".to_owned());
        }
        let role = user.map(|user| user.user_role);
        Ok(Some(Actor { key_hash: hash, user_id: key.user_id.clone(), key: Some(key), role }))
    }

    /// Whether it may do everything.
    pub fn is_admin(&self) -> bool {
        self.role == Some(Role::ProxyAdmin)
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

fn record<T: Record>(held: Option<&Held<T>>) -> Option<Arc<T>> {
    held.map(|held| held.record.clone())
}
