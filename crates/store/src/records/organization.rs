//! Organizations, and who is in them.

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, Role, usual};

/// Several teams that pay together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organization {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_alias: Option<String>,
    /// Models its teams may call; all if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Budgets and limits of all teams together.
    #[serde(flatten)]
    pub allowance: Allowance,
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

/// A user in an organization; the object's id is `organization/user`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationMember {
    /// The organization.
    pub organization_id: String,
    /// The user.
    pub user_id: String,
    /// What they may do there.
    pub user_role: Role,
    /// Whether an admin of the organization added them who were there before: what is their own stays so.
    #[serde(skip_serializing_if = "usual")]
    pub invited: bool,
    /// Budget and limits within the organization.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}

impl OrganizationMember {
    /// The id of the object.
    pub fn id(organization: &str, user: &str) -> String {
        format!("{organization}/{user}")
    }
}
