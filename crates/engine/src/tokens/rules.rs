//! What the operator says about tokens: whose are believed, and what their claims mean. Names are those of the
//! incumbent's `litellm_jwtauth`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::Directory;
use store::records::Role;
use types::{Fault, FaultKind, Side};

use super::check::{Expected, Flaw, check, lacks_key};
use super::claims::Claims;
use super::holder::Holder;
use super::keys::Source;
use crate::caller::denied;

/// Rules for tokens.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Whose tokens are believed.
    pub issuers: Vec<Issuer>,
    /// Where it is said whom a token is for.
    pub names: ClaimNames,
    /// The scope that makes an administrator.
    pub admin_scope: String,
    /// Paths that such an administrator may use.
    pub admin_routes: Vec<String>,
    /// Paths that a token of a team may use.
    pub team_routes: Vec<String>,
    /// The team of tokens that name none.
    pub default_team: Option<String>,
    /// Whether users that nobody has created yet are.
    pub add_users: bool,
    /// The same for teams.
    pub add_teams: bool,
    /// The only domain of mail addresses whose users are added.
    pub email_domain: Option<String>,
    /// Roles (as the issuer calls them) of which a user must have one.
    pub user_roles: Vec<String>,
    /// What roles make of a token that says nothing else.
    pub role_mappings: Vec<RoleMapping>,
    /// What tokens of a kind may do.
    pub permissions: Vec<(Internal, Permission)>,
    /// What scopes allow.
    pub scope_mappings: Vec<ScopeMapping>,
    /// Whether only models may be called that a scope allows.
    pub by_scope: bool,
    /// Whether only models may be called that one of the teams may call.
    pub by_team: bool,
    /// Roles of the issuer, which may have a `*`, and what its users become here.
    pub user_role_map: Vec<(String, Role)>,
    /// Whether users' roles and teams follow the token.
    pub follows: bool,
    /// How long keys are good, and how much longer if their issuer cannot be asked, milliseconds.
    pub key_ms: (i64, i64),
    /// Grows with every change of keys or rules.
    pub epoch: Arc<AtomicU64>,
}

/// Somebody whose tokens are believed.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Where its keys come from.
    pub source: Arc<Source>,
    /// Its name, if tokens must say it.
    pub issuer: Option<String>,
    /// Whom tokens must be for, one of these; anybody, if there are none.
    pub audiences: Vec<String>,
    /// Claims that are called otherwise in its tokens.
    pub names: ClaimNames,
}

/// Where a token says what; a name may lead into objects by dots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimNames {
    /// The user's id.
    pub user_id: Option<String>,
    /// The user's mail address.
    pub user_email: Option<String>,
    /// The one team that pays.
    pub team_id: Option<String>,
    /// The same by its name.
    pub team_alias: Option<String>,
    /// Teams, one of which pays.
    pub team_ids: Option<String>,
    /// The organization's id.
    pub org_id: Option<String>,
    /// The same by its name.
    pub org_alias: Option<String>,
    /// The customer.
    pub end_user_id: Option<String>,
    /// Roles of which a user must have one.
    pub user_roles: Option<String>,
    /// Roles of any kind.
    pub roles: Option<String>,
    /// The id of a user or a team, as the role says.
    pub object_id: Option<String>,
}

impl ClaimNames {
    /// These names, and for what they leave open those of `other`.
    pub fn or(&self, other: &ClaimNames) -> ClaimNames {
        let or = |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
        ClaimNames {
            user_id: or(&self.user_id, &other.user_id),
            user_email: or(&self.user_email, &other.user_email),
            team_id: or(&self.team_id, &other.team_id),
            team_alias: or(&self.team_alias, &other.team_alias),
            team_ids: or(&self.team_ids, &other.team_ids),
            org_id: or(&self.org_id, &other.org_id),
            org_alias: or(&self.org_alias, &other.org_alias),
            end_user_id: or(&self.end_user_id, &other.end_user_id),
            user_roles: or(&self.user_roles, &other.user_roles),
            roles: or(&self.roles, &other.roles),
            object_id: or(&self.object_id, &other.object_id),
        }
    }
}

/// What a token stands for in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internal {
    /// An administrator of the whole gateway.
    Admin,
    /// A team.
    Team,
    /// A user.
    User,
}

/// What a role of the issuer makes of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleMapping {
    /// As the issuer calls it.
    pub role: String,
    /// What it means here.
    pub internal: Internal,
}

/// Models and paths; everything, if nothing is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Permission {
    /// Models that may be called.
    pub models: Option<Vec<String>>,
    /// Paths that may be used.
    pub routes: Option<Vec<String>>,
}

/// What a scope allows.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeMapping {
    /// The scope.
    pub scope: String,
    /// What whoever has it may do.
    pub permission: Permission,
}

impl Tokens {
    /// Whom a token stands for, or why for nobody.
    pub fn holder(&self, token: &str, now_ms: i64) -> Result<Holder, Fault> {
        let (claims, issuer) = self.checked(token, now_ms)?;
        Holder::of(self, &claims, &issuer.names.or(&self.names))
    }

    /// Whether something has to be done before a token can count: keys to be fetched, or somebody to be added.
    pub fn wants(&self, token: &str, directory: &Directory, now_ms: i64) -> bool {
        let holder = || self.holder(token, now_ms);
        !self.sources_to_ask(token, now_ms).is_empty()
            || holder().is_ok_and(|holder| holder.wants_change(self, directory))
    }

    /// The sources that may have the key by now with which a token is signed that nobody knows.
    pub fn sources_to_ask(&self, token: &str, now_ms: i64) -> Vec<&Arc<Source>> {
        let lacks = |source: &Source| source.keys().is_none_or(|keys| lacks_key(token, &keys));
        match self.issuers.iter().all(|issuer| lacks(&issuer.source)) {
            true => self.issuers.iter().map(|issuer| &issuer.source).filter(|source| source.is_due(now_ms)).collect(),
            false => Vec::new(),
        }
    }

    /// A number that grows with every change: what was found before holds no more.
    pub(crate) fn stamp(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn checked(&self, token: &str, now_ms: i64) -> Result<(Claims, &Issuer), Fault> {
        // The flaw of whoever came furthest is the one worth telling: an issuer whose key it is not knows nothing.
        let (mut flaw, mut away) = (None, false);
        for issuer in &self.issuers {
            let Some(keys) = issuer.source.keys() else {
                away = true;
                continue;
            };
            match check(token, &keys, issuer.expected(), now_ms) {
                Ok(claims) => return Ok((claims, issuer)),
                Err(found) => flaw = flaw.filter(|flaw| *flaw != Flaw::UnknownKey).or(Some(found)),
            }
        }
        match flaw {
            None | Some(Flaw::UnknownKey) if away => Err(away_fault()),
            flaw => Err(refused(flaw.unwrap_or(Flaw::Issuer))),
        }
    }
}

impl Issuer {
    fn expected(&self) -> Expected<'_> {
        Expected { issuer: self.issuer.as_deref(), audiences: &self.audiences }
    }
}

fn refused(flaw: Flaw) -> Fault {
    let label = if flaw == Flaw::Expired { "expired_key" } else { "auth_error" };
    denied(FaultKind::Authentication, label, format!("Authentication Error, this token is not accepted: {flaw}."))
}

fn away_fault() -> Fault {
    let message = "the issuer's keys are not known yet, so this token cannot be checked; please try again";
    let fault = Fault::new(FaultKind::Unavailable, Side::Gateway, message);
    Fault { label: Some("auth_provider_unavailable"), ..fault }
}
