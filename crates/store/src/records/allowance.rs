//! What somebody may spend and how much they may ask: the same for keys, users, teams and everybody else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::Usd;

use super::{money, usual};

/// Budgets and limits. What is not set does not limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowance {
    /// Most that may be spent within `budget_duration`, or ever.
    #[serde(with = "money", skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Usd>,
    /// Spend at which somebody is told.
    #[serde(with = "money", skip_serializing_if = "Option::is_none")]
    pub soft_budget: Option<Usd>,
    /// Window of the budget: `30s`, `30m`, `24h`, `30d`, `1mo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<String>,
    /// A shared budget whose values hold where this one sets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<String>,
    /// Further windows, each with a budget of its own.
    #[serde(skip_serializing_if = "usual")]
    pub budget_limits: Vec<WindowBudget>,
    /// An addition to `max_budget` that ends by itself.
    #[serde(with = "money", skip_serializing_if = "Option::is_none")]
    pub temp_budget_increase: Option<Usd>,
    /// When it ends, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_budget_expiry: Option<i64>,
    /// Tokens per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Requests per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    /// Tokens per day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpd_limit: Option<u64>,
    /// Calls at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<u64>,
    /// Budgets per model.
    #[serde(skip_serializing_if = "usual")]
    pub model_max_budget: BTreeMap<String, ModelBudget>,
    /// Requests per minute and model.
    #[serde(skip_serializing_if = "usual")]
    pub model_rpm_limit: BTreeMap<String, u64>,
    /// Tokens per minute and model.
    #[serde(skip_serializing_if = "usual")]
    pub model_tpm_limit: BTreeMap<String, u64>,
}

impl Allowance {
    /// What holds for whoever has this allowance and refers to the `shared` budget, whose values hold where this one
    /// sets none. A budget of its own comes with its own window and additions.
    pub fn over(&self, shared: &Allowance) -> Allowance {
        let (own, other) = (self.clone(), shared.clone());
        let window = if own.max_budget.is_some() { None } else { other.budget_duration };
        let addition = match (own.temp_budget_increase, own.max_budget) {
            (None, None) => (other.temp_budget_increase, other.temp_budget_expiry),
            _ => (own.temp_budget_increase, own.temp_budget_expiry),
        };
        let or = |own: bool| if own { self } else { shared };
        Allowance {
            max_budget: own.max_budget.or(other.max_budget),
            soft_budget: own.soft_budget.or(other.soft_budget),
            budget_duration: own.budget_duration.or(window),
            budget_id: own.budget_id,
            budget_limits: or(!own.budget_limits.is_empty()).budget_limits.clone(),
            temp_budget_increase: addition.0,
            temp_budget_expiry: addition.1,
            tpm_limit: own.tpm_limit.or(other.tpm_limit),
            rpm_limit: own.rpm_limit.or(other.rpm_limit),
            tpd_limit: own.tpd_limit.or(other.tpd_limit),
            max_parallel_requests: own.max_parallel_requests.or(other.max_parallel_requests),
            model_max_budget: or(!own.model_max_budget.is_empty()).model_max_budget.clone(),
            model_rpm_limit: or(!own.model_rpm_limit.is_empty()).model_rpm_limit.clone(),
            model_tpm_limit: or(!own.model_tpm_limit.is_empty()).model_tpm_limit.clone(),
        }
    }
}

/// A budget for one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowBudget {
    /// The window.
    pub budget_duration: String,
    /// Most that may be spent in it.
    #[serde(with = "money")]
    pub max_budget: Option<Usd>,
}

/// A budget for one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelBudget {
    /// Most that may be spent on it.
    #[serde(with = "money", alias = "max_budget")]
    pub budget_limit: Option<Usd>,
    /// The window; ever, if there is none.
    #[serde(alias = "budget_duration", skip_serializing_if = "Option::is_none")]
    pub time_period: Option<String>,
    /// Tokens per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Requests per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
}
