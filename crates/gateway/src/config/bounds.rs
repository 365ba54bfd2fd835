//! What deployments and providers may be used.

use std::collections::HashMap;

use engine::Bounds;
use policy::limits::Limits;
use policy::{Budget, Span};
use providers::Provider;

use super::affinity;
use super::keys::PROVIDER_BUDGET;
use super::report::Notes;
use super::section::Section;
use super::spending::{amount, span};
use super::tree::Value;

/// Strategies under which the requests and tokens of a deployment are limits, and not only shares.
const LIMITING: [&str; 2] = ["usage-based-routing", "usage-based-routing-v2"];
/// The check that makes them limits under every strategy.
const ENFORCE: &str = "enforce_model_rate_limits";
/// Checks that need not be switched on.
const ALWAYS: [&str; 4] =
    [ENFORCE, "router_budget_limiting", "responses_api_deployment_check", "encrypted_content_affinity"];

/// What holds for deployments that say nothing, and for all of a provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    /// Whether requests and tokens are limits.
    is_strict: bool,
    /// Calls at a time.
    parallel: Option<u64>,
    /// Budgets by provider.
    budgets: HashMap<&'static str, Budget>,
}

impl Shared {
    /// Reads `router_settings`.
    pub fn read(router: &Section, notes: &mut Notes) -> Self {
        let checks = router.texts("optional_pre_call_checks");
        let known: Vec<&str> = ALWAYS.into_iter().chain(affinity::CHECKS).collect();
        affinity::without_effect(&checks, &known, &router.at("optional_pre_call_checks"), notes);
        let limiting = router.text("routing_strategy").is_some_and(|strategy| LIMITING.contains(&strategy));
        Shared {
            is_strict: limiting || checks.iter().any(|(check, _)| *check == ENFORCE),
            parallel: router.count("default_max_parallel_requests"),
            budgets: provider_budgets(router, notes),
        }
    }

    /// The bounds of a deployment with these `litellm_params`.
    pub fn bounds(&self, params: &Section, provider: &Provider, notes: &mut Notes) -> Bounds {
        let limits = Limits {
            rpm: params.count("rpm"),
            rpd: params.count("rpd"),
            tpm: params.count("tpm"),
            tpd: params.count("tpd"),
            itpm: params.count("itpm"),
            otpm: params.count("otpm"),
            parallel: params.count("max_parallel_requests").or(self.parallel),
        };
        let key_limits = Limits {
            rpm: params.count("default_api_key_rpm_limit"),
            tpm: params.count("default_api_key_tpm_limit"),
            ..Limits::default()
        };
        let budget = amount(params, "max_budget").map(|limit| {
            let span = span(params, "budget_duration", notes);
            Budget { limit, span, lenient: false }
        });
        Bounds {
            limits,
            is_strict: self.is_strict,
            budgets: budget.into_iter().collect(),
            provider_budgets: self.budgets.get(provider.id).copied().into_iter().collect(),
            key_limits,
            ..Bounds::default()
        }
    }
}

fn provider_budgets(router: &Section, notes: &mut Notes) -> HashMap<&'static str, Budget> {
    let Some(Value::Map(entries)) = router.node("provider_budget_config").map(|node| &node.value) else {
        return HashMap::new();
    };
    let mut budgets = HashMap::new();
    for (name, node) in entries {
        let path = format!("{}.{name}", router.at("provider_budget_config"));
        let Some(provider) = providers::find(name) else {
            notes.error(node.place, &path, format!("no provider is called {name:?}"), "see `lockgate providers`");
            continue;
        };
        let section = Section::read(Some(node), &path, &PROVIDER_BUDGET, notes);
        let named = |names: [&'static str; 2]| names.into_iter().find(|name| section.node(name).is_some());
        let limit = named(["budget_limit", "max_budget"]).and_then(|name| amount(&section, name));
        let Some(limit) = limit else {
            notes.error(node.place, &path, "the budget has no limit".to_owned(), "write e.g. budget_limit: 100");
            continue;
        };
        let span: Option<Span> = named(["time_period", "budget_duration"]).and_then(|name| span(&section, name, notes));
        budgets.insert(provider.id, Budget { limit, span, lenient: false });
    }
    budgets
}

#[cfg(test)]
mod tests;
