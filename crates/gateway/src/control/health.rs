//! How deployments are: `/health` (looked at now, or in the background), `/health/latest` and `/health/history`, in the
//! incumbent's words. Everybody sees what they may call.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use engine::{Caller, Deployment};
use serde_json::{Value, json};

use super::manage::{self, Answer, Field, Form, Takes, answer, optional};
use crate::config::{Means, Shown};
use crate::health::{Finding, served};
use crate::live::Live;

/// Rows that are shown unless somebody says how many, and the most.
const ROWS: usize = 100;
const MOST_ROWS: usize = 1_000;

pub const FILTERS: &[Field] = &[
    optional("model", Takes::Text),
    optional("model_id", Takes::Text),
    optional("status_filter", Takes::OneOf(&["healthy", "unhealthy"])),
    optional("limit", Takes::Count),
    optional("offset", Takes::Count),
];

/// `GET /health`: who is well and who is not.
pub async fn now(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>, request: Request) -> Answer {
    let filters = filters(&request)?;
    let models = live.models();
    let meant = meant(&live, &models, &caller, &filters);
    let rules = live.management().health.clone();
    // Who looks in the background has looked. Answers cost money: only who runs the gateway has them made.
    if !rules.background {
        let pays = manage::sees_all(&live, &caller);
        let may = |shown: &Shown| pays || shown.look.means == Means::Listing;
        let ids: HashSet<String> =
            meant.iter().filter(|(shown, _)| may(shown)).map(|(shown, _)| shown.id.clone()).collect();
        live.findings.ask(ids).await;
    }
    let known =
        meant.iter().filter_map(|(shown, deployment)| Some((*shown, *deployment, live.findings.last(&shown.id)?)));
    let (well, ill): (Vec<_>, Vec<_>) = known.partition(|(.., finding)| finding.trouble.is_none());
    let rows = |found: &[(&Shown, &Arc<Deployment>, Finding)]| -> Vec<Value> {
        found.iter().map(|(shown, deployment, finding)| endpoint(shown, deployment, finding, rules.details)).collect()
    };
    answer(json!({
        "healthy_endpoints": rows(&well),
        "unhealthy_endpoints": rows(&ill),
        "healthy_count": well.len(),
        "unhealthy_count": ill.len(),
    }))
}

/// `GET /health/latest`: what was found last, by deployment.
pub async fn latest(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    request: Request,
) -> Answer {
    let filters = filters(&request)?;
    let models = live.models();
    let meant = meant(&live, &models, &caller, &filters);
    let rows =
        meant.iter().filter_map(|(shown, _)| Some((shown.id.clone(), row(shown, &live.findings.last(&shown.id)?))));
    let rows: serde_json::Map<String, Value> = rows.collect();
    answer(json!({ "total_models": rows.len(), "latest_health_checks": rows }))
}

/// `GET /health/history`: what was found lately, the newest first.
pub async fn history(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    request: Request,
) -> Answer {
    let filters = filters(&request)?;
    let models = live.models();
    let wanted = filters.text("status_filter");
    let number = |name: &str, usual: usize| filters.count(name).map_or(usual, |number| number as usize);
    let (limit, offset) = (number("limit", ROWS).min(MOST_ROWS), number("offset", 0));
    let mut all: Vec<(&Shown, Finding)> = Vec::new();
    for (shown, _) in meant(&live, &models, &caller, &filters) {
        let findings = live.findings.of(&shown.id).into_iter();
        let fits = |finding: &Finding| wanted.is_none_or(|wanted| wanted == status(finding));
        all.extend(findings.filter(fits).map(|finding| (shown, finding)));
    }
    all.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.at_ms));
    let rows: Vec<Value> = all.iter().skip(offset).take(limit).map(|(shown, finding)| row(shown, finding)).collect();
    answer(json!({ "health_checks": rows, "total_records": all.len(), "limit": limit, "offset": offset }))
}

/// The deployments that are meant, as far as the caller may call them.
fn meant<'m>(
    live: &Live,
    models: &'m [Shown],
    caller: &Caller,
    filters: &Form,
) -> Vec<(&'m Shown, &'m Arc<Deployment>)> {
    let setup = live.setup();
    let fits = |name: &str, value: &[&str]| filters.text(name).is_none_or(|wanted| value.contains(&wanted));
    let meant = served(models).filter(|(shown, deployment)| {
        fits("model", &[&shown.name, &deployment.name]) && fits("model_id", &[&shown.id])
    });
    meant.filter(|(shown, _)| caller.may_reach(&setup, &shown.name).is_ok()).collect()
}

/// A deployment as `/health` tells of it.
fn endpoint(shown: &Shown, deployment: &Deployment, finding: &Finding, in_detail: bool) -> Value {
    if !in_detail {
        return json!({ "model": deployment.name, "model_id": shown.id });
    }
    let (calls_well, calls_failed) = deployment.health.recent();
    json!({
        "model": deployment.name,
        "model_name": shown.name,
        "model_id": shown.id,
        "api_base": deployment.endpoint.url(),
        "checked_by": means(finding),
        "checked_at": time(finding.at_ms),
        "response_time_ms": finding.took.as_millis() as u64,
        "error": finding.trouble,
        "rests_for_ms": deployment.health.rest_left().as_millis() as u64,
        "calls_under_way": deployment.health.busy(),
        "calls_this_minute": { "succeeded": calls_well, "failed": calls_failed },
    })
}

/// A finding as a row of a list.
fn row(shown: &Shown, finding: &Finding) -> Value {
    let is_well = finding.trouble.is_none();
    json!({
        "model_name": shown.name,
        "model_id": shown.id,
        "status": status(finding),
        "healthy_count": u8::from(is_well),
        "unhealthy_count": u8::from(!is_well),
        "error_message": finding.trouble,
        "response_time_ms": finding.took.as_millis() as u64,
        "checked_by": means(finding),
        "checked_at": time(finding.at_ms),
    })
}

fn status(finding: &Finding) -> &'static str {
    if finding.trouble.is_none() { "healthy" } else { "unhealthy" }
}

fn means(finding: &Finding) -> &'static str {
    if finding.answered { "completion" } else { "listing" }
}

fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string()
}

fn filters(request: &Request) -> Result<Form, manage::Refusal> {
    Form::query(request.uri().query().unwrap_or_default(), &[FILTERS])
}
