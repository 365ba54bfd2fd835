//! Teams, and their members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// Several users who share keys and pay together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Team {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_alias: Option<String>,
    /// The organization it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// Models its keys may call; all if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Names of its own for models.
    #[serde(skip_serializing_if = "usual")]
    pub model_aliases: BTreeMap<String, String>,
    /// Whether none of its keys works.
    #[serde(skip_serializing_if = "usual")]
    pub blocked: bool,
    /// Budgets and limits of all members together.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// What members may do with keys of the team: paths of the management API.
    #[serde(skip_serializing_if = "usual")]
    pub team_member_permissions: Vec<String>,
    /// The shared budget that new members get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_member_budget_id: Option<String>,
    /// Whatever somebody wants to remember; also holds `tags` and `guardrails`.
    #[serde(skip_serializing_if = "usual")]
    pub metadata: Fields,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}

/// What somebody may do in a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Manage it.
    Admin,
    /// Use it.
    #[default]
    User,
}

/// A user in a team; the object's id is `team/user`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeamMember {
    /// The team.
    pub team_id: String,
    /// The user.
    pub user_id: String,
    /// What they may do.
    pub role: MemberRole,
    /// Budget and limits within the team.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// Models they may call in the team; all of the team's if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub allowed_models: Vec<String>,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}

impl TeamMember {
    /// The id of the object.
    pub fn id(team: &str, user: &str) -> String {
        format!("{team}/{user}")
    }
}
