//! What somebody may spend and ask for, from their record to what the meters work with.

use policy::limits::Limits;
use policy::{Budget, Span};
use store::records::{Allowance, ModelBudget};
use types::Usd;

/// Budgets and limits of one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Terms {
    pub limits: Limits,
    pub budgets: Vec<Budget>,
    /// The main one of them, as it is set: one for the same window may be tighter.
    pub main: Option<Budget>,
    /// When they change by themselves, milliseconds since 1970.
    pub valid_until: Option<i64>,
}

impl Terms {
    /// Whether anything is limited.
    pub fn limit_something(&self) -> bool {
        self.limits != Limits::default() || !self.budgets.is_empty()
    }

    /// The terms of an allowance; `shared` holds where it sets nothing. A `lenient` main budget lets calls through that
    /// cost nothing when it is spent exactly (the incumbent compares so for teams, customers and the whole gateway).
    pub fn of(allowance: &Allowance, shared: Option<&Allowance>, lenient: bool, now_ms: i64) -> Self {
        let merged = shared.map(|shared| allowance.over(shared));
        let allowance = merged.as_ref().unwrap_or(allowance);
        let limits = Limits {
            rpm: allowance.rpm_limit,
            tpm: allowance.tpm_limit,
            tpd: allowance.tpd_limit,
            parallel: allowance.max_parallel_requests,
            ..Limits::default()
        };
        let mut terms = Terms { limits, ..Terms::default() };
        if let Some(limit) = allowance.max_budget {
            let extra = terms.extra(allowance, now_ms);
            let span = allowance.budget_duration.as_deref().and_then(Span::parse);
            terms.main = Some(Budget { limit: limit + extra, span, lenient });
            terms.budgets.extend(terms.main);
        }
        for window in &allowance.budget_limits {
            if let (Some(limit), Some(span)) = (window.max_budget, Span::parse(&window.budget_duration)) {
                terms.budgets.push(Budget { limit, span: Some(span), lenient: false });
            }
        }
        terms.tighten();
        terms
    }

    /// Of two budgets for the same window the smaller one counts: money is held once in each.
    fn tighten(&mut self) {
        let key = |budget: &Budget| (budget.span.map(Span::seconds), budget.limit);
        self.budgets.sort_by_key(key);
        self.budgets.dedup_by_key(|budget| budget.span);
    }

    /// The addition to the budget that holds now; notes when it ends.
    fn extra(&mut self, allowance: &Allowance, now_ms: i64) -> Usd {
        match (allowance.temp_budget_increase, allowance.temp_budget_expiry) {
            (Some(extra), Some(expiry)) if expiry > now_ms => {
                self.valid_until = Some(expiry);
                extra
            }
            _ => Usd::ZERO,
        }
    }

    /// Has the requests and tokens of `others` where there are no own ones.
    pub fn default_to(&mut self, others: &Limits) {
        self.limits.rpm = self.limits.rpm.or(others.rpm);
        self.limits.tpm = self.limits.tpm.or(others.tpm);
    }

    /// The terms for one model: what is set for it, by name.
    pub fn of_model(allowance: &Allowance, model: &str) -> Self {
        let budget = allowance.model_max_budget.get(model);
        let own = |limit: fn(&ModelBudget) -> Option<u64>| budget.and_then(limit);
        let limits = Limits {
            rpm: allowance.model_rpm_limit.get(model).copied().or_else(|| own(|budget| budget.rpm_limit)),
            tpm: allowance.model_tpm_limit.get(model).copied().or_else(|| own(|budget| budget.tpm_limit)),
            ..Limits::default()
        };
        let budgets = budget.and_then(|budget| {
            let span = budget.time_period.as_deref().and_then(Span::parse);
            Some(Budget { limit: budget.budget_limit?, span, lenient: false })
        });
        Terms { limits, budgets: budgets.into_iter().collect(), ..Terms::default() }
    }
}

#[cfg(test)]
mod tests;
