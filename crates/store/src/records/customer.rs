//! Customers: whom the team's application serves.

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// A customer of an application that calls us. The object's id is what the application calls them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether they are refused.
    #[serde(skip_serializing_if = "usual")]
    pub blocked: bool,
    /// The model that they get whatever is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    /// Models they may get; all if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Region their calls must stay in: `eu` or `us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_model_region: Option<String>,
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
