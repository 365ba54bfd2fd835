//! What a call would cost, or has cost, by the prices of the gateway.

use policy::price::{Bill, Cost, Tariff};
use serde_json::{Value, json};
use store::records::Fields;
use types::{Operation, Usage, Usd};

use super::super::form::{Field, Form, Reads, Takes, optional, required};
use super::super::moment;
use super::super::refusal::{Refusal, Result};
use super::super::visit::{Answer, Visit, answer};

const CALCULATE: &[Field] = &[
    optional("model", Takes::Text),
    optional("messages", Takes::ListOf(&Takes::Any)),
    optional("completion_response", Takes::Map),
];

/// What `calculate` reads.
pub const CALCULATE_FORM: Reads = Reads::Body(&[CALCULATE]);

/// `POST /spend/calculate`: of a request the input, of an answer everything.
pub async fn calculate(visit: Visit) -> Answer {
    let form = visit.form()?;
    let response = form.object("completion_response");
    let named = response.and_then(|response| response.get("model")).and_then(Value::as_str);
    let model = form.text("model").or(named).ok_or_else(|| {
        Refusal::bad_param("model", "Either model or completion_response with a model must be passed in")
    })?;
    let usage = match (response, form.get("messages")) {
        (Some(response), _) => usage_of_answer(response),
        (None, Some(messages)) => {
            let tokens = policy::estimate_body_tokens(messages.to_string().as_bytes());
            Usage { input: Some(tokens), ..Usage::default() }
        }
        (None, None) => {
            return Err(Refusal::bad("Bad Request - Either messages or completion_response must be passed in"));
        }
    };
    let cost = cost(&visit, model, &usage)?;
    answer(json!({ "cost": cost.total.dollars() }))
}

/// What an answer consumed, as the dialect that it is in reads it; of a part of an answer, what its `usage` says.
fn usage_of_answer(answer: &Fields) -> Usage {
    let usage = answer.get("usage").unwrap_or(&Value::Null);
    let name = if usage.get("input_tokens").is_some() { "anthropic" } else { "openai" };
    let body = Value::Object(answer.clone()).to_string();
    let back = dialects::BACKS.iter().find(|back| back.name() == name);
    let read = back.and_then(|back| back.glance_answer(Operation::Chat, body.as_bytes()).ok());
    read.filter(|read| read.input.is_some()).unwrap_or_else(|| usage_of(usage))
}

fn usage_of(usage: &Value) -> Usage {
    let count = |names: &[&str]| names.iter().find_map(|name| usage.pointer(name)?.as_u64());
    let cache_read = count(&[
        "/prompt_tokens_details/cached_tokens",
        "/input_tokens_details/cached_tokens",
        "/cache_read_input_tokens",
    ]);
    let cache_write = count(&["/cache_creation_input_tokens"]);
    let input = count(&["/prompt_tokens"]).or_else(|| {
        let fresh = count(&["/input_tokens"])?;
        if usage.get("input_tokens_details").is_some() {
            return Some(fresh);
        }
        // In Anthropic's words the parts are beside the whole.
        Some(fresh + cache_read.unwrap_or(0) + cache_write.unwrap_or(0))
    });
    Usage {
        input,
        cache_read,
        cache_write,
        output: count(&["/completion_tokens", "/output_tokens"]),
        reasoning: count(&["/completion_tokens_details/reasoning_tokens", "/output_tokens_details/reasoning_tokens"]),
        ..Usage::default()
    }
}

/// What it costs at the first deployment that the model means.
fn cost(visit: &Visit, model: &str, usage: &Usage) -> Result<Cost> {
    let tariff = tariff(visit, model)?;
    let bill = Bill { at: moment::now() / 1000, ..Bill::default() };
    let unknown = || Refusal::bad_param("model", format!("The price of {model} is not known."));
    tariff.cost(usage, &bill).ok_or_else(unknown)
}

fn tariff(visit: &Visit, model: &str) -> Result<std::sync::Arc<Tariff>> {
    let setup = visit.desk.live.setup();
    let named = visit.caller.alias(model);
    visit.caller.may_reach(&setup, named)?;
    let found = setup.find(named);
    let deployment = found.as_ref().and_then(|(group, star)| Some((group.deployments.first()?, star)));
    match deployment {
        Some((deployment, star)) => Ok(deployment.pricing.tariff(&deployment.upstream_model(star.as_deref()))),
        None => Err(Refusal::bad_param("model", format!("No model is called {model} here."))),
    }
}

const ESTIMATE: &[Field] = &[
    required("model", Takes::Text),
    optional("input_tokens", Takes::Count),
    optional("output_tokens", Takes::Count),
    optional("num_requests", Takes::Count),
    optional("num_requests_per_day", Takes::Count),
    optional("num_requests_per_month", Takes::Count),
];

/// What `estimate` reads.
pub const ESTIMATE_FORM: Reads = Reads::Body(&[ESTIMATE]);

/// `POST /cost/estimate`: one request, and many of them.
pub async fn estimate(visit: Visit) -> Answer {
    let form = visit.form()?;
    let model = form.needed("model");
    let count = |name: &str| form.count(name).unwrap_or(0);
    let usage = Usage { input: Some(count("input_tokens")), output: Some(count("output_tokens")), ..Usage::default() };
    let cost = cost(&visit, model, &usage)?;
    let times = |form: &Form, name: &str| form.count(name).map(|count| cost.total.times(count).dollars());
    answer(json!({
        "model": model,
        "input_tokens": count("input_tokens"),
        "output_tokens": count("output_tokens"),
        "cost_per_request": cost.total.dollars(),
        "input_cost_per_request": cost.input.dollars(),
        "output_cost_per_request": cost.output.dollars(),
        "margin_cost_per_request": (cost.margin - cost.discount).max(Usd::ZERO).dollars(),
        "num_requests_per_day": form.count("num_requests_per_day"),
        "num_requests_per_month": form.count("num_requests_per_month"),
        "total_cost": times(&form, "num_requests"),
        "daily_cost": times(&form, "num_requests_per_day"),
        "monthly_cost": times(&form, "num_requests_per_month"),
    }))
}
