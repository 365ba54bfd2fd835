//! JSON web tokens as the incumbent is told about them: `general_settings.litellm_jwtauth`, `JWT_PUBLIC_KEY_URL`,
//! `JWT_AUDIENCE` and `JWT_ISSUER`.

use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;

use engine::tokens::{ClaimNames, Internal, Issuer, Permission, RoleMapping, ScopeMapping, Source, Sources, Tokens};
use providers::http::Endpoint;
use store::records::Role;

use super::environ::Env;
use super::keys::{ISSUER, ROLE_MAPPING, ROLE_PERMISSION, SCOPE_MAPPING, TOKENS, Table, USER_ROLE};
use super::report::Notes;
use super::section::Section;
use super::tree::Value;

/// Addresses of the keys of those whose tokens are taken, with commas between them.
const KEY_URLS: &str = "JWT_PUBLIC_KEY_URL";
/// Whom tokens must be for.
const AUDIENCE: &str = "JWT_AUDIENCE";
/// Who must have issued them.
const WHO: &str = "JWT_ISSUER";
/// Where an issuer says where its keys are.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The scope of administrators.
const ADMIN_SCOPE: &str = "litellm_proxy_admin";
/// What administrators may use.
const ADMIN_ROUTES: [&str; 4] =
    ["management_routes", "spend_tracking_routes", "global_spend_tracking_routes", "info_routes"];
/// What teams may use.
const TEAM_ROUTES: [&str; 2] = ["llm_api_routes", "info_routes"];
/// How long keys are good, seconds, and how much longer if nobody gives new ones.
const TTL: (u64, u64) = (600, 3600);

/// What the operator says about tokens, if they are taken at all.
pub fn read(general: &Section, env: &Env, sources: &Sources, notes: &mut Notes) -> Option<Arc<Tokens>> {
    if general.flag("enable_jwt_auth") != Some(true) {
        return None;
    }
    let section = Section::read(general.node("litellm_jwtauth"), &general.at("litellm_jwtauth"), &TOKENS, notes);
    let mut reader = Reader { general, section: &section, sources, notes };
    let mut issuers = reader.issuers();
    issuers.extend(reader.of_environment(env));
    if issuers.is_empty() {
        let (place, path) = (general.place("enable_jwt_auth"), general.at("enable_jwt_auth"));
        reader.notes.error(place, &path, "nobody's tokens can be checked", format!("set {KEY_URLS}, or issuers"));
    }
    let mut tokens = reader.rules();
    tokens.issuers = issuers;
    // Rules that change are like keys that change.
    tokens.epoch.fetch_add(1, AcqRel);
    Some(Arc::new(tokens))
}

struct Reader<'r, 't> {
    general: &'r Section<'t>,
    section: &'r Section<'t>,
    sources: &'r Sources,
    notes: &'r mut Notes,
}

impl<'t> Reader<'_, 't> {
    fn rules(&mut self) -> Tokens {
        let section = self.section;
        let text = |name: &str| section.text(name).map(str::to_owned);
        let flag = |name: &str| section.flag(name) == Some(true);
        let seconds = |name: &str, usual: u64| section.seconds(name).map_or(usual, |span| span.as_secs());
        let or_usual = |name: &str, usual: &[&str]| {
            let given = texts(section, name);
            given.filter(|list| !list.is_empty()).unwrap_or_else(|| usual.iter().map(|one| (*one).to_owned()).collect())
        };
        let to_ms = |seconds: u64| i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX / 4);
        Tokens {
            issuers: Vec::new(),
            names: ClaimNames {
                team_alias: text("team_alias_jwt_field"),
                org_alias: text("org_alias_jwt_field"),
                user_roles: text("user_roles_jwt_field"),
                roles: text("roles_jwt_field"),
                object_id: text("object_id_jwt_field"),
                ..names(section)
            },
            admin_scope: text("admin_jwt_scope").unwrap_or_else(|| ADMIN_SCOPE.to_owned()),
            admin_routes: or_usual("admin_allowed_routes", &ADMIN_ROUTES),
            team_routes: or_usual("team_allowed_routes", &TEAM_ROUTES),
            default_team: text("team_id_default"),
            add_users: flag("user_id_upsert"),
            add_teams: flag("team_id_upsert"),
            email_domain: text("user_allowed_email_domain"),
            user_roles: texts(section, "user_allowed_roles").unwrap_or_default(),
            role_mappings: self.each(section, "role_mappings", &ROLE_MAPPING, |one, notes| {
                let internal = internal(one, "internal_role", notes)?;
                Some(RoleMapping { role: one.text("role")?.to_owned(), internal })
            }),
            permissions: self.each(self.general, "role_permissions", &ROLE_PERMISSION, |one, notes| {
                Some((internal(one, "role", notes)?, permission(one)))
            }),
            scope_mappings: self.each(section, "scope_mappings", &SCOPE_MAPPING, |one, _| {
                Some(ScopeMapping { scope: one.text("scope")?.to_owned(), permission: permission(one) })
            }),
            by_scope: flag("enforce_scope_based_access"),
            by_team: flag("enforce_team_based_model_access"),
            user_role_map: self.each(section, "jwt_litellm_role_map", &USER_ROLE, |one, notes| {
                let role = one.text("litellm_role")?;
                let found = role_named(role);
                if found.is_none() {
                    let message = format!("{role} is no role that a user can have");
                    notes.error(
                        one.place("litellm_role"),
                        &one.at("litellm_role"),
                        message,
                        "write e.g. internal_user",
                    );
                }
                Some((one.text("jwt_role")?.to_owned(), found?))
            }),
            follows: flag("sync_user_role_and_teams"),
            key_ms: (to_ms(seconds("public_key_ttl", TTL.0).max(1)), to_ms(seconds("public_key_stale_ttl", TTL.1))),
            epoch: self.sources.epoch(),
        }
    }

    /// Reads the mappings of a list, each by a table of its own; one that lacks something is noted and left out.
    fn each<T>(
        &mut self,
        section: &Section,
        name: &str,
        table: &'static Table,
        read: impl Fn(&Section, &mut Notes) -> Option<T>,
    ) -> Vec<T> {
        let Some(Value::List(items)) = section.node(name).map(|node| &node.value) else { return Vec::new() };
        let mut found = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", section.at(name));
            let one = Section::read(Some(item), &path, table, self.notes);
            for key in table.rows().filter(|key| key.kind == super::keys::Kind::Name) {
                if one.text(key.name).is_none() {
                    one.missing(key.name, &format!("{}: ...", key.name), self.notes);
                }
            }
            found.extend(read(&one, self.notes));
        }
        found
    }

    /// `issuers`.
    fn issuers(&mut self) -> Vec<Issuer> {
        let sources = self.sources;
        self.each(self.section, "issuers", &ISSUER, |one, notes| {
            let issuer = one.text("issuer")?.to_owned();
            let discovery = || format!("{}{DISCOVERY}", issuer.trim_end_matches('/'));
            let url = one.text("jwks_url").map_or_else(discovery, str::to_owned);
            let audiences = texts(one, "audience").unwrap_or_default();
            if audiences.is_empty() && one.flag("disable_audience_validation") != Some(true) {
                let message = "it is not said whom tokens must be for: those for other applications would count";
                notes.error(one.place, &one.at("audience"), message, "set it, or disable_audience_validation: true");
            }
            let source = source(sources, &url, one, "jwks_url", notes)?;
            Some(Issuer { source, issuer: Some(issuer), audiences, names: names(one) })
        })
    }

    /// Those whom the environment names.
    fn of_environment(&mut self, env: &Env) -> Vec<Issuer> {
        let urls = env.get(KEY_URLS).unwrap_or_default();
        let urls: Vec<&str> = urls.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
        let audiences: Vec<String> = env.get(AUDIENCE).into_iter().collect();
        let issuer = env.get(WHO);
        if audiences.is_empty() && !urls.is_empty() {
            let (place, path) = (self.general.place("enable_jwt_auth"), self.general.at("enable_jwt_auth"));
            let message = "tokens that the issuer made for other applications count too";
            self.notes.warn(place, &path, message, format!("set {AUDIENCE}"));
        }
        let sources =
            urls.iter().filter_map(|url| source(self.sources, url, self.general, "enable_jwt_auth", self.notes));
        let issuer = |source: Arc<Source>| Issuer {
            source,
            issuer: issuer.clone(),
            audiences: audiences.clone(),
            names: ClaimNames::default(),
        };
        sources.map(issuer).collect()
    }
}

/// A source of keys, unless its address is none, or one whose answers anybody on the way could make up.
fn source(sources: &Sources, url: &str, section: &Section, name: &str, notes: &mut Notes) -> Option<Arc<Source>> {
    let place = section.place(name);
    match Endpoint::parse(url) {
        Ok(endpoint) if !endpoint.tls && !endpoint.is_loopback() => {
            let message = "keys that come in the clear could be anybody's";
            notes.warn(place, &section.at(name), message, "write https://");
        }
        Ok(_) => {}
        Err(why) => {
            notes.error(place, &section.at(name), format!("the address of the keys cannot be used: {why}"), "");
            return None;
        }
    }
    Some(sources.of(url))
}

fn names(section: &Section) -> ClaimNames {
    let text = |name: &str| section.text(name).map(str::to_owned);
    ClaimNames {
        user_id: text("user_id_jwt_field"),
        user_email: text("user_email_jwt_field"),
        team_id: text("team_id_jwt_field"),
        team_ids: text("team_ids_jwt_field"),
        org_id: text("org_id_jwt_field"),
        end_user_id: text("end_user_id_jwt_field"),
        ..ClaimNames::default()
    }
}

fn texts(section: &Section, name: &str) -> Option<Vec<String>> {
    section.node(name)?;
    Some(
        section
            .texts(name)
            .into_iter()
            .map(|(text, _)| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect(),
    )
}

fn permission(section: &Section) -> Permission {
    Permission { models: texts(section, "models"), routes: texts(section, "routes").filter(|list| !list.is_empty()) }
}

fn internal(section: &Section, name: &str, notes: &mut Notes) -> Option<Internal> {
    match section.text(name)? {
        "proxy_admin" => Some(Internal::Admin),
        "team" => Some(Internal::Team),
        "internal_user" => Some(Internal::User),
        other => {
            let message = format!("{other} is nothing that a token can stand for");
            notes.error(section.place(name), &section.at(name), message, "write proxy_admin, team or internal_user");
            None
        }
    }
}

/// The role with this name, if a user can have it in the gateway as a whole.
pub fn role_named(name: &str) -> Option<Role> {
    match name.trim() {
        "proxy_admin" => Some(Role::ProxyAdmin),
        "proxy_admin_viewer" => Some(Role::ProxyAdminViewer),
        "internal_user" => Some(Role::InternalUser),
        "internal_user_viewer" | "internal_user_view_only" => Some(Role::InternalUserViewer),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
