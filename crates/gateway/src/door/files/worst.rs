//! What a batch of a file costs at worst: the sum over its lines, each foreseen as a call is, at the prices of batches.
//! Counted while the file goes on, so that it is known before anybody makes a batch of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use dialects::json::Json;
use engine::{Caller, Deployment, Setup};
use policy::price::Tariff;
use types::{Fault, Tier, Usage, Usd};

use super::bill::{found, tariff};
use super::lines::Rule;
use super::upstream_name;
use crate::door::routes::front_named;

/// Models of one file that are remembered.
const MOST_MODELS: usize = 64;

/// What the lines of a file cost together; `None` as soon as that of one is not known.
pub type Sum = Rc<Cell<Option<Usd>>>;

/// A model as the lines of a file have it.
struct Known {
    /// What it is called where the file goes, if that is another name.
    upstream: Option<String>,
    tariff: Arc<Tariff>,
    /// Most tokens of an answer.
    most: Option<u64>,
}

impl Known {
    fn of(setup: &Setup, caller: &Caller, deployment: &Deployment, model: &str) -> Result<Self, Fault> {
        let upstream = upstream_name(setup, caller, deployment, model)?;
        let name = upstream.as_deref().unwrap_or(model);
        let own = found(setup, deployment, name).filter(|own| own.model == name);
        let facts = own.map_or_else(|| policy::catalogue::facts(deployment.provider, name), |own| own.facts);
        let tariff = tariff(setup, deployment, Some(name));
        Ok(Known { tariff, most: facts.max_output_tokens, upstream })
    }

    /// What a call costs at worst.
    fn worst(&self, url: &str, body: Json) -> Option<Usd> {
        let input = Some(policy::estimate_body_tokens(body.raw().as_bytes()));
        let quote = self.tariff.quote_of(&Usage { input, ..Usage::default() }, Some(Tier::Batch.as_str()))?;
        let front = front_named(match url.rsplit('/').next() {
            Some("embeddings" | "moderations") => return Some(quote.worst(0)),
            Some("responses") => "responses",
            _ => "openai",
        });
        let each = front.output_bound(body).or(self.most)?;
        Some(quote.worst(each.saturating_mul(front.answers(body).max(1))))
    }
}

/// The rule for the lines of a file that goes to `deployment`, which adds to `sum` what they cost.
pub fn rule(setup: Arc<Setup>, caller: Arc<Caller>, deployment: Arc<Deployment>, sum: Sum) -> Rule {
    let models: RefCell<HashMap<String, Known>> = RefCell::default();
    Box::new(move |model: &str, url: &str, body: Json| {
        let mut models = models.borrow_mut();
        if !models.contains_key(model) {
            if models.len() >= MOST_MODELS {
                models.clear();
            }
            models.insert(model.to_owned(), Known::of(&setup, &caller, &deployment, model)?);
        }
        let Some(known) = models.get(model) else { return Ok(None) };
        sum.set(sum.get().zip(known.worst(url, body)).map(|(all, one)| all + one));
        Ok(known.upstream.clone())
    })
}
