//! From what somebody sent to what is kept: fields that records of several kinds share.

use serde_json::{Value, json};
use store::records::{Allowance, Budget, Fields, Record, Spender};
use store::{Directory, Kind};

use super::draft::Draft;
use super::form::{Field, Form, Takes, optional, required};
use super::moment;
use super::refusal::{Refusal, Result};
use super::spend::Spend;

/// Budgets and limits.
pub const ALLOWANCE: &[Field] = &[
    optional("max_budget", Takes::Dollars),
    optional("soft_budget", Takes::Dollars),
    optional("budget_duration", Takes::Span),
    optional("budget_id", Takes::Name),
    optional("budget_limits", Takes::ListOf(&Takes::Object(WINDOW))),
    optional("tpm_limit", Takes::Count),
    optional("rpm_limit", Takes::Count),
    optional("tpd_limit", Takes::Count),
    optional("max_parallel_requests", Takes::Count),
    optional("model_max_budget", Takes::MapOf(&Takes::Object(MODEL_BUDGET))),
    optional("model_rpm_limit", Takes::MapOf(&Takes::Count)),
    optional("model_tpm_limit", Takes::MapOf(&Takes::Count)),
];

/// An addition to a budget that ends by itself.
pub const ADDITION: &[Field] =
    &[optional("temp_budget_increase", Takes::Dollars), optional("temp_budget_expiry", Takes::Moment)];

const WINDOW: &[Field] = &[required("budget_duration", Takes::Span), required("max_budget", Takes::Dollars)];
const MODEL_BUDGET: &[Field] = &[
    optional("budget_limit", Takes::Dollars),
    optional("max_budget", Takes::Dollars),
    optional("time_period", Takes::Span),
    optional("budget_duration", Takes::Span),
    optional("tpm_limit", Takes::Count),
    optional("rpm_limit", Takes::Count),
];

/// Limits by model, which the incumbent keeps in `metadata`: they are taken from there, and shown there.
const IN_METADATA: [&str; 2] = ["model_rpm_limit", "model_tpm_limit"];

/// What the incumbent keeps in the metadata of keys and teams.
pub const RULES: &[Field] = &[
    optional("tags", Takes::TEXTS),
    optional("guardrails", Takes::TEXTS),
    optional("policies", Takes::TEXTS),
    optional("prompts", Takes::TEXTS),
    optional("disable_global_guardrails", Takes::Flag),
    optional("enforced_params", Takes::TEXTS),
    optional("allowed_passthrough_routes", Takes::TEXTS),
    optional("loop_breaker", Takes::Object(LOOP_BREAKER)),
];

/// What a key or a team wants to be done when it runs in circles; times are whole seconds.
const LOOP_BREAKER: &[Field] = &[
    optional("action", Takes::OneOf(&["off", "alert", "slow", "block"])),
    optional("same", Takes::Positive),
    optional("window", Takes::Positive),
    optional("burst", Takes::Positive),
    optional("burst_floor", Takes::Count),
    optional("delay", Takes::Count),
    optional("block_for", Takes::Positive),
];

/// A new record that says nothing yet.
pub fn blank<T: Spender>(draft: &Draft) -> T {
    let mut record = T::default();
    *record.origin() = draft.origin();
    record
}

/// A record that is about to be changed.
pub fn touched<T: Spender>(draft: &Draft, before: &T) -> T {
    let mut record = before.clone();
    *record.origin() = draft.changed(record.origin());
    record
}

/// The record with what was sent; the fields of `in_metadata` go into its metadata. A shared budget that it did not
/// refer to before must be there.
pub fn filled<T: Spender>(draft: &Draft, base: &T, form: Form, in_metadata: &[&[Field]]) -> Result<T> {
    let nothing = Fields::new();
    let record: T = changed(base, settle(form, base.metadata().unwrap_or(&nothing), in_metadata)?)?;
    if record.allowance().budget_id != base.allowance().budget_id {
        need_budget(draft, record.allowance())?;
    }
    Ok(record)
}

/// The record with other values; null takes a value away.
pub fn changed<T: Record>(record: &T, changes: Fields) -> Result<T> {
    let defect = |why: serde_json::Error| {
        tracing::error!("a {} cannot be changed: {why}", T::KIND.name());
        Refusal::internal()
    };
    let mut body = serde_json::to_value(record).map_err(defect)?;
    if let Value::Object(fields) = &mut body {
        for (name, value) in changes {
            match value {
                Value::Null => drop(fields.remove(&name)),
                value => drop(fields.insert(name, value)),
            }
        }
    }
    serde_json::from_value(body).map_err(defect)
}

/// Makes of the sent fields those of a record: what belongs into `metadata` is put there (`in_metadata`), limits by
/// model are taken out of it. What `metadata` holds is replaced where something else was sent.
pub fn settle(form: Form, before: &Fields, in_metadata: &[&[Field]]) -> Result<Fields> {
    let mut fields = form.into_fields();
    let sent = fields.remove("metadata");
    let mut metadata = match &sent {
        Some(Value::Object(sent)) => sent.clone(),
        _ => before.clone(),
    };
    let mut touched = sent.is_some();
    for name in in_metadata.iter().flat_map(|table| table.iter()).map(Field::name) {
        let Some(value) = fields.remove(name) else { continue };
        touched = true;
        match value {
            Value::Null => drop(metadata.remove(name)),
            value => drop(metadata.insert(name.to_owned(), value)),
        }
    }
    for name in IN_METADATA {
        if let Some(value) = metadata.remove(name) {
            let limits = Form::of(json!({ name: value }), &[ALLOWANCE])?;
            if let Some(value) = limits.get(name) {
                fields.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    if touched {
        fields.insert("metadata".to_owned(), Value::Object(metadata));
    }
    one_name_for_model_budgets(&mut fields);
    Ok(fields)
}

/// Budgets by model have two names for each of their values; a record that had both could not be read.
fn one_name_for_model_budgets(fields: &mut Fields) {
    let Some(Value::Object(models)) = fields.get_mut("model_max_budget") else { return };
    for budget in models.values_mut().filter_map(Value::as_object_mut) {
        for (usual, other) in [("budget_limit", "max_budget"), ("time_period", "budget_duration")] {
            if let Some(value) = budget.remove(other) {
                budget.entry(usual).or_insert(value);
            }
        }
    }
}

/// `metadata` as the incumbent shows it.
pub fn metadata(own: &Fields, allowance: &Allowance) -> Value {
    let mut shown = own.clone();
    let limits = [&allowance.model_rpm_limit, &allowance.model_tpm_limit];
    for (name, limits) in IN_METADATA.into_iter().zip(limits).filter(|(_, limits)| !limits.is_empty()) {
        shown.insert(name.to_owned(), json!(limits));
    }
    Value::Object(shown)
}

/// Puts budgets and limits into `row`, as the incumbent's tables have them.
pub fn show_allowance(row: &mut Fields, allowance: &Allowance, directory: &Directory, spend: &Spend) {
    let mut put = |name: &str, value: Value| drop(row.insert(name.to_owned(), value));
    let dollars = |amount: Option<types::Usd>| json!(amount.map(types::Usd::dollars));
    put("max_budget", dollars(allowance.max_budget));
    put("soft_budget", dollars(allowance.soft_budget));
    put("budget_duration", json!(allowance.budget_duration));
    put("budget_reset_at", moment::shown_or_null(spend.reset_at(allowance.budget_duration.as_deref())));
    put("budget_id", json!(allowance.budget_id));
    put("tpm_limit", json!(allowance.tpm_limit));
    put("rpm_limit", json!(allowance.rpm_limit));
    put("tpd_limit", json!(allowance.tpd_limit));
    put("max_parallel_requests", json!(allowance.max_parallel_requests));
    put("model_max_budget", json!(allowance.model_max_budget));
    put("model_rpm_limit", map_or_null(&allowance.model_rpm_limit));
    put("model_tpm_limit", map_or_null(&allowance.model_tpm_limit));
    let windows = allowance.budget_limits.iter().map(|window| {
        let reset = spend.reset_at(Some(&window.budget_duration));
        json!({
            "budget_duration": window.budget_duration,
            "max_budget": window.max_budget.map(types::Usd::dollars),
            "reset_at": moment::shown_or_null(reset),
        })
    });
    let windows: Vec<Value> = windows.collect();
    put("budget_limits", if windows.is_empty() { Value::Null } else { windows.into() });
    let shared = allowance.budget_id.as_deref().and_then(|id| Some((id, directory.budgets.get(id)?)));
    put("litellm_budget_table", shared.map_or(Value::Null, |(id, held)| budget_row(id, &held.record, spend)));
}

fn map_or_null(limits: &std::collections::BTreeMap<String, u64>) -> Value {
    if limits.is_empty() { Value::Null } else { json!(limits) }
}

/// A shared budget as a row of the incumbent's table.
pub fn budget_row(id: &str, budget: &Budget, spend: &Spend) -> Value {
    let allowance = &budget.allowance;
    json!({
        "budget_id": id,
        "max_budget": allowance.max_budget.map(types::Usd::dollars),
        "soft_budget": allowance.soft_budget.map(types::Usd::dollars),
        "max_parallel_requests": allowance.max_parallel_requests,
        "tpm_limit": allowance.tpm_limit,
        "rpm_limit": allowance.rpm_limit,
        "tpd_limit": allowance.tpd_limit,
        "model_max_budget": allowance.model_max_budget,
        "budget_duration": allowance.budget_duration,
        "budget_reset_at": moment::shown_or_null(spend.reset_at(allowance.budget_duration.as_deref())),
        "allowed_models": budget.allowed_models,
        "created_at": moment::shown(budget.origin.created_at),
        "created_by": budget.origin.created_by,
        "updated_at": moment::shown(budget.origin.updated_at),
        "updated_by": budget.origin.updated_by,
    })
}

/// Refuses a budget that is not there: without it everything would be allowed.
pub fn need_budget(draft: &Draft, allowance: &Allowance) -> Result<()> {
    need::<Budget>(draft, allowance.budget_id.as_deref(), "budget_id")
}

/// Refuses to refer to what is not there.
pub fn need<T: Record>(draft: &Draft, id: Option<&str>, param: &str) -> Result<()> {
    match id {
        Some(id) if draft.find::<T>(id).is_none() => Err(missing(T::KIND, param, id)),
        _ => Ok(()),
    }
}

/// There is no such thing.
pub fn missing(kind: Kind, param: &str, id: &str) -> Refusal {
    let shown: String = id.chars().take(80).collect();
    let name = match kind {
        Kind::Budget => "Budget",
        Kind::Customer => "End User",
        Kind::Organization => "Organization",
        Kind::Project => "Project",
        Kind::Tag => "Tag",
        Kind::Team => "Team",
        Kind::TeamMember | Kind::OrganizationMember => "Member",
        Kind::User => "User",
        Kind::Model => "Model",
        Kind::Credential => "Credential",
        Kind::PassThrough => "Endpoint",
        _ => "Object",
    };
    Refusal::not_found(param, format!("{name} not found, passed {param}={shown}"))
}
