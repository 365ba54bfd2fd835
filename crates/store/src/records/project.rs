//! Projects: parts of a team's work with a budget and models of their own.

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// A part of a team's work, for which keys are made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_alias: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The team whose work it is.
    pub team_id: String,
    /// Models its keys may call; all of the team's if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Whether none of its keys works.
    #[serde(skip_serializing_if = "usual")]
    pub blocked: bool,
    /// Budgets and limits of all its keys together.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// Whatever somebody wants to remember; also holds `tags`.
    #[serde(skip_serializing_if = "usual")]
    pub metadata: Fields,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
