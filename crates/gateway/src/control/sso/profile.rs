//! From what a provider says about somebody to what we make of them.

use engine::tokens::Claims;
use store::records::Role;

use super::super::manage::accounts::Voucher;
use super::Trouble;
use super::provider::Provider;
use crate::config::{Sso, rank, role_named};

/// What is made of these claims, if their owner may sign in.
pub fn voucher(sso: &Sso, provider: &Provider, claims: &Claims) -> Result<Voucher, Trouble> {
    let first = |names: &[String]| names.iter().find_map(|name| claims.text(name));
    let id = first(&sso.ids).ok_or(Trouble::Nameless)?;
    let email = first(&sso.emails).filter(|email| email.contains('@'));
    let email_is_proven = email.is_some() && is_proven(claims, provider.is_for_everybody());
    if !sso.domains.is_empty() {
        let domain = email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain.to_lowercase());
        let fits = domain.is_some_and(|domain| sso.domains.contains(&domain));
        if !fits || !email_is_proven {
            return Err(Trouble::Domain);
        }
    }
    Ok(Voucher {
        role: role(sso, claims, &id),
        first_role: Some(Role::InternalUserViewer),
        teams: sso.teams.as_deref().map(|name| claims.list(name)).unwrap_or_default(),
        adds_teams: sso.adds_teams,
        leaves_others: sso.leaves_teams && !claims.has_groups_elsewhere(),
        adds_user: true,
        is_identity: true,
        alias: first(&sso.names),
        email,
        email_is_proven,
        id,
    })
}

/// Whether the mail address is theirs: as the provider says, or as it must be where its users cannot choose one.
fn is_proven(claims: &Claims, for_everybody: bool) -> bool {
    claims.email_verified().unwrap_or(!for_everybody)
}

/// What the provider makes of somebody; nothing, if it says nothing.
fn role(sso: &Sso, claims: &Claims, id: &str) -> Option<Role> {
    if sso.admin_id.as_deref() == Some(id) {
        return Some(Role::ProxyAdmin);
    }
    if let Some(groups) = &sso.groups {
        return Some(groups.of(&claims.list(&groups.claim)));
    }
    let said = claims.words(sso.role.as_deref()?).into_iter();
    said.filter_map(|name| role_named(&name)).min_by_key(|role| rank(*role))
}

#[cfg(test)]
mod tests;
