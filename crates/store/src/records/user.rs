//! Users.

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// What somebody may do in the gateway as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    ProxyAdmin,
    /// See everything.
    #[serde(rename = "proxy_admin_viewer")]
    ProxyAdminViewer,
    /// Everything within an organization.
    OrgAdmin,
    /// Call models, manage own keys, see own spend.
    #[default]
    InternalUser,
    /// See own keys and spend.
    #[serde(rename = "internal_user_viewer", alias = "internal_user_view_only")]
    InternalUserViewer,
    /// A team's own login.
    Team,
    /// A customer: calls models only.
    Customer,
}

/// A person or program that has keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_alias: Option<String>,
    /// What they may do.
    pub user_role: Role,
    /// Id at the provider of identities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_user_id: Option<String>,
    /// Models their keys may call; all if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Whether none of their keys works.
    #[serde(skip_serializing_if = "usual")]
    pub blocked: bool,
    /// Budgets and limits.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// Hash of the password (argon2), if they have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whatever somebody wants to remember.
    #[serde(skip_serializing_if = "usual")]
    pub metadata: Fields,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
