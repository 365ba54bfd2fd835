//! What is served, as clients and dashboards ask for it: entry by entry, and by the names that callers use.

use std::collections::BTreeMap;

use engine::{Deployment, Setup};
use policy::catalogue::{self, Kind};
use policy::limits::Limits;
use policy::router::{Router, Rule};
use serde_json::{Value, json};
use store::records::Fields;

use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::page::{PAGE, Page};
use super::super::refusal::{Refusal, Result};
use super::super::visit::{Answer, Visit, answer};
use crate::config::Shown;

const FILTERS: &[Field] = &[
    optional("litellm_model_id", Takes::Text),
    optional("modelId", Takes::Text),
    optional("model", Takes::Text),
    optional("search", Takes::Text),
    optional("teamId", Takes::Text),
    optional("blocked", Takes::Flag),
    optional("sortBy", Takes::Text),
    optional("sortOrder", Takes::OneOf(&["asc", "desc"])),
];

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[FILTERS]);

/// `GET /model/info`, `GET /v1/model/info`: entries that the caller may call.
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let rows = entries(&visit, &form);
    match form.text("litellm_model_id") {
        Some(id) if rows.is_empty() => {
            Err(Refusal::not_found("litellm_model_id", format!("Model id = {id} not found on litellm proxy")))
        }
        _ => answer(json!({ "data": rows })),
    }
}

/// What `list_pages` reads.
pub const LIST_PAGES_FORM: Reads = Reads::Query(&[FILTERS, PAGE]);

/// `GET /v2/model/info`: the same in pages.
pub async fn list_pages(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    for (from, to) in [("sortBy", "sort_by"), ("sortOrder", "sort_order")] {
        if let Some(value) = form.take(from) {
            form.set(to, value);
        }
    }
    form.set_missing("sort_order", "asc");
    let page = Page::of(entries(&visit, &form), &form, 50, "model_name")?;
    let pages = page.pages();
    answer(json!({
        "data": page.rows,
        "total_count": page.total,
        "current_page": page.number,
        "total_pages": pages,
        "size": page.size,
    }))
}

fn entries(visit: &Visit, form: &Form) -> Vec<Fields> {
    let (live, setup) = (&visit.desk.live, visit.desk.live.setup());
    let wanted = form.text("litellm_model_id").or(form.text("modelId"));
    let fits = |shown: &&Shown| {
        let public = shown.info.get("team_public_model_name").and_then(Value::as_str);
        let team = shown.info.get("team_id").and_then(Value::as_str);
        wanted.is_none_or(|id| shown.id == id)
            && form.text("model").is_none_or(|name| shown.name == name)
            && form.text("teamId").is_none_or(|id| team == Some(id))
            && form.flag("blocked").is_none_or(|blocked| shown.blocked == blocked)
            && form.text("search").is_none_or(|part| {
                let part = part.to_lowercase();
                [Some(shown.name.as_str()), public]
                    .into_iter()
                    .flatten()
                    .any(|name| name.to_lowercase().contains(&part))
            })
            && may_see(visit, &setup, shown)
    };
    let mut rows: Vec<Fields> = live.models().iter().filter(fits).map(entry).collect();
    // A router is no deployment: filters for those leave it out.
    if wanted.is_none() && form.text("teamId").is_none() && form.flag("blocked") != Some(true) {
        let named = |name: &str| form.text("model").is_none_or(|wanted| wanted == name);
        let found =
            |name: &str| form.text("search").is_none_or(|part| name.to_lowercase().contains(&part.to_lowercase()));
        let mut routers: Vec<_> = setup.routers.iter().filter(|(name, _)| !setup.hidden.contains(name)).collect();
        routers.sort_by_key(|(name, _)| *name);
        let meant = routers.into_iter().filter(|(name, _)| named(name) && found(name));
        rows.extend(meant.filter_map(|(name, router)| router_entry(visit, &setup, name, router)));
    }
    rows
}

/// A router as an entry; `None` if the caller may call nothing that it leads to. How it decides is for those who see
/// everything.
fn router_entry(visit: &Visit, setup: &Setup, name: &str, router: &Router) -> Option<Fields> {
    let in_full = visit.actor.sees_everything();
    let mut models: Vec<&str> = router.models().collect();
    models.sort_unstable();
    models.dedup();
    models.retain(|model| in_full || visit.caller.may_reach(setup, model).is_ok());
    let rule = |rule: &Rule| {
        json!({
            "name": rule.name,
            "models": rule.arms.iter().map(|arm| json!({ "model": arm.model, "weight": arm.weight })).collect::<Vec<_>>(),
            "experiment": rule.experiment,
            "escalate": rule.escalate,
            "checks": rule.checks.iter().map(|check| check.name()).collect::<Vec<_>>(),
            "examples": rule.when.like.as_ref().map_or(0, |like| like.examples.len()),
        })
    };
    let rules = in_full.then(|| router.rules.iter().map(rule).collect::<Vec<_>>());
    let row = json!({
        "model_name": name,
        "litellm_params": { "model": "auto_router/rules" },
        "model_info": {
            "id": name,
            "db_model": false,
            "litellm_provider": "auto_router",
            "mode": "chat",
            "models": models,
            "embedding_model": router.embedder.as_ref().map(|embedder| &embedder.model),
            "rules": rules,
        },
        "blocked": false,
    });
    match row {
        Value::Object(row) if !models.is_empty() => Some(row),
        _ => None,
    }
}

/// Whether the caller may know of an entry: it may call it, or sees everything, or manages the team it belongs to.
fn may_see(visit: &Visit, setup: &Setup, shown: &Shown) -> bool {
    if visit.actor.sees_everything() {
        return true;
    }
    let team = shown.info.get("team_id").and_then(Value::as_str);
    let managed = team
        .is_some_and(|team| visit.read(|directory| Ok(visit.actor.manages_team(directory, team))).unwrap_or_default());
    managed || visit.caller.may_reach(setup, &shown.name).is_ok()
}

fn entry(shown: &Shown) -> Fields {
    let mut info = shown.deployment.as_deref().map(facts).unwrap_or_default();
    info.extend(shown.info.clone());
    info.insert("id".to_owned(), shown.id.as_str().into());
    info.insert("db_model".to_owned(), shown.added.into());
    let mut row = Fields::new();
    row.insert("model_name".to_owned(), shown.name.as_str().into());
    row.insert("litellm_params".to_owned(), Value::Object(shown.params.clone()));
    row.insert("model_info".to_owned(), Value::Object(info));
    row.insert("blocked".to_owned(), shown.blocked.into());
    row
}

/// What is known about the model of a deployment, in the names of the incumbent's price map.
fn facts(deployment: &Deployment) -> Fields {
    let (facts, abilities) = (&deployment.facts, &deployment.facts.abilities);
    let listed = catalogue::lookup(deployment.provider, &deployment.model);
    let tariff = deployment.pricing.tariff(&deployment.model);
    let price = |kind: Kind| tariff.list.base.price(kind).map(|picos| picos as f64 / 1e12);
    let known = json!({
        "key": listed.map(|entry| entry.key()),
        "litellm_provider": deployment.provider,
        "mode": listed.map_or("chat", |entry| entry.mode()),
        "max_tokens": facts.max_output_tokens,
        "max_input_tokens": facts.max_input_tokens,
        "max_output_tokens": facts.max_output_tokens,
        "input_cost_per_token": price(Kind::Input),
        "output_cost_per_token": price(Kind::Output),
        "cache_read_input_token_cost": tariff.list.base.stated(Kind::CacheRead).map(|picos| picos as f64 / 1e12),
        "cache_creation_input_token_cost": tariff.list.base.stated(Kind::CacheWrite).map(|picos| picos as f64 / 1e12),
        "supports_vision": listed.and_then(|entry| entry.vision()),
        "supports_function_calling": listed.and_then(|entry| entry.tools()),
        "supports_reasoning": abilities.reasoning,
        "supports_response_schema": abilities.structured_output,
        "supports_assistant_prefill": abilities.prefill,
        "supports_system_messages": true,
        "supported_openai_params": params(deployment),
    });
    match known {
        Value::Object(known) => known,
        _ => Fields::new(),
    }
}

/// Parameters of OpenAI's chat API that the model takes.
fn params(deployment: &Deployment) -> Vec<&'static str> {
    let abilities = &deployment.facts.abilities;
    let always =
        ["stream", "stream_options", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice", "user"];
    let sampling = ["temperature", "top_p"].into_iter().filter(|_| abilities.sampling);
    let reasoning = ["reasoning_effort"].into_iter().filter(|_| abilities.reasoning);
    let schema = ["response_format"].into_iter().filter(|_| abilities.structured_output);
    always.into_iter().chain(sampling).chain(reasoning).chain(schema).collect()
}

/// What `groups` reads.
pub const GROUPS_FORM: Reads = Reads::Query(&[&[optional("model_group", Takes::Text)]]);

/// `GET /model_group/info`: the names that the caller may call, and what stands behind each.
pub async fn groups(visit: Visit) -> Answer {
    let form = visit.form()?;
    let setup = visit.desk.live.setup();
    let groups = setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group));
    let mut named = BTreeMap::new();
    for group in groups {
        let wanted = form.text("model_group").is_none_or(|name| name == group.name);
        if wanted && !setup.hidden.contains(&group.name) && visit.caller.may_reach(&setup, &group.name).is_ok() {
            named.insert(group.name.as_str(), &group.deployments);
        }
    }
    let rows: Result<Vec<Value>> = named.into_iter().map(|(name, deployments)| Ok(group(name, deployments))).collect();
    answer(json!({ "data": rows? }))
}

/// A group: the widest window, the highest price, and what any of its deployments can do.
fn group(name: &str, deployments: &[std::sync::Arc<Deployment>]) -> Value {
    let all: Vec<Fields> = deployments.iter().map(|deployment| facts(deployment)).collect();
    let most = |field: &str| {
        let numbers = all.iter().filter_map(|facts| facts[field].as_f64());
        let most = numbers.fold(None, |most: Option<f64>, number| Some(most.map_or(number, |most| most.max(number))));
        match (most, field.ends_with("tokens")) {
            (Some(most), true) => json!(most as u64),
            (most, _) => json!(most),
        }
    };
    let any = |field: &str| all.iter().any(|facts| facts[field] == true);
    let sum = |value: fn(&Deployment) -> f64| {
        let sum: f64 = deployments.iter().map(|deployment| value(deployment)).sum();
        if sum > 0.0 { json!(sum as u64) } else { Value::Null }
    };
    let limit = |of: fn(&Limits) -> Option<u64>| {
        let limits = deployments.iter().filter_map(|deployment| of(&deployment.bounds.limits));
        limits.reduce(u64::saturating_add)
    };
    let mut providers: Vec<&str> = deployments.iter().map(|deployment| deployment.provider).collect();
    providers.sort_unstable();
    providers.dedup();
    let own: Vec<&String> = deployments.iter().flat_map(|deployment| &deployment.client_params).collect();
    json!({
        "model_group": name,
        "providers": providers,
        "max_input_tokens": most("max_input_tokens"),
        "max_output_tokens": most("max_output_tokens"),
        "input_cost_per_token": most("input_cost_per_token"),
        "output_cost_per_token": most("output_cost_per_token"),
        "mode": all.first().map(|facts| facts["mode"].clone()),
        "tpm": sum(|deployment| deployment.member.tpm),
        "rpm": sum(|deployment| deployment.member.rpm),
        "itpm": limit(|limits| limits.itpm),
        "otpm": limit(|limits| limits.otpm),
        "supports_parallel_function_calling": false,
        "supports_vision": any("supports_vision"),
        "supports_web_search": false,
        "supports_url_context": false,
        "supports_reasoning": any("supports_reasoning"),
        "supports_function_calling": any("supports_function_calling"),
        "supported_openai_params": deployments.first().map(|deployment| params(deployment)),
        "configurable_clientside_auth_params": if own.is_empty() { Value::Null } else { json!(own) },
        "is_public_model_group": false,
        "health_status": null,
    })
}
