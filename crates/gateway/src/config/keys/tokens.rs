//! `general_settings.litellm_jwtauth`: whose tokens count like keys, and what their claims mean.

use super::Kind::*;
use super::{Key, Table, later, moot, on, unguarded};

/// Rules for JSON web tokens.
pub static TOKENS: Table = Table { name: "litellm_jwtauth", keys: &[CLAIMS, WHO, MEANING, KEYS], open: false };
/// An issuer of its own.
pub static ISSUER: Table = Table { name: "litellm_jwtauth.issuers[]", keys: &[ISSUERS, OWN_CLAIMS], open: false };
/// What a role makes of a token.
pub static ROLE_MAPPING: Table = Table { name: "litellm_jwtauth.role_mappings[]", keys: &[MAPPING], open: false };
/// What a scope allows.
pub static SCOPE_MAPPING: Table = Table { name: "litellm_jwtauth.scope_mappings[]", keys: &[SCOPE], open: false };
/// What a role of the issuer makes of its users.
pub static USER_ROLE: Table =
    Table { name: "litellm_jwtauth.jwt_litellm_role_map[]", keys: &[USER_ROLES], open: false };
/// What tokens of a kind may do.
pub static ROLE_PERMISSION: Table =
    Table { name: "general_settings.role_permissions[]", keys: &[PERMISSION], open: false };

#[rustfmt::skip]
const CLAIMS: &[Key] = &[
    on("user_roles_jwt_field", Text, "claim with roles of which a user must have one of `user_allowed_roles`"),
    on("roles_jwt_field", Text, "claim with roles, for `role_mappings` and `jwt_litellm_role_map`"),
    on("object_id_jwt_field", Text, "claim with the id of a user or a team; `role_mappings` say which"),
    on("team_alias_jwt_field", Text, "claim with the name of the team that pays"),
    on("org_alias_jwt_field", Text, "claim with the name of the organization"),
    on("user_id_jwt_field", Text, "claim with the user's id; dots lead into objects"),
    on("user_email_jwt_field", Text, "claim with the user's mail address"),
    on("team_id_jwt_field", Text, "claim with the id of the team that pays"),
    on("team_ids_jwt_field", Text, "claim with ids of teams: the first that may call the model pays; also for sign-in by SSO"),
    on("org_id_jwt_field", Text, "claim with the organization's id"),
    on("end_user_id_jwt_field", Text, "claim with the customer whom calls are for"),
];

#[rustfmt::skip]
const OWN_CLAIMS: &[Key] = &[
    on("user_id_jwt_field", Text, "claim with the user's id"),
    on("user_email_jwt_field", Text, "claim with the user's mail address"),
    on("team_id_jwt_field", Text, "claim with the id of the team that pays"),
    on("team_ids_jwt_field", Text, "claim with ids of teams"),
    on("org_id_jwt_field", Text, "claim with the organization's id"),
    on("end_user_id_jwt_field", Text, "claim with the customer"),
];

#[rustfmt::skip]
const WHO: &[Key] = &[
    on("admin_jwt_scope", Text, "scope that makes an administrator; `litellm_proxy_admin` unless given"),
    on("admin_allowed_routes", Texts, "paths that such an administrator may use; management, spend and information unless given"),
    on("team_allowed_routes", Texts, "paths that a token of a team may use; model calls and information unless given"),
    on("team_id_default", Text, "team of tokens that name none"),
    on("team_id_upsert", Flag, "creates teams that tokens name; also at sign-in by SSO"),
    on("user_id_upsert", Flag, "creates users whom tokens name"),
    on("user_allowed_email_domain", Text, "only users with such a mail address are created"),
    on("user_allowed_roles", Texts, "roles of which a user must have one"),
    on("sync_user_role_and_teams", Flag, "users' roles and teams follow the token; at sign-in by SSO teams that are not named are left"),
    moot("upsert_sso_user_to_team", Flag, "adds users to teams at sign-in", "that is always done"),
    moot("public_allowed_routes", Texts, "paths for tokens that stand for nobody", "`public_routes` need no token"),
];

#[rustfmt::skip]
const MEANING: &[Key] = &[
    on("role_mappings", List, "what roles make of a token: `{role, internal_role}`, which is `proxy_admin`, `team` or `internal_user`"),
    on("jwt_litellm_role_map", List, "what roles make of a user: `{jwt_role, litellm_role}`; `*` stands for any text"),
    on("scope_mappings", List, "what scopes allow: `{scope, models, routes}`"),
    on("enforce_scope_based_access", Flag, "only models may be called that a scope of the token allows"),
    on("enforce_team_based_model_access", Flag, "only models may be called that one of the token's teams may call"),
    on("enforce_rbac", Flag, "tokens must stand for a user, a team or an administrator: always so"),
    unguarded("custom_validate", Text, "Python function that checks tokens"),
];

#[rustfmt::skip]
const KEYS: &[Key] = &[
    on("issuers", List, "issuers with rules of their own, beside `JWT_PUBLIC_KEY_URL`"),
    on("public_key_ttl", Seconds, "seconds after which keys are fetched again; 600 unless given"),
    on("public_key_stale_ttl", Seconds, "seconds for which they count longer while their issuer does not answer; 3600 unless given"),
    later("oidc_userinfo_*", Any, "asks the provider of identities at every call"),
    unguarded("virtual_key_claim_field", Text, "claim that names a virtual key"),
    later("virtual_key_mapping_cache_ttl", Seconds, "how long that is remembered"),
    unguarded("unregistered_jwt_client_behavior", Text, "what becomes of tokens without such a key"),
    later("agent_id_jwt_field", Text, "claim with an agent's id"),
];

#[rustfmt::skip]
const ISSUERS: &[Key] = &[
    on("issuer", Name, "the issuer, as its tokens say it"),
    on("jwks_url", Text, "address of its keys; unless given, its discovery document names it"),
    on("audience", Texts, "whom its tokens must be for, one of these"),
    on("disable_audience_validation", Flag, "takes tokens that are for anybody"),
];

#[rustfmt::skip]
const MAPPING: &[Key] = &[
    on("role", Name, "the role as the issuer calls it"),
    on("internal_role", Name, "`proxy_admin`, `team` or `internal_user`"),
];

#[rustfmt::skip]
const SCOPE: &[Key] = &[
    on("scope", Name, "the scope"),
    on("models", Texts, "models that it allows"),
    on("routes", Texts, "paths that it allows"),
];

#[rustfmt::skip]
const USER_ROLES: &[Key] = &[
    on("jwt_role", Name, "the role as the issuer calls it; `*` stands for any text"),
    on("litellm_role", Name, "what the user becomes: `proxy_admin`, `proxy_admin_viewer`, `internal_user` or `internal_user_viewer`"),
];

#[rustfmt::skip]
const PERMISSION: &[Key] = &[
    on("role", Name, "`proxy_admin`, `team` or `internal_user`"),
    on("models", Texts, "models that may be called"),
    on("routes", Texts, "paths that may be used"),
];
