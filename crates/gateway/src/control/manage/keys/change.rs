//! Changes of keys: one, many, and whether they work at all.

use serde_json::{Value, json};
use store::Held;
use store::records::{Key, Organization, Team};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, joined, optional, required};
use super::super::moment;
use super::super::projects;
use super::super::record::{ADDITION, filled, need, touched};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may, stands_for};
use super::super::spend::Spend;
use super::super::visit::{Answer, Visit, answer};
use super::{IN_METADATA, NEW, bounds, find, rename, row, rules, take_duration};
use crate::config::KeyRules;

const KEY: &[Field] = &[required("key", Takes::Text)];

/// Most keys that are changed at once.
const MOST: usize = 500;

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&joined::<6>(&[KEY, ADDITION], &NEW));

/// `POST /key/update`
pub async fn update(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let given = form.take("key");
    let given = given.as_ref().and_then(Value::as_str).unwrap_or_default();
    let management = visit.desk.live.management();
    let row = visit.change(|draft| revise(draft, given, form.clone(), &management.keys)).await?;
    answer(with_key(given, row))
}

fn with_key(given: &str, row: Value) -> Value {
    let mut shown = row;
    shown["key"] = given.into();
    shown
}

/// Plans a change of a key, and says what its row will be.
fn revise(draft: &mut Draft, given: &str, form: Form, by: &KeyRules) -> Result<Value> {
    let (id, held) = find(draft.directory, given)?;
    may(draft.actor, Wish::UseKey(&held.record, "/key/update"), draft.directory)?;
    let key = revised(draft, &held.record, form, by)?;
    rename(draft, &id, held.record.key_alias.as_deref(), key.key_alias.as_deref())?;
    draft.replace(&id, held, &key)?;
    let mut row = row(&id, &key, draft.directory, draft.spend);
    row.insert("token".to_owned(), id.into());
    Ok(Value::Object(row))
}

/// The key as it will be, if `actor` may make it so.
pub fn revised(draft: &Draft, before: &Key, mut form: Form, by: &KeyRules) -> Result<Key> {
    rules::bound(by, &mut form, false)?;
    take_duration(&mut form, draft.now);
    form.take("spend");
    form.take("send_invite_email");
    let mut key: Key = filled(draft, &touched(draft, before), form, &IN_METADATA)?;
    if let Some(user) = key.user_id.as_deref().filter(|_| key.user_id != before.user_id) {
        // Whoever had it before knows its secret.
        key.delegated |= !stands_for(draft.actor, user, draft.directory);
    }
    let manages = bounds::manages(draft.actor, before, draft.directory);
    if (&key.team_id, &key.user_id) != (&before.team_id, &before.user_id) {
        need::<Team>(draft, key.team_id.as_deref(), "team_id")?;
        let wish =
            Wish::CreateKey { user: key.user_id.as_deref(), team: key.team_id.as_deref(), permission: "/key/generate" };
        may(draft.actor, wish, draft.directory)?;
        if !manages {
            return Err(Refusal::forbidden("Only an administrator gives a key to somebody else."));
        }
    }
    if key.organization_id != before.organization_id {
        need::<Organization>(draft, key.organization_id.as_deref(), "organization_id")?;
        if let Some(organization) = &key.organization_id {
            may(draft.actor, Wish::ManageOrganization(organization), draft.directory)?;
        }
    }
    bounds::keeps_within(draft.actor, manages, before, &key, draft.directory)?;
    if (&key.project_id, &key.team_id) != (&before.project_id, &before.team_id) {
        projects::fits(draft.directory, key.project_id.as_deref(), key.team_id.as_deref())?;
    }
    Ok(key)
}

const ONE_OF_MANY: &[Field] = &[
    required("key", Takes::Text),
    optional("budget_id", Takes::Name),
    optional("max_budget", Takes::Dollars),
    optional("team_id", Takes::Name),
    optional("tags", Takes::TEXTS),
];
const MANY: &[Field] = &[required("keys", Takes::ListOf(&Takes::Object(ONE_OF_MANY)))];

/// What `bulk_update` reads.
pub const BULK_UPDATE_FORM: Reads = Reads::Body(&[MANY]);

/// `POST /key/bulk_update`: each key on its own; what fails does not stop the others.
pub async fn bulk_update(visit: Visit) -> Answer {
    let form = visit.form()?;
    may_change_all(&visit)?;
    let mut items = Vec::new();
    for mut item in form.items("keys").unwrap_or_default() {
        let given = item.take("key");
        items.push((given.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), item));
    }
    update_many(visit, items).await
}

fn may_change_all(visit: &Visit) -> Result<()> {
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))
}

const TEAM_KEYS: &[Field] = &[
    required("team_id", Takes::Name),
    optional("key_ids", Takes::TEXTS),
    optional("all_keys_in_team", Takes::Flag),
    required("update_fields", Takes::Map),
];
/// What is changed for many keys of a team at once: nothing about whose they are.
const FOR_ALL: [&str; 15] = [
    "max_budget",
    "budget_id",
    "budget_duration",
    "budget_limits",
    "model_max_budget",
    "tpm_limit",
    "rpm_limit",
    "model_tpm_limit",
    "model_rpm_limit",
    "max_parallel_requests",
    "rpm_limit_type",
    "tpm_limit_type",
    "duration",
    "tags",
    "metadata",
];

/// What `team_bulk_update` reads.
pub const TEAM_BULK_UPDATE_FORM: Reads = Reads::Body(&[TEAM_KEYS]);

/// `POST /team/key/bulk_update`: one change for many keys of a team.
pub async fn team_bulk_update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let team = form.needed("team_id");
    let fields = form.object("update_fields").cloned().unwrap_or_default();
    let known = |name: &String| FOR_ALL.contains(&name.as_str()) || ADDITION.iter().any(|field| field.name() == name);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        let input = fields.get(name).cloned().unwrap_or_default();
        let detail = json!({ "type": "extra_forbidden", "loc": ["body", "update_fields", name],
            "msg": "Extra inputs are not permitted", "input": input });
        return Err(Refusal::invalid(vec![detail]));
    }
    let change = Form::of(Value::Object(fields), &[&[ADDITION], &NEW[..]].concat())?;
    let ids: Vec<String> = visit.read(|directory| {
        may(&visit.actor, Wish::ManageTeam(team), directory)?;
        let in_team = |key: &Key| key.team_id.as_deref() == Some(team);
        if form.flag("all_keys_in_team") == Some(true) {
            return Ok(directory
                .keys
                .iter()
                .filter(|(_, held)| in_team(&held.record))
                .map(|(id, _)| id.clone())
                .collect());
        }
        let given = form
            .texts("key_ids")
            .ok_or_else(|| Refusal::bad("Either key_ids or all_keys_in_team must be provided."))?;
        let foreign = |given: &&String| find(directory, given).is_ok_and(|(_, held)| !in_team(&held.record));
        match given.iter().find(foreign) {
            Some(_) => Err(Refusal::bad_param("key_ids", "one of the keys is in another team")),
            None => Ok(given),
        }
    })?;
    update_many(visit, ids.into_iter().map(|id| (id, change.clone())).collect()).await
}

async fn update_many(visit: Visit, items: Vec<(String, Form)>) -> Answer {
    if items.is_empty() || items.len() > MOST {
        return Err(Refusal::bad(format!("between 1 and {MOST} keys can be updated at once")));
    }
    let management = visit.desk.live.management();
    let (total, mut done, mut failed) = (items.len(), Vec::new(), Vec::new());
    for (given, form) in items {
        match visit.change(|draft| revise(draft, &given, form.clone(), &management.keys)).await {
            Ok(row) => done.push(json!({ "key": given, "key_info": row })),
            Err(why) => failed.push(json!({ "key": given, "key_info": null, "failed_reason": why.message() })),
        }
    }
    answer(json!({ "total_requested": total, "successful_updates": done, "failed_updates": failed }))
}

/// `POST /key/block`
pub async fn block(visit: Visit) -> Answer {
    set_blocked(visit, true, "/key/block").await
}

/// `POST /key/unblock`
pub async fn unblock(visit: Visit) -> Answer {
    set_blocked(visit, false, "/key/unblock").await
}

/// What `block` and `unblock` read.
pub const BLOCK_FORM: Reads = Reads::Body(&[KEY]);

async fn set_blocked(visit: Visit, blocked: bool, permission: &'static str) -> Answer {
    let form = visit.form()?;
    let row = visit
        .change(|draft| {
            let (id, held): (_, &Held<Key>) = find(draft.directory, form.needed("key"))?;
            let before = &held.record;
            may(draft.actor, Wish::UseKey(before, permission), draft.directory)?;
            let key = Key { blocked, ..touched(draft, &**before) };
            // A member whom the team lets unblock keys manages them as far as that goes.
            let manages = before.team_id.is_some() || bounds::manages(draft.actor, before, draft.directory);
            bounds::keeps_within(draft.actor, manages, before, &key, draft.directory)?;
            draft.action = Some(if blocked { "blocked" } else { "unblocked" });
            draft.replace(&id, held, &key)?;
            let mut row = row(&id, &key, draft.directory, draft.spend);
            row.insert("token".to_owned(), id.into());
            Ok(Value::Object(row))
        })
        .await?;
    answer(row)
}

const RESET: &[Field] = &[required("reset_to", Takes::Dollars)];

/// What `reset_spend` reads.
pub const RESET_SPEND_FORM: Reads = Reads::Body(&[RESET]);

/// `POST /key/{key}/reset_spend`: what the key has spent in the current window of its budget.
pub async fn reset_spend(visit: Visit) -> Answer {
    let form = visit.form()?;
    let reset_to = form.dollars("reset_to").unwrap_or_default();
    let shown = visit
        .change(|draft| {
            let (id, held) = find(draft.directory, visit.segment("key"))?;
            let key = &held.record;
            if !bounds::manages(draft.actor, key, draft.directory) {
                may(draft.actor, Wish::ManageAll, draft.directory)?;
            }
            may(draft.actor, Wish::UseKey(key, "/key/update"), draft.directory)?;
            let before = draft.reset_spend(&Spend::subject_of_key(&id, key), &key.allowance, reset_to);
            if reset_to > before {
                let message = format!("reset_to must be at most the current spend ({before})");
                return Err(Refusal::bad_param("reset_to", message));
            }
            Ok(json!({
                "key_hash": id,
                "spend": reset_to.dollars(),
                "previous_spend": before.dollars(),
                "max_budget": key.allowance.max_budget.map(types::Usd::dollars),
                "budget_reset_at": moment::shown_or_null(draft.spend.reset_at(key.allowance.budget_duration.as_deref())),
            }))
        })
        .await?;
    answer(shown)
}
