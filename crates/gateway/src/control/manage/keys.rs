//! Virtual keys: what is sent about them, and how they are shown. The secret is shown once, when it is made; only its
//! hash is kept.

mod bounds;
mod change;
mod create;
mod delete;
mod list;
mod rotate;
mod rules;

use serde_json::{Value, json};
use store::records::{Fields, Key};
use store::{Directory, Held, hash_key};

pub use bounds::loosened;
pub use change::{
    BLOCK_FORM, BULK_UPDATE_FORM, RESET_SPEND_FORM, TEAM_BULK_UPDATE_FORM, UPDATE_FORM, block, bulk_update,
    reset_spend, team_bulk_update, unblock, update,
};
pub use create::{GENERATE_FORM, generate, generate_for_service, issue};
pub use delete::{DELETE_FORM, delete, remove};
pub use list::{INFO_FORM, INFOS_FORM, LIST_FORM, aliases, health, info, infos, list};
pub use rotate::{REGENERATE_FORM, REGENERATE_NAMED_FORM, regenerate, regenerate_named};

use super::actor::KEY_PREFIX;
use super::draft::{Draft, holder};
use super::form::{Field, Form, Takes, optional};
use super::moment;
use super::record::{self, metadata, show_allowance};
use super::refusal::{Refusal, Result};
use super::spend::Spend;

/// The claim that makes an alias unique.
const ALIAS: &str = "key_alias";
/// Shortest key that somebody may choose who is no administrator: a short one can be guessed.
const SHORTEST: usize = 16;
/// Longest key.
const LONGEST: usize = 256;

/// What a key has beside budgets and limits.
const FIELDS: &[Field] = &[
    optional("key_alias", Takes::Name),
    optional("duration", Takes::Lifetime),
    optional("models", Takes::TEXTS),
    optional("aliases", Takes::MapOf(&Takes::Text)),
    optional("user_id", Takes::Name),
    optional("team_id", Takes::Name),
    optional("organization_id", Takes::Name),
    optional("project_id", Takes::Name),
    optional("agent_id", Takes::Name),
    optional("blocked", Takes::Flag),
    optional("permissions", Takes::Map),
    optional("metadata", Takes::Map),
    optional("config", Takes::Map),
    optional("allowed_routes", Takes::TEXTS),
    optional("allowed_cache_controls", Takes::TEXTS),
    optional("key_type", Takes::OneOf(&["llm_api", "management", "read_only", "default"])),
    optional("object_permission", Takes::Map),
    optional("router_settings", Takes::Map),
    optional("access_group_ids", Takes::NAMES),
    optional("budget_fallbacks", Takes::MapOf(&Takes::TEXTS)),
    optional("auto_rotate", Takes::Flag),
    optional("rotation_interval", Takes::Span),
    optional("spend", Takes::Dollars),
    optional("send_invite_email", Takes::Flag),
];

/// What the incumbent keeps in the metadata of keys beside the rules that teams have too.
const THERE: &[Field] = &[
    optional("throttle_on_budget_exceeded", Takes::Flag),
    optional("allowed_vector_store_indexes", Takes::ListOf(&Takes::Map)),
    optional("rpm_limit_type", LIMIT_TYPE),
    optional("tpm_limit_type", LIMIT_TYPE),
    optional("mcp_rpm_limit", Takes::MapOf(&Takes::Count)),
    optional("tag_rpm_limit", Takes::MapOf(&Takes::Count)),
    optional("default_estimated_output_tokens", Takes::Count),
    optional("default_estimated_output_tokens_per_model", Takes::MapOf(&Takes::Count)),
];

const LIMIT_TYPE: Takes = Takes::OneOf(&["guaranteed_throughput", "best_effort_throughput", "dynamic"]);

/// What is kept in the metadata of a key.
const IN_METADATA: [&[Field]; 2] = [record::RULES, THERE];
/// All that a new key takes.
pub const NEW: [&[Field]; 4] = [FIELDS, record::RULES, THERE, record::ALLOWANCE];

/// The id of a key that is named by itself or by its hash.
pub fn id_of(given: &str) -> String {
    if given.starts_with(KEY_PREFIX) { hash_key(given) } else { given.to_owned() }
}

/// A key that somebody names.
pub fn find<'d>(directory: &'d Directory, given: &str) -> Result<(String, &'d Held<Key>)> {
    let id = id_of(given);
    // One that was rotated goes by its old name for as long as it works.
    let id = directory.retired_keys.get(&id).map_or(id, |retired| retired.record.active.clone());
    match directory.keys.get(&id) {
        Some(held) if held.record.session.is_none() => Ok((id, held)),
        _ => Err(Refusal::not_found("key", "Key not found in database")),
    }
}

/// What may be shown of a key.
fn name_of(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    let last: String = characters[characters.len().saturating_sub(4)..].iter().collect();
    format!("{KEY_PREFIX}...{last}")
}

/// Refuses a key of somebody's own choice that could not be sent, or that could be guessed.
fn check_secret(secret: &str, shortest: usize) -> Result<()> {
    let refuse = |why: String| Err(Refusal::bad_param("key", why));
    if !secret.starts_with(KEY_PREFIX) {
        return refuse(format!("Invalid key format. LiteLLM Virtual Key must start with '{KEY_PREFIX}'"));
    }
    if secret.len() < shortest.max(KEY_PREFIX.len() + 1) || secret.len() > LONGEST {
        return refuse(format!("Invalid key format. A key must be {shortest} to {LONGEST} characters long"));
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("Invalid key format. A key must be of visible ASCII characters".to_owned());
    }
    Ok(())
}

/// Sets when a key ends, if a `duration` was sent.
fn take_duration(form: &mut Form, now: i64) {
    let Some(duration) = form.take("duration") else { return };
    match duration.as_str() {
        Some(super::form::FOR_EVER) => form.set("expires", Value::Null),
        Some(text) => {
            if let Some(span) = policy::Span::parse(text) {
                form.set("expires", moment::after(now, span.seconds()));
            }
        }
        None => {}
    }
}

/// Gives a key its alias, and takes the old one away.
fn rename(draft: &mut Draft, id: &str, before: Option<&str>, after: Option<&str>) -> Result<()> {
    if before == after {
        return Ok(());
    }
    if let Some(alias) = after {
        if holder(draft.directory, ALIAS, alias).is_some() {
            let message =
                format!("Key with alias '{alias}' already exists. Unique key aliases across all keys are required.");
            return Err(Refusal::bad_param("key_alias", message));
        }
        draft.claim(ALIAS, alias, id)?;
    }
    match before {
        Some(alias) => draft.release(ALIAS, alias),
        None => Ok(()),
    }
}

/// A key as a row of the incumbent's table, without the hash.
pub fn row(id: &str, key: &Key, directory: &Directory, spend: &Spend) -> Fields {
    let extra = |name: &str| key.extra.get(name).cloned().unwrap_or_default();
    let or = |name: &str, usual: Value| key.extra.get(name).cloned().unwrap_or(usual);
    let fields = json!({
        "key_name": key.key_name,
        "key_alias": key.key_alias,
        "soft_budget_cooldown": false,
        "spend": spend.of_key(id, key, directory),
        "expires": moment::shown_or_null(key.expires),
        "models": key.models,
        "aliases": key.aliases,
        "config": or("config", json!({})),
        "router_settings": extra("router_settings"),
        "user_id": key.user_id,
        "team_id": key.team_id,
        "agent_id": extra("agent_id"),
        "project_id": key.project_id,
        "organization_id": key.organization_id,
        "org_id": key.organization_id,
        "permissions": key.permissions,
        "metadata": metadata(&key.metadata, &key.allowance),
        "blocked": key.blocked,
        "model_spend": {},
        "budget_fallbacks": or("budget_fallbacks", json!({})),
        "allowed_cache_controls": key.allowed_cache_controls,
        "allowed_routes": key.allowed_routes,
        "key_type": extra("key_type"),
        "policies": key.metadata.get("policies").cloned().unwrap_or_else(|| json!([])),
        "access_group_ids": or("access_group_ids", json!([])),
        "object_permission_id": null,
        "object_permission": extra("object_permission"),
        "created_at": moment::shown(key.origin.created_at),
        "created_by": key.origin.created_by,
        "updated_at": moment::shown(key.origin.updated_at),
        "updated_by": key.origin.updated_by,
        "last_active": null,
        "rotation_count": key.rotation_count,
        "auto_rotate": or("auto_rotate", json!(false)),
        "rotation_interval": extra("rotation_interval"),
        "last_rotation_at": moment::shown_or_null(key.last_rotation_at),
        "key_rotation_at": null,
    });
    let Value::Object(mut row) = fields else { return Fields::new() };
    show_allowance(&mut row, &key.allowance, directory, spend);
    if key.delegated {
        row.insert("delegated".to_owned(), true.into());
    }
    row
}

/// What the maker of a key gets to see, with its secret.
fn issued(id: &str, key: &Key, secret: &str, directory: &Directory, spend: &Spend) -> Value {
    let mut row = row(id, key, directory, spend);
    for field in IN_METADATA.into_iter().flatten() {
        let value = key.metadata.get(field.name()).cloned().unwrap_or_default();
        row.insert(field.name().to_owned(), value);
    }
    for (name, value) in [("key", secret), ("token", id), ("token_id", id)] {
        row.insert(name.to_owned(), value.into());
    }
    Value::Object(row)
}

/// What is wrong with fields that the operator wants new ones to have.
pub fn misfit(fields: &Fields) -> Option<String> {
    Form::of(Value::Object(fields.clone()), &NEW).err().map(|refusal| refusal.message())
}
