//! The budgets of providers, and what is left of them.

use serde_json::{Map, Value, json};

use super::super::moment;
use super::super::visit::{Answer, Visit, answer};
use super::must_see_all;

/// `GET /provider/budgets`: of the providers that have a budget and a deployment.
pub async fn provider_budgets(visit: Visit) -> Answer {
    must_see_all(&visit)?;
    let setup = visit.desk.live.setup();
    let groups = setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group));
    let mut providers = Map::new();
    for deployment in groups.flat_map(|group| &group.deployments) {
        let Some(budget) = deployment.bounds.provider_budgets.first() else { continue };
        let spent = visit.spend.within(&format!("provider:{}", deployment.provider), budget.span);
        let period = budget.span.map(|span| span.to_string());
        let row = json!({
            "budget_limit": budget.limit.dollars(),
            "time_period": period,
            "spend": spent.dollars(),
            "remaining": (budget.limit - spent).or_zero().dollars(),
            "budget_reset_at": moment::shown_or_null(visit.spend.reset_at(period.as_deref())),
        });
        providers.insert(deployment.provider.to_owned(), row);
    }
    providers.sort_keys();
    answer(Value::Object(Map::from_iter([("providers".to_owned(), Value::Object(providers))])))
}
