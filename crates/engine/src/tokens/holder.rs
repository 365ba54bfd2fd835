//! Whom a token stands for, in our words.

use policy::routes;
use store::Directory;
use store::records::{Key, Role, Team, TeamMember, User};
use types::{Fault, FaultKind};

use super::claims::Claims;
use super::rules::{ClaimNames, Internal, Permission, Tokens};
use crate::caller::denied;

/// What lets nobody call anything.
const NOTHING: &str = "no-default-models";
/// A path that no request has.
const NOWHERE: &str = "-";

/// Whom a token stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holder {
    /// Whether it may do everything, on the paths that it may use.
    pub is_admin: bool,
    /// The user.
    pub user_id: Option<String>,
    /// The user's mail address.
    pub user_email: Option<String>,
    /// Whether the issuer says that it is theirs: then it leads to a user who has another id here.
    pub email_is_proven: bool,
    /// The one team that pays, whatever it may call.
    pub team: Option<TeamName>,
    /// Teams, one of which pays: the first that may call what is asked for.
    pub teams: Vec<String>,
    /// Whether these are all of them.
    pub knows_teams: bool,
    /// The organization's id.
    pub org_id: Option<String>,
    /// The same by its name.
    pub org_alias: Option<String>,
    /// The customer whom calls are for.
    pub customer_id: Option<String>,
    /// What the issuer says the user is.
    pub role: Option<Role>,
    /// Models that may be called; all that its user or team may call, if nothing is said.
    pub models: Option<Vec<String>>,
    /// Paths that may be used; all of its role's, if there are none.
    pub routes: Vec<String>,
    /// Whether the user's mail address is one of those that are added.
    pub may_be_added: bool,
    /// When the token is over, milliseconds since 1970.
    pub expires_ms: i64,
}

/// How a token names a team.
#[derive(Clone, Debug, PartialEq)]
pub enum TeamName {
    /// By its id.
    Id(String),
    /// By its name.
    Alias(String),
}

impl Holder {
    /// Whom these claims are about.
    pub(super) fn of(rules: &Tokens, claims: &Claims, names: &ClaimNames) -> Result<Self, Fault> {
        let text = |name: &Option<String>| name.as_deref().and_then(|name| claims.text(name));
        let list = |name: &Option<String>| name.as_deref().map(|name| claims.list(name)).unwrap_or_default();
        let words = |name: &Option<String>| name.as_deref().map(|name| claims.words(name)).unwrap_or_default();
        let mut scopes = claims.words("scope");
        scopes.extend(claims.words("scp"));
        let roles = words(&names.roles);
        let mapped = rules.role_mappings.iter().find(|mapping| roles.contains(&mapping.role));
        let mapped = mapped.map(|mapping| mapping.internal);
        let object = text(&names.object_id).filter(|_| mapped.is_some());
        let mut team = text(&names.team_id).map(TeamName::Id).or_else(|| text(&names.team_alias).map(TeamName::Alias));
        let mut user_id = text(&names.user_id);
        match mapped {
            Some(Internal::Team) => team = team.or(object.map(TeamName::Id)),
            Some(Internal::User) => user_id = user_id.or(object),
            _ => {}
        }
        let teams = list(&names.team_ids);
        let fallback = rules.default_team.clone().filter(|_| teams.is_empty()).map(TeamName::Id);
        let user_email = text(&names.user_email);
        let mut holder = Holder {
            is_admin: scopes.contains(&rules.admin_scope) || mapped == Some(Internal::Admin),
            may_be_added: rules.email_domain.as_deref().is_none_or(|domain| is_in(user_email.as_deref(), domain)),
            team: team.or(fallback),
            org_id: text(&names.org_id),
            org_alias: text(&names.org_alias),
            customer_id: text(&names.end_user_id),
            role: role(rules, &roles),
            expires_ms: claims.seconds("exp").unwrap_or_default().saturating_mul(1000),
            email_is_proven: user_email.is_some() && claims.email_verified() == Some(true),
            knows_teams: !claims.has_groups_elsewhere(),
            user_id,
            user_email,
            teams,
            ..Holder::default()
        };
        holder.check_user(rules, &list(&names.user_roles))?;
        holder.needs_somebody(names)?;
        holder.limit(rules, &scopes);
        Ok(holder)
    }

    /// Refuses a user without any of the roles that the operator asks for.
    fn check_user(&self, rules: &Tokens, roles: &[String]) -> Result<(), Fault> {
        let fits = rules.user_roles.is_empty() || rules.user_roles.iter().any(|role| roles.contains(role));
        match self.user_id.is_none() || self.is_admin || fits {
            true => Ok(()),
            false => Err(unknown(format!(
                "User not allowed to access proxy. It needs one of the roles {:?}.",
                rules.user_roles
            ))),
        }
    }

    /// Refuses a token that stands for nobody whom a call could be counted for.
    fn needs_somebody(&self, names: &ClaimNames) -> Result<(), Fault> {
        let known = self.user_id.is_some() || self.team.is_some() || !self.teams.is_empty();
        if self.is_admin || known || self.org_id.is_some() || self.org_alias.is_some() {
            return Ok(());
        }
        Err(unknown(match names.team_id.as_ref().or(names.team_alias.as_ref()) {
            Some(field) => format!("No team id found in token. Checked field '{field}'."),
            None => "This token names no user, team or organization (see litellm_jwtauth).".to_owned(),
        }))
    }

    /// Takes away what the operator does not allow.
    fn limit(&mut self, rules: &Tokens, scopes: &[String]) {
        let kind = match self {
            Holder { is_admin: true, .. } => Internal::Admin,
            Holder { team: None, teams, .. } if teams.is_empty() => Internal::User,
            _ => Internal::Team,
        };
        self.routes = match kind {
            Internal::Admin => rules.admin_routes.clone(),
            Internal::Team => rules.team_routes.clone(),
            Internal::User => Vec::new(),
        };
        if let Some((_, permission)) = rules.permissions.iter().find(|(of, _)| *of == kind) {
            self.take(permission);
        }
        if rules.by_scope && kind != Internal::Admin {
            let given = rules.scope_mappings.iter().filter(|mapping| scopes.contains(&mapping.scope));
            let given: Vec<&Permission> = given.map(|mapping| &mapping.permission).collect();
            let together = |part: fn(&Permission) -> &Option<Vec<String>>| {
                let lists: Option<Vec<_>> = given.iter().map(|permission| part(permission).clone()).collect();
                lists.map(|lists| lists.concat())
            };
            let (models, routes) = (together(|one| &one.models), together(|one| &one.routes));
            self.take(&Permission { models, routes: routes.filter(|routes| !routes.is_empty()) });
        }
    }

    /// No more than this.
    fn take(&mut self, permission: &Permission) {
        if let Some(models) = &permission.models {
            let before = self.models.take();
            let mut models = models.clone();
            models.retain(|model| before.as_ref().is_none_or(|before| before.contains(model)));
            // An empty list would mean everything.
            self.models = Some(if models.is_empty() { vec![NOTHING.to_owned()] } else { models });
        }
        if let Some(paths) = &permission.routes {
            let before = std::mem::take(&mut self.routes);
            self.routes = paths.iter().filter(|path| routes::includes(&before, path)).cloned().collect();
            if self.routes.is_empty() {
                self.routes = before.into_iter().filter(|path| routes::includes(paths, path)).collect();
            }
            if self.routes.is_empty() {
                self.routes = vec![NOWHERE.to_owned()];
            }
        }
    }

    /// The user in the directory: by id, by the id that the provider of identities has, by a proven mail address.
    pub fn user(&self, directory: &Directory) -> Option<String> {
        let id = self.user_id.as_ref()?;
        if directory.users.contains_key(id) {
            return Some(id.clone());
        }
        let find = |is_it: &dyn Fn(&User) -> bool| {
            directory.users.iter().find(|(_, held)| is_it(&held.record)).map(|(id, _)| id.clone())
        };
        let proven = self.user_email.as_deref().filter(|_| self.email_is_proven);
        let has_email = |user: &User, email: &str| {
            user.user_email.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(email))
        };
        let is_free = |user: &User| user.sso_user_id.is_none();
        find(&|user| user.sso_user_id.as_ref() == Some(id))
            .or_else(|| find(&|user| is_free(user) && proven.is_some_and(|email| has_email(user, email))))
    }

    /// The one team that pays, in the directory.
    pub fn team(&self, directory: &Directory) -> Option<String> {
        match self.team.as_ref()? {
            TeamName::Id(id) => directory.teams.contains_key(id).then(|| id.clone()),
            TeamName::Alias(alias) => {
                let is_it = |team: &Team| team.team_alias.as_ref() == Some(alias);
                directory.teams.iter().find(|(_, held)| is_it(&held.record)).map(|(id, _)| id.clone())
            }
        }
    }

    /// The organization, in the directory, or as the token names it.
    fn organization(&self, directory: &Directory) -> Option<String> {
        let by_name = |alias: &String| {
            let mut all = directory.organizations.iter();
            let found = all.find(|(_, held)| held.record.organization_alias.as_ref() == Some(alias));
            found.map_or_else(|| alias.clone(), |(id, _)| id.clone())
        };
        self.org_id.clone().or_else(|| self.org_alias.as_ref().map(by_name))
    }

    /// Whether something has to be written before it can call: somebody is to be added, or to change.
    pub fn wants_change(&self, rules: &Tokens, directory: &Directory) -> bool {
        let user = self.user(directory);
        let new_user = self.user_id.is_some() && user.is_none() && rules.add_users && self.may_be_added;
        let gone = |id: &String| !directory.teams.contains_key(id);
        let named = match &self.team {
            Some(TeamName::Id(id)) => gone(id),
            _ => false,
        };
        let new_team = rules.add_teams && (named || self.teams.iter().any(gone));
        new_user || new_team || rules.follows && user.is_some_and(|user| self.differs(&user, directory))
    }

    fn differs(&self, user: &str, directory: &Directory) -> bool {
        let Some(held) = directory.users.get(user) else { return false };
        let is_in = |team: &String| directory.team_members.contains_key(&TeamMember::id(team, user));
        let mut named = self.named_teams(directory).into_iter();
        let is_other = |member: &TeamMember| !self.names(&member.team_id, directory);
        let others = self.knows_teams && directory.teams_of(user).any(|(_, member)| is_other(&member.record));
        self.role.is_some_and(|role| role != held.record.user_role) || named.any(|team| !is_in(&team)) || others
    }

    /// The ids of the teams that the token names.
    pub fn team_ids(&self) -> Vec<String> {
        let one = self.team.iter().filter_map(|team| match team {
            TeamName::Id(id) => Some(id.clone()),
            TeamName::Alias(_) => None,
        });
        let mut ids = self.teams.clone();
        ids.extend(one.filter(|id| !self.teams.contains(id)));
        ids
    }

    /// The teams that the token names and that there are.
    pub fn named_teams(&self, directory: &Directory) -> Vec<String> {
        let mut teams: Vec<String> =
            self.teams.iter().filter(|id| directory.teams.contains_key(*id)).cloned().collect();
        teams.extend(self.team(directory).filter(|team| !self.teams.contains(team)));
        teams
    }

    fn names(&self, team: &String, directory: &Directory) -> bool {
        self.teams.contains(team) || self.team(directory).as_ref() == Some(team)
    }

    /// The keys that calls with the token are made with: as many as there are teams of which one pays, in the order in
    /// which they are tried.
    pub(crate) fn keys(&self, rules: &Tokens, directory: &Directory) -> Result<Vec<Key>, Fault> {
        let user = self.user(directory);
        if let (Some(id), None, false) = (&self.user_id, &user, self.is_admin) {
            let message = format!("User doesn't exist in db. 'user_id'={id}. Create user via `/user/new` call.");
            return Err(unknown(message));
        }
        let key = |team: Option<String>| self.key(user.clone(), team, directory);
        if self.is_admin {
            return Ok(vec![key(None)]);
        }
        if let Some(name) = &self.team {
            let Some(team) = self.team(directory) else {
                let (TeamName::Id(name) | TeamName::Alias(name)) = name;
                let message = format!("Team doesn't exist in db. Team={name}. Create team via `/team/new` call.");
                return Err(unknown(message));
            };
            return Ok(vec![key(Some(team))]);
        }
        let mut keys: Vec<Key> = self.named_teams(directory).into_iter().map(|team| key(Some(team))).collect();
        // Who is in no team that may call something pays alone, unless only teams pay.
        if user.is_some() && !rules.by_team || self.teams.is_empty() && self.organization(directory).is_some() {
            keys.push(key(None));
        }
        match keys.is_empty() {
            false => Ok(keys),
            true => {
                Err(denied(FaultKind::Permission, "team_model_access_denied", "None of this token's teams exists."))
            }
        }
    }

    fn key(&self, user: Option<String>, team: Option<String>, directory: &Directory) -> Key {
        let user_id = user.or_else(|| self.user_id.clone());
        let organization_id = self.organization(directory);
        let of = [("user", &user_id), ("team", &team), ("organization", &organization_id)];
        let of = of.iter().find_map(|(what, id)| Some(format!("{what}:{}", id.as_ref()?)));
        Key {
            key_name: "token".to_owned(),
            // All that somebody calls with tokens is counted together: each token lives for minutes.
            counted_as: Some(format!("token:{}", of.unwrap_or_else(|| "admin".to_owned()))),
            models: self.models.clone().unwrap_or_default(),
            allowed_routes: self.routes.clone(),
            user_id,
            team_id: team,
            organization_id,
            ..Key::default()
        }
    }
}

/// What the issuer's roles make of a user; the first rule that fits counts.
fn role(rules: &Tokens, roles: &[String]) -> Option<Role> {
    let fits = |pattern: &str, role: &String| match pattern.split_once('*') {
        Some((before, after)) => {
            role.len() >= before.len() + after.len() && role.starts_with(before) && role.ends_with(after)
        }
        None => role == pattern,
    };
    let mut map = rules.user_role_map.iter();
    map.find(|(pattern, _)| roles.iter().any(|role| fits(pattern, role))).map(|(_, role)| *role)
}

/// Whether a mail address is one of this domain.
fn is_in(email: Option<&str>, domain: &str) -> bool {
    email.and_then(|email| email.rsplit_once('@')).is_some_and(|(_, own)| own.eq_ignore_ascii_case(domain))
}

fn unknown(message: String) -> Fault {
    denied(FaultKind::Authentication, "auth_error", format!("Authentication Error, {message}"))
}
