//! Who may do what, decided by whoever does it: every handler asks here with the object in its hands. A path that
//! somebody may use says nothing about what may be done there.

use store::Directory;
use store::records::{Key, Role, TeamMember};

use super::actor::Actor;
use super::refusal::{Refusal, Result};

/// What members of a team may be allowed to do with its keys (`team_member_permissions`).
#[rustfmt::skip]
pub const PERMISSIONS: [&str; 10] = [
    "/key/generate", "/key/service-account/generate", "/key/update", "/key/delete", "/key/regenerate", "/key/block",
    "/key/unblock", "/key/info", "/key/list", "/key/health",
];
/// What they may do unless somebody says otherwise.
pub const USUAL_PERMISSIONS: [&str; 2] = ["/key/info", "/key/health"];

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// Look at a key.
    SeeKey(&'a str, &'a Key),
    /// Do something with a key; the permission names it: `/key/update`.
    UseKey(&'a Key, &'static str),
    /// Create a key for a user, or for nobody, in a team, or in none; the permission names how.
    CreateKey { user: Option<&'a str>, team: Option<&'a str>, permission: &'static str },
    /// Look at a user.
    SeeUser(&'a str),
    /// Change a user's own data: name, mail address, password.
    ChangeSelf(&'a str),
    /// Set a user's password, or hand out a link that does.
    SetPassword(&'a str),
    /// Change what a user may do or spend, or delete them.
    ManageUser(&'a str),
    /// Create a user within these organizations; without any, for the whole gateway.
    CreateUser(&'a [String]),
    /// Look at a team.
    SeeTeam(&'a str),
    /// Change a team or its members.
    ManageTeam(&'a str),
    /// Create a team, in an organization or in none.
    CreateTeam(Option<&'a str>),
    /// Delete or block a team: for those above it.
    EndTeam(&'a str),
    /// Look at an organization.
    SeeOrganization(&'a str),
    /// Change who is in an organization.
    ManageOrganization(&'a str),
    /// Look at what belongs to the gateway as a whole.
    SeeAll,
    /// Change what belongs to the gateway as a whole.
    ManageAll,
}

/// Lets `actor` have its wish, or says why not.
pub fn may(actor: &Actor, wish: Wish, directory: &Directory) -> Result<()> {
    if actor.is_admin() || sees(wish) && actor.sees_everything() {
        return Ok(());
    }
    let granted = match wish {
        Wish::SeeKey(hash, key) => may_see_key(actor, hash, key, directory),
        Wish::UseKey(key, permission) => may_use_key(actor, key, permission, directory),
        Wish::CreateKey { user, team, permission } => may_create_key(actor, user, team, permission, directory),
        Wish::SeeUser(user) => {
            actor.is(user) || homes_of(user, directory).any(|home| actor.manages_organization(directory, home))
        }
        Wish::ChangeSelf(user) => actor.is(user) && !actor.only_looks() || manages_homes_of(actor, user, directory),
        // Only from a browser: a key that was made for something must not become all that its user is.
        Wish::SetPassword(user) => actor.is_session() && stands_for(actor, user, directory),
        Wish::ManageUser(user) => !actor.is(user) && manages_homes_of(actor, user, directory),
        Wish::CreateUser(organizations) => {
            let managed = |organization: &String| actor.manages_organization(directory, organization);
            !organizations.is_empty() && organizations.iter().all(managed)
        }
        Wish::SeeTeam(team) => {
            let own = actor.key.as_ref().is_some_and(|key| key.team_id.as_deref() == Some(team));
            own || actor.member(directory, team).is_some() || actor.manages_team(directory, team)
        }
        Wish::ManageTeam(team) => actor.manages_team(directory, team),
        Wish::CreateTeam(organization) => {
            organization.is_some_and(|organization| actor.manages_organization(directory, organization))
        }
        Wish::EndTeam(team) => {
            let organization = directory.teams.get(team).and_then(|team| team.record.organization_id.as_deref());
            organization.is_some_and(|organization| actor.manages_organization(directory, organization))
        }
        Wish::SeeOrganization(organization) => actor.organization_role(directory, organization).is_some(),
        Wish::ManageOrganization(organization) => actor.manages_organization(directory, organization),
        Wish::SeeAll | Wish::ManageAll => false,
    };
    if granted { Ok(()) } else { Err(refusal(actor, wish)) }
}

fn sees(wish: Wish) -> bool {
    use Wish::*;
    matches!(wish, SeeKey(..) | SeeUser(_) | SeeTeam(_) | SeeOrganization(_) | SeeAll)
}

fn may_see_key(actor: &Actor, hash: &str, key: &Key, directory: &Directory) -> bool {
    let own = key.user_id.as_deref().is_some_and(|user| actor.is(user));
    let of_managed =
        key.team_id.is_none() && key.user_id.as_deref().is_some_and(|user| manages_homes_of(actor, user, directory));
    hash == actor.key_hash || own || of_managed || has_permission(actor, key.team_id.as_deref(), "/key/info", directory)
}

/// A key of one's own needs no permission, unless a team pays for it.
fn may_use_key(actor: &Actor, key: &Key, permission: &str, directory: &Directory) -> bool {
    if actor.only_looks() {
        return false;
    }
    let own = key.user_id.as_deref().is_some_and(|user| actor.is(user));
    match &key.team_id {
        Some(team) => has_permission(actor, Some(team), permission, directory),
        None => own || key.user_id.as_deref().is_some_and(|user| manages_homes_of(actor, user, directory)),
    }
}

fn may_create_key(
    actor: &Actor,
    user: Option<&str>,
    team: Option<&str>,
    permission: &str,
    directory: &Directory,
) -> bool {
    if actor.only_looks() {
        return false;
    }
    match (team, user) {
        // Nobody gets a key, and costs that count as theirs, in a team that they are not in.
        (Some(team), Some(user)) if actor.manages_team(directory, team) => {
            actor.is(user) || directory.team_members.contains_key(&TeamMember::id(team, user))
        }
        (Some(team), None) if actor.manages_team(directory, team) => true,
        (Some(team), Some(user)) => actor.is(user) && has_permission(actor, Some(team), permission, directory),
        (Some(team), None) => has_permission(actor, Some(team), permission, directory),
        (None, Some(user)) => actor.is(user) || manages_homes_of(actor, user, directory),
        (None, None) => false,
    }
}

/// Whether it may do this with keys of the team: as its manager, or as a member who was permitted to.
fn has_permission(actor: &Actor, team: Option<&str>, permission: &str, directory: &Directory) -> bool {
    let Some(team) = team else { return false };
    let Some(record) = directory.teams.get(team).map(|held| &held.record) else { return false };
    let given = &record.team_member_permissions;
    let permitted = match given.is_empty() {
        true => USUAL_PERMISSIONS.contains(&permission),
        false => given.iter().any(|given| given == permission),
    };
    actor.manages_team(directory, team) || permitted && actor.member(directory, team).is_some()
}

/// Whether somebody may hold the secret of a user's key and act as them in everything: administrators, the user, and
/// who manages all that the user is in.
pub fn stands_for(actor: &Actor, user: &str, directory: &Directory) -> bool {
    let managed = || directory.teams_of(user).all(|(_, member)| actor.manages_team(directory, &member.record.team_id));
    actor.is_admin() || actor.is(user) || manages_homes_of(actor, user, directory) && managed()
}

/// Whether it manages every organization that the user is at home in: what it changes there holds in all of them.
/// Nobody manages administrators of the whole gateway.
fn manages_homes_of(actor: &Actor, user: &str, directory: &Directory) -> bool {
    let role = directory.users.get(user).map(|user| user.record.user_role);
    let above = matches!(role, Some(Role::ProxyAdmin | Role::ProxyAdminViewer));
    let mut homes = homes_of(user, directory).peekable();
    !above && homes.peek().is_some() && homes.all(|home| actor.manages_organization(directory, home))
}

/// The organizations that a user is at home in. Who was invited into one is not: else its admins could take over
/// whomever they like.
fn homes_of<'d>(user: &str, directory: &'d Directory) -> impl Iterator<Item = &'d str> + use<'d> {
    let at_home = directory.organizations_of(user).filter(|(_, member)| !member.record.invited);
    at_home.map(|(_, member)| member.record.organization_id.as_str())
}

fn refusal(actor: &Actor, wish: Wish) -> Refusal {
    let role = match actor.role {
        None => "a key without a user",
        Some(Role::ProxyAdmin) => "proxy_admin",
        Some(Role::ProxyAdminViewer) => "proxy_admin_viewer",
        Some(Role::OrgAdmin) => "org_admin",
        Some(Role::InternalUser) => "internal_user",
        Some(Role::InternalUserViewer) => "internal_user_viewer",
        Some(Role::Team) => "team",
        Some(Role::Customer) => "customer",
    };
    let what = match wish {
        Wish::SeeKey(..) => "look at this key",
        Wish::UseKey(_, permission) | Wish::CreateKey { team: Some(_), permission, .. } => {
            let message = format!(
                "Team member does not have permissions for endpoint: {permission}, or the key is somebody else's. Your role={role}"
            );
            return Refusal::no_permission(message);
        }
        Wish::CreateKey { .. } => "create keys for others",
        Wish::SeeUser(_) => "look at this user",
        Wish::SetPassword(_) => "set this password",
        Wish::ChangeSelf(_) | Wish::ManageUser(_) => "change this user",
        Wish::CreateUser(_) => "create users here",
        Wish::SeeTeam(_) => "look at this team",
        Wish::ManageTeam(_) => "change this team",
        Wish::CreateTeam(_) => "create teams here",
        Wish::EndTeam(_) => "delete or block this team",
        Wish::SeeOrganization(_) => "look at this organization",
        Wish::ManageOrganization(_) => "change this organization",
        Wish::SeeAll => "look at this",
        Wish::ManageAll => "do this",
    };
    let message = match wish {
        Wish::ManageAll => format!("Admin-only endpoint. Not allowed to access this. Your role={role}"),
        _ => format!("Not allowed to {what}. Your role={role}"),
    };
    Refusal::forbidden(message)
}

#[cfg(test)]
mod tests;
