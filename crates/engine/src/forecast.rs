//! What an attempt will probably consume and cost, foreseen from what the call asks for and what the deployment's answers
//! were like.

use std::sync::Arc;

use policy::price::{Quote, Tariff};
use policy::{Habits, Need, Obeys};
use types::{Fault, FaultKind, Operation, Usage, Usd};

use crate::ask::Ask;
use crate::asked::Asked;
use crate::caller::denied;
use crate::pieces;
use crate::{Deployment, Setup};

/// Tokens of an answer that counts as small, of a deployment whose answers are known, and of one whose are not.
const SMALL: u64 = 256;
const SMALL_UNKNOWN: u64 = 1024;

/// What an attempt will probably consume.
pub(crate) struct Forecast {
    pub asked: Asked,
    pub tariff: Arc<Tariff>,
    /// Tokens of input, as estimated.
    pub input_estimate: u64,
    /// What it will probably consume, as the provider counts: tokens of input, and what is paid for by the piece.
    pub foreseen: Usage,
    /// What it can cost, if its prices are known.
    pub quote: Option<Quote>,
    /// The bound of the answer, tokens.
    pub bound: Option<u64>,
    pub has_output: bool,
    habits: Habits,
}

impl Forecast {
    /// The forecast of an attempt at a deployment, whose provider calls the model `model`. What it costs is looked at
    /// only if somebody `cares`: foreseeing costs time.
    pub fn of(ask: &Ask, deployment: &Deployment, model: &str, cares: bool) -> Self {
        let tariff = pieces::tariff(ask, deployment.tariff(model));
        let has_output = ask.operation.writes();
        let input_estimate = if cares { ask.input_estimate() } else { 0 };
        let habits = deployment.health.habits();
        let pieces = if cares { pieces::foreseen(ask) } else { Usage::default() };
        // Nobody bounds what a conversation is made short to; it is hardly longer than the conversation.
        let short = deployment.facts.max_output_tokens.unwrap_or(u64::MAX).min(input_estimate);
        let output = Some(short).filter(|_| ask.operation == Operation::Compact).or(pieces.output);
        let foreseen = Usage { input: Some(habits.input(input_estimate)), output, ..pieces };
        let asked = Asked::of(ask, deployment);
        let quote = if cares { tariff.quote_of(&foreseen, asked.service()) } else { None };
        let bound = ask.output_bound().or(deployment.facts.max_output_tokens).filter(|_| has_output);
        Forecast { asked, tariff, input_estimate, foreseen, quote, bound, has_output, habits }
    }

    /// What it needs of budgets and at which prices, if anybody's money is `limited`; the refusal if prices are missing
    /// that must be known.
    pub fn priced(
        &self,
        setup: &Setup,
        ask: &Ask,
        deployment: &Deployment,
        limited: bool,
    ) -> Result<Option<(Quote, Need)>, Fault> {
        if setup.pricing.block_unpriced && !self.tariff.is_known() {
            return Err(unpriced(&deployment.name));
        }
        match self.quote.zip(self.need(ask, deployment)) {
            None if limited => Err(unpriced(&deployment.name)),
            priced => Ok(priced.filter(|_| limited)),
        }
    }

    /// What it needs of budgets; `None` if its prices are not known.
    pub fn need(&self, ask: &Ask, deployment: &Deployment) -> Option<Need> {
        let Forecast { quote, bound, habits, .. } = self;
        let quote = (*quote)?;
        // What is paid by the second is bounded by the time that the answer may take.
        let time = quote.time(deployment.limits.total.as_millis() as u64);
        if !self.has_output {
            let all = quote.worst(self.foreseen.output.unwrap_or(0));
            let cost = Some(all + time);
            return Some(Need { input: all, small: all, likely: cost, worst: cost, obeys: Obeys::Yes, grows: false });
        }
        let small = if habits.is_known() || ask.stream { SMALL } else { SMALL_UNKNOWN };
        let within = |tokens: u64| quote.worst(bound.map_or(tokens, |bound| tokens.min(bound)));
        let free = quote.worst(u64::MAX) + time == Usd::ZERO;
        Some(Need {
            // No provider takes a bound of nothing.
            input: within(ask.answers()),
            small: within(small),
            likely: habits.output().filter(|_| time == Usd::ZERO).map(|tokens| within(tokens.max(ask.answers()))),
            worst: bound.map(|bound| quote.worst(bound) + time).or(free.then_some(Usd::ZERO)),
            obeys: habits.obeys(),
            grows: ask.stream,
        })
    }
}

fn unpriced(model: &str) -> Fault {
    let message = format!(
        "the price of {model} is not known, so it cannot be called on a budget; set input_cost_per_token and \
         output_cost_per_token in its model_info"
    );
    denied(FaultKind::Permission, "model_cost_map_missing", message)
}
