//! Budgets that several keys, teams or customers share by id: the values are shared, the money is not.

use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// Values of a budget that others refer to by `budget_id`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// The values.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// Models that whoever has this budget may call; all if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub allowed_models: Vec<String>,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
