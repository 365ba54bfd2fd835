//! Sign-in by a provider of identities, as the incumbent is told about it by environment variables: `GENERIC_*`,
//! `GOOGLE_*`, `MICROSOFT_*` and their like. `GENERIC_ISSUER` is ours.

use std::collections::HashMap;

use providers::http::Endpoint;
use store::records::Role;
use types::Secret;

use super::environ::Env;
use super::report::{Notes, Place};
use super::section::{Section, scalar};
use super::tokens::role_named;
use super::tree::Scalar;

/// What a provider is asked for about somebody.
const SCOPE: &str = "openid email profile";
/// Who somebody is at Google.
const GOOGLE: &str = "https://accounts.google.com";
/// Who somebody is at Microsoft; the tenant follows, and the version.
const MICROSOFT: &str = "https://login.microsoftonline.com/";

/// A provider of identities, and what is made of what it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sso {
    /// How people call it.
    pub name: String,
    /// Who we are for it.
    pub client_id: String,
    /// What proves it; none for public clients.
    pub client_secret: Option<Secret>,
    /// Who it is; its discovery document lies below.
    pub issuer: Option<String>,
    /// Addresses that the operator named; those of the discovery document count where there is none.
    pub authorization: Option<String>,
    /// Where codes become tokens.
    pub token: Option<String>,
    /// Where more is said about somebody.
    pub userinfo: Option<String>,
    /// Whether that is asked at all.
    pub asks_userinfo: bool,
    /// What is asked for.
    pub scope: String,
    /// Whether our id stands in the body of a question for tokens too.
    pub id_in_body: bool,
    /// Claims with somebody's id; the first that is there counts.
    pub ids: Vec<String>,
    /// Claims with the mail address.
    pub emails: Vec<String>,
    /// Claims with the name.
    pub names: Vec<String>,
    /// The claim with the role, as we call it.
    pub role: Option<String>,
    /// What groups make of somebody.
    pub groups: Option<GroupRoles>,
    /// The claim with the teams.
    pub teams: Option<String>,
    /// Whether teams that nobody has created yet are.
    pub adds_teams: bool,
    /// Whether people are in no team that the provider does not name.
    pub leaves_teams: bool,
    /// Where this gateway is, as browsers see it.
    pub base_url: Option<String>,
    /// Who is an administrator whatever the provider says.
    pub admin_id: Option<String>,
    /// Domains of mail addresses that may sign in; all, if there are none.
    pub domains: Vec<String>,
    /// Where browsers go that signed out.
    pub logout_url: Option<String>,
    /// Whether browsers go to the provider at once.
    pub at_once: bool,
    /// Whether users' passwords count no more.
    pub replaces_passwords: bool,
}

/// What groups of the provider make of somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupRoles {
    /// The claim with the groups.
    pub claim: String,
    /// Roles and their groups, highest first.
    pub roles: Vec<(Role, Vec<String>)>,
    /// The role of whoever is in none of them.
    pub otherwise: Option<Role>,
}

impl GroupRoles {
    /// What somebody is who is in these groups.
    pub fn of(&self, groups: &[String]) -> Role {
        let found = self.roles.iter().find(|(_, names)| names.iter().any(|name| groups.contains(name)));
        found.map(|(role, _)| *role).or(self.otherwise).unwrap_or(Role::InternalUserViewer)
    }
}

impl Sso {
    /// As the environment says, if it names a provider.
    pub fn read(general: &Section, env: &Env, notes: &mut Notes) -> Option<Self> {
        let is_on = |name: &str| env.get(name).is_some_and(|text| is_on(&text));
        let flag = |name: &str| general.flag(name) == Some(true);
        let provider =
            google(env).or_else(|| microsoft(env, general, notes)).or_else(|| generic(env, general, notes))?;
        let list = env.get("ALLOWED_EMAIL_DOMAINS").unwrap_or_default();
        let domains = list.split(',').map(|domain| domain.trim().trim_start_matches('@').to_lowercase());
        let sso = Sso {
            base_url: env.get("PROXY_BASE_URL").map(|url| url.trim().trim_end_matches('/').to_owned()),
            admin_id: env.get("PROXY_ADMIN_ID").map(|id| id.trim().to_owned()),
            domains: domains.filter(|domain| !domain.is_empty()).collect(),
            logout_url: env.get("PROXY_LOGOUT_URL"),
            at_once: flag("auto_redirect_ui_login_to_sso") || is_on("AUTO_REDIRECT_UI_LOGIN_TO_SSO"),
            replaces_passwords: flag("disable_password_login_when_sso_enabled"),
            // As at the incumbent, tokens and sign-in have one set of rules for teams.
            teams: of_tokens(general, "team_ids_jwt_field").map(|node| node.text.clone()).or(provider.teams),
            adds_teams: of_tokens(general, "team_id_upsert").and_then(Scalar::flag) == Some(true),
            leaves_teams: of_tokens(general, "sync_user_role_and_teams").and_then(Scalar::flag) == Some(true),
            ..provider
        };
        sso.check(general.place, notes);
        Some(sso)
    }

    /// Names addresses that cannot be used, or that anybody on the way could answer for.
    fn check(&self, place: Place, notes: &mut Notes) {
        if self
            .logout_url
            .as_ref()
            .is_some_and(|url| !["https://", "http://", "/"].iter().any(|begin| url.starts_with(begin)))
        {
            let message = "PROXY_LOGOUT_URL is no address of a page";
            notes.error(place, "environment_variables", message, "write https://...");
        }
        let addresses = [&self.issuer, &self.authorization, &self.token, &self.userinfo, &self.base_url];
        for url in addresses.into_iter().flatten() {
            let address = url.split('?').next().unwrap_or_default();
            match Endpoint::parse(address) {
                Err(why) => notes.error(place, "environment_variables", format!("{url}: {why}"), "see docs/sign-in.md"),
                Ok(endpoint) if !endpoint.tls && !endpoint.is_loopback() => {
                    let message = format!("{url}: whoever is on the way can sign in as anybody");
                    notes.warn(place, "environment_variables", message, "write https://");
                }
                Ok(_) => {}
            }
        }
    }
}

/// A value of `litellm_jwtauth`, whether tokens are taken or not.
fn of_tokens<'t>(general: &Section<'t>, name: &str) -> Option<&'t Scalar> {
    scalar(general.node("litellm_jwtauth")?.get(name)?)
}

fn google(env: &Env) -> Option<Sso> {
    let texts = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    Some(Sso {
        name: "Google".to_owned(),
        client_id: env.get("GOOGLE_CLIENT_ID")?,
        client_secret: env.get("GOOGLE_CLIENT_SECRET").map(Secret::new),
        issuer: Some(GOOGLE.to_owned()),
        scope: SCOPE.to_owned(),
        ids: texts(&["sub"]),
        emails: texts(&["email"]),
        names: texts(&["name"]),
        ..Sso::default()
    })
}

fn microsoft(env: &Env, general: &Section, notes: &mut Notes) -> Option<Sso> {
    let client_id = env.get("MICROSOFT_CLIENT_ID")?;
    let tenant = env.get("MICROSOFT_TENANT");
    if tenant.is_none() {
        let message = "MICROSOFT_CLIENT_ID is set, MICROSOFT_TENANT is not";
        notes.error(
            general.place,
            "environment_variables",
            message,
            "export MICROSOFT_TENANT=... with the id of yours",
        );
    }
    let claim = |name: &str, usual: &[&str]| {
        let own = env.get(name).into_iter();
        own.chain(usual.iter().map(|one| (*one).to_owned())).collect::<Vec<_>>()
    };
    Some(Sso {
        name: "Microsoft".to_owned(),
        client_id,
        client_secret: env.get("MICROSOFT_CLIENT_SECRET").map(Secret::new),
        issuer: Some(format!("{MICROSOFT}{}/v2.0", tenant.unwrap_or_default().trim())),
        authorization: env.get("MICROSOFT_AUTHORIZATION_ENDPOINT"),
        token: env.get("MICROSOFT_TOKEN_ENDPOINT"),
        scope: SCOPE.to_owned(),
        ids: claim("MICROSOFT_USER_ID_ATTRIBUTE", &["oid", "sub"]),
        emails: claim("MICROSOFT_USER_EMAIL_ATTRIBUTE", &["email", "preferred_username", "upn"]),
        names: claim("MICROSOFT_USER_DISPLAY_NAME_ATTRIBUTE", &["name"]),
        // The roles of the application, which an administrator there gives.
        role: Some("roles".to_owned()),
        teams: Some("groups".to_owned()),
        ..Sso::default()
    })
}

fn generic(env: &Env, general: &Section, notes: &mut Notes) -> Option<Sso> {
    let client_id = env.get("GENERIC_CLIENT_ID")?;
    let claim = |name: &str, usual: &[&str]| match env.get(name) {
        Some(own) => vec![own],
        None => usual.iter().map(|one| (*one).to_owned()).collect(),
    };
    let sso = Sso {
        name: env.get("GENERIC_NAME").unwrap_or_else(|| "SSO".to_owned()),
        client_id,
        client_secret: env.get("GENERIC_CLIENT_SECRET").map(Secret::new),
        issuer: env.get("GENERIC_ISSUER"),
        authorization: env.get("GENERIC_AUTHORIZATION_ENDPOINT"),
        token: env.get("GENERIC_TOKEN_ENDPOINT"),
        userinfo: env.get("GENERIC_USERINFO_ENDPOINT"),
        asks_userinfo: true,
        scope: env.get("GENERIC_SCOPE").unwrap_or_else(|| SCOPE.to_owned()),
        id_in_body: env.get("GENERIC_INCLUDE_CLIENT_ID").is_some_and(|text| is_on(&text)),
        ids: claim("GENERIC_USER_ID_ATTRIBUTE", &["preferred_username", "email", "sub"]),
        emails: claim("GENERIC_USER_EMAIL_ATTRIBUTE", &["email"]),
        names: claim("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE", &["name"]),
        role: Some(env.get("GENERIC_USER_ROLE_ATTRIBUTE").unwrap_or_else(|| "role".to_owned())),
        groups: groups(env, general, notes),
        ..Sso::default()
    };
    let lacking = [("GENERIC_AUTHORIZATION_ENDPOINT", &sso.authorization), ("GENERIC_TOKEN_ENDPOINT", &sso.token)];
    match lacking.iter().find(|(_, value)| value.is_none()) {
        Some((name, _)) if sso.issuer.is_none() => {
            let message = format!("GENERIC_CLIENT_ID is set, neither GENERIC_ISSUER nor {name} is");
            notes.error(general.place, "environment_variables", message, "export GENERIC_ISSUER=https://...");
        }
        None if sso.issuer.is_none() => {
            let message =
                "without an issuer the signature of ID tokens is not checked: the connection must vouch for it";
            notes.warn(general.place, "environment_variables", message, "export GENERIC_ISSUER=https://... too");
        }
        _ => {}
    }
    Some(sso)
}

/// `GENERIC_ROLE_MAPPINGS_ROLES`: JSON, or the same with Python's quotes.
fn groups(env: &Env, general: &Section, notes: &mut Notes) -> Option<GroupRoles> {
    let text = env.get("GENERIC_ROLE_MAPPINGS_ROLES")?;
    let mut wrong = |message: String| {
        notes.error(
            general.place,
            "environment_variables.GENERIC_ROLE_MAPPINGS_ROLES",
            message,
            r#"write e.g. {"proxy_admin": ["admins"], "internal_user": ["staff"]}"#,
        );
        None
    };
    let read = |text: &str| serde_json::from_str::<HashMap<String, serde_json::Value>>(text);
    let Ok(map) = read(&text).or_else(|_| read(&text.replace('\'', "\""))) else {
        return wrong("it is no mapping of roles to groups".to_owned());
    };
    let mut roles = Vec::new();
    for (name, groups) in map {
        let Some(role) = role_named(&name) else {
            return wrong(format!("{name} is no role that a user can have"));
        };
        let groups = match groups {
            serde_json::Value::Array(list) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            serde_json::Value::String(one) => vec![one],
            _ => return wrong(format!("{name} needs a list of groups")),
        };
        roles.push((role, groups));
    }
    roles.sort_by_key(|(role, _)| rank(*role));
    let otherwise = env.get("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE");
    let otherwise = match otherwise.as_deref().map(|name| (name, role_named(name))) {
        Some((name, None)) => return wrong(format!("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE: {name} is no role")),
        Some((_, role)) => role,
        None => None,
    };
    let claim = env.get("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM").unwrap_or_else(|| "groups".to_owned());
    Some(GroupRoles { claim, roles, otherwise })
}

/// Who may do more comes first.
pub fn rank(role: Role) -> u8 {
    match role {
        Role::ProxyAdmin => 0,
        Role::ProxyAdminViewer => 1,
        Role::InternalUser => 2,
        _ => 3,
    }
}

fn is_on(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

#[cfg(test)]
mod tests;
