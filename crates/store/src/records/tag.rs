//! Tags: what calls are for.

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// A tag of calls. The object's id is its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Deployments that calls with this tag may go to; all if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Budgets and limits.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
