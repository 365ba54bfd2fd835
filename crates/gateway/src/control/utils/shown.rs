//! How an explanation is shown: as JSON, for people and programs. What others have left is for those alone who may see
//! everything; credentials are for nobody.

use axum::http::{HeaderMap, HeaderValue};
use engine::{Dropped, Excess, Explanation, Judged, Look, Means, RuleSaid, Upstream};
use policy::Strategy;
use policy::router::Bar;
use serde_json::{Map, Value, json};
use types::{Fault, Usd};

/// Payers whose budgets a key may see, for they are its own.
const OWN: [&str; 3] = ["api_key", "user", "model_per_key"];
/// Payers whose limits it may see: those that every answer tells it.
const TOLD: [&str; 7] = ["api_key", "user", "model_per_key", "team", "team_member", "organization", "end_user"];

/// All of it. `in_full` tells whether what deployments have left is part of it.
pub fn explanation(explanation: &Explanation, in_full: bool) -> Value {
    let Explanation { model, router, route, input_tokens, payers, groups, fault } = explanation;
    let chosen = groups.last().filter(|look| look.fault.is_none());
    json!({
        "model": model,
        "router": router.as_ref().map(|(name, rules)| json!({
            "name": name,
            "rules": rules.iter().map(|said| rule(said, in_full)).collect::<Vec<_>>(),
            "decision": route,
        })),
        "input_tokens": input_tokens,
        "payers": payers
            .iter()
            .filter(|one| in_full || TOLD.contains(&one.kind))
            .map(|one| means(one, in_full || OWN.contains(&one.kind)))
            .collect::<Vec<_>>(),
        "groups": groups.iter().map(|look| group(look, in_full)).collect::<Vec<_>>(),
        "chosen": chosen.and_then(|look| look.candidates.iter().find(|one| one.chosen)).map(|one| &one.deployment.id),
        "upstream_request": chosen.and_then(|look| look.upstream.as_ref()).map(upstream),
        "error": fault.as_ref().map(error),
    })
}

/// What a rule said; of models that the asker may not call only `in_full`.
fn rule(said: &RuleSaid, in_full: bool) -> Value {
    let told = said.barred.iter().filter(|(_, bar)| in_full || *bar != Bar::Access);
    let barred = told.map(|(model, bar)| {
        let why = match bar {
            Bar::Access => "not allowed, or unknown",
            Bar::Price => "costs more than max_price, or nobody knows what",
        };
        json!({ "model": model, "reason": why })
    });
    json!({
        "name": said.rule,
        "condition_not_met": said.unmet,
        "models_left_out": barred.collect::<Vec<_>>(),
        "model": said.model,
    })
}

fn group(look: &Look, in_full: bool) -> Value {
    json!({
        "model_group": look.group,
        "strategy": strategy(look.strategy),
        "candidates": look.candidates.iter().map(|one| candidate(one, in_full)).collect::<Vec<_>>(),
        "messages_left_out": look.left_out,
        "error": look.fault.as_ref().map(error),
    })
}

fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::SimpleShuffle => "simple-shuffle",
        Strategy::LeastBusy => "least-busy",
        Strategy::Latency { .. } => "latency-based-routing",
        Strategy::Usage => "usage-based-routing",
        Strategy::Cost => "cost-based-routing",
        Strategy::Affinity => "affinity",
    }
}

fn candidate(one: &Judged, in_full: bool) -> Value {
    let foreseen = &one.foreseen;
    let mut shown = json!({
        "model_id": one.deployment.id,
        "model": one.deployment.name,
        "chosen": one.chosen,
        "kept": one.dropped.is_none(),
        "reason": one.dropped.as_ref().map(dropped),
        "score": one.worth.map(|worth| worth.score).filter(|score| score.is_finite()),
        "chance": one.worth.map_or(0.0, |worth| worth.chance),
        "calls_under_way": one.busy,
        "rests_for_ms": one.rests.as_millis() as u64,
        "expected": {
            "input_tokens": foreseen.input_tokens,
            "max_output_tokens": foreseen.most_output_tokens,
            "least_cost": foreseen.least.map(Usd::dollars),
            "likely_cost": foreseen.likely.map(Usd::dollars),
            "worst_cost": foreseen.worst.map(Usd::dollars),
        },
    });
    if in_full {
        shown["left"] = one.means.iter().map(|one| means(one, true)).collect();
    }
    shown
}

/// Why a deployment is out of the question: a word for programs, and what belongs to it.
fn dropped(why: &Dropped) -> Value {
    match why {
        Dropped::Tags => json!({ "type": "tags" }),
        Dropped::Region => json!({ "type": "region" }),
        Dropped::Issuer => json!({ "type": "issuer" }),
        Dropped::Context(Excess { tokens, window, is_doubtful }) => {
            json!({ "type": "context", "tokens": tokens, "window": window, "doubtful": is_doubtful })
        }
        Dropped::Rests => json!({ "type": "rest" }),
        Dropped::Order => json!({ "type": "order" }),
        Dropped::Full(what, left, wait_ms) => {
            json!({ "type": "limit", "limit": what, "remaining": left, "fits_in_ms": wait_ms })
        }
        Dropped::Spent(until) => json!({ "type": "budget", "spent_until_ms": until }),
    }
}

/// What somebody has left; of their money only if it may be `seen`.
fn means(means: &Means, seen: bool) -> Value {
    let limits =
        means.limits.iter().map(|(what, limit, left)| json!({ "limit_type": what, "limit": limit, "remaining": left }));
    let budgets = means.budgets.iter().filter(|_| seen).map(|money| {
        json!({
            "max_budget": money.limit.dollars(),
            "budget_duration": money.span.map(|span| span.to_string()),
            "spend": money.spent.dollars(),
            "held": money.held.dollars(),
            "remaining": (money.limit - money.spent - money.held).or_zero().dollars(),
        })
    });
    json!({
        "type": means.kind,
        "name": means.name,
        "limits": limits.collect::<Vec<_>>(),
        "budgets": budgets.collect::<Vec<_>>(),
    })
}

fn upstream(upstream: &Upstream) -> Value {
    json!({
        "url": upstream.url,
        "headers": headers(&upstream.headers),
        "body": body(&upstream.body),
        "dropped_params": upstream.dropped,
        "held": upstream.hold.filter(|hold| *hold < Usd::MAX).map(Usd::dollars),
    })
}

/// The body that a provider would get.
pub fn body(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// The headers that it would get: credentials as stars.
pub fn headers(headers: &HeaderMap) -> Value {
    let text = |value: &HeaderValue| match value.is_sensitive() {
        true => "***".to_owned(),
        false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    let fields = headers.iter().map(|(name, value)| (name.to_string(), Value::String(text(value))));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn error(fault: &Fault) -> Value {
    json!({
        "message": fault.message,
        "code": fault.code,
        "param": fault.param,
        "status": fault.status(),
        "retry_after_ms": fault.retry_after.map(|wait| wait.as_millis() as u64),
    })
}
