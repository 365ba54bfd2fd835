//! Looking at keys: one, some, all that somebody may see.

use serde_json::{Value, json};
use store::records::{Fields, Key};
use store::{Audit, AuditFilter, Directory};

use super::super::actor::Actor;
use super::super::form::{Field, Form, Reads, Takes, optional};
use super::super::moment;
use super::super::page::{PAGE, Page};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::spend::Spend;
use super::super::visit::{Answer, Visit, answer};
use super::{find, id_of, row};

const KEY: &[Field] = &[optional("key", Takes::Text)];
const KEYS: &[Field] = &[optional("keys", Takes::TEXTS)];

/// Most keys that are named at once to be shown.
const MOST_SHOWN: usize = 1000;

/// What `info` reads.
pub const INFO_FORM: Reads = Reads::Query(&[KEY]);

/// `GET /key/info`: the key that is named, or the caller's own.
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let given = form.text("key").map_or_else(|| visit.actor.key_hash.clone(), str::to_owned);
    let shown = visit.read(|directory| {
        let (id, held) = find(directory, &given)?;
        may(&visit.actor, Wish::SeeKey(&id, &held.record), directory)?;
        Ok(Value::Object(row(&id, &held.record, directory, &visit.spend)))
    })?;
    answer(json!({ "key": given, "info": shown }))
}

/// What `infos` reads.
pub const INFOS_FORM: Reads = Reads::Body(&[KEYS]);

/// `POST /v2/key/info`: several keys; those that are not there, or that the caller may not see, are left out.
pub async fn infos(visit: Visit) -> Answer {
    let form = visit.form()?;
    let keys = form.texts("keys").ok_or_else(|| Refusal::bad_param("keys", "No keys passed in"))?;
    if keys.len() > MOST_SHOWN {
        return Err(Refusal::bad_param("keys", format!("at most {MOST_SHOWN} keys are shown at once")));
    }
    let shown = visit.read(|directory| {
        let visible = |given: &String| {
            let (id, held) = find(directory, given).ok()?;
            may(&visit.actor, Wish::SeeKey(&id, &held.record), directory).ok()?;
            let mut row = row(&id, &held.record, directory, &visit.spend);
            row.insert("token".to_owned(), id.into());
            Some(Value::Object(row))
        };
        Ok(keys.iter().filter_map(visible).collect::<Vec<_>>())
    })?;
    answer(json!({ "key": keys, "info": shown }))
}

/// `POST /key/health`: the caller's own key works, or it would not have come this far.
pub async fn health(_visit: Visit) -> Answer {
    answer(json!({ "key": "healthy", "logging_callbacks": null }))
}

const FILTERS: &[Field] = &[
    optional("user_id", Takes::Text),
    optional("team_id", Takes::Text),
    optional("organization_id", Takes::Text),
    optional("project_id", Takes::Text),
    optional("agent_id", Takes::Text),
    optional("access_group_id", Takes::Text),
    optional("key_hash", Takes::Text),
    optional("key_alias", Takes::Text),
    optional("search", Takes::Text),
    optional("status", Takes::Text),
    optional("expires", Takes::Text),
    optional("return_full_object", Takes::Flag),
    optional("include_team_keys", Takes::Flag),
    optional("include_created_by_keys", Takes::Flag),
    optional("expand", Takes::TEXTS),
];

/// What `list` and `aliases` read.
pub const LIST_FORM: Reads = Reads::Query(&[FILTERS, PAGE]);

/// `GET /key/list`
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let gone = match form.text("status") {
        Some("deleted") => Some(deleted(&visit).await?),
        _ => None,
    };
    let page = visit.read(|directory| match &gone {
        Some(gone) => Page::of(deleted_rows(&visit, &form, gone, directory), &form, 10, "deleted_at"),
        None => Page::of(rows(&visit.actor, &form, directory, &visit.spend), &form, 10, "created_at"),
    })?;
    let full =
        form.flag("return_full_object") == Some(true) || form.texts("expand").is_some_and(|expand| !expand.is_empty());
    let pages = page.pages();
    let shown = page.rows.into_iter().map(|mut row| match full {
        true => Value::Object(row),
        false => row.remove("token").unwrap_or_default(),
    });
    let shown: Vec<Value> = shown.collect();
    answer(json!({ "keys": shown, "total_count": page.total, "current_page": page.number, "total_pages": pages }))
}

/// `GET /key/aliases`
pub async fn aliases(visit: Visit) -> Answer {
    let form = visit.form()?;
    let page = visit.read(|directory| {
        let rows = rows(&visit.actor, &form, directory, &visit.spend).filter(|row| !row["key_alias"].is_null());
        let mut ascending = form.clone();
        ascending.set_missing("sort_order", "asc");
        Page::of(rows, &ascending, 50, "key_alias")
    })?;
    let pages = page.pages();
    let shown: Vec<Value> = page.rows.into_iter().map(|mut row| row.remove("key_alias").unwrap_or_default()).collect();
    answer(json!({
        "aliases": shown,
        "total_count": page.total,
        "current_page": page.number,
        "total_pages": pages,
        "size": page.size,
    }))
}

/// Most deleted keys that are listed: the last ones.
const MOST_DELETED: i64 = 1000;

/// Keys that were deleted, the last ones first, as the audit has them.
async fn deleted(visit: &Visit) -> Result<Vec<Audit>> {
    let kind = Some(store::Kind::Key.name().to_owned());
    let filter = AuditFilter { action: Some("deleted".to_owned()), kind, ..AuditFilter::default() };
    Ok(visit.store().audit(&filter, 0, MOST_DELETED, MOST_DELETED).await?.0)
}

fn deleted_rows(visit: &Visit, form: &Form, gone: &[Audit], directory: &Directory) -> Vec<Fields> {
    let shown = gone.iter().filter_map(|change| {
        let key: Key = serde_json::from_str(change.before.as_deref()?).ok()?;
        let id = change.object_id.as_str();
        let wanted = key.session.is_none()
            && fits(form, id, &key, visit.spend.now)
            && is_listed(&visit.actor, form, id, &key, directory);
        let mut row = wanted.then(|| full(id, &key, directory, &visit.spend))?;
        row.insert("deleted_at".to_owned(), moment::shown(change.changed_at));
        row.insert("deleted_by".to_owned(), json!(change.changed_by));
        row.insert("deleted_by_api_key".to_owned(), json!(change.key_hash));
        Some(row)
    });
    shown.collect()
}

fn rows<'a>(
    actor: &'a Actor,
    form: &'a Form,
    directory: &'a Directory,
    spend: &'a Spend,
) -> impl Iterator<Item = Fields> + 'a {
    let wanted =
        move |id: &str, key: &Key| fits(form, id, key, spend.now) && is_listed(actor, form, id, key, directory);
    let kept = directory.keys.iter().filter(|(_, held)| held.record.session.is_none());
    let found = kept.filter(move |(id, held)| wanted(id, &held.record));
    found.map(|(id, held)| full(id, &held.record, directory, spend))
}

fn full(id: &str, key: &Key, directory: &Directory, spend: &Spend) -> Fields {
    let mut shown = row(id, key, directory, spend);
    let team = key.team_id.as_deref().and_then(|id| directory.teams.get(id));
    let user = key.user_id.as_deref().and_then(|id| directory.users.get(id));
    shown.insert("token".to_owned(), id.into());
    shown.insert("team_alias".to_owned(), json!(team.and_then(|held| held.record.team_alias.clone())));
    shown.insert("user_email".to_owned(), json!(user.and_then(|held| held.record.user_email.clone())));
    shown
}

/// Whether a list shows the key: one's own, those of teams one manages if they are asked for, all to whoever sees
/// everything.
fn is_listed(actor: &Actor, form: &Form, id: &str, key: &Key, directory: &Directory) -> bool {
    if actor.sees_everything() || id == actor.key_hash {
        return true;
    }
    let own = key.user_id.as_deref().is_some_and(|user| actor.is(user));
    let made = form.flag("include_created_by_keys") == Some(true)
        && key.origin.created_by.as_deref().is_some_and(|user| actor.is(user));
    let of_team = (form.flag("include_team_keys") == Some(true) || form.text("team_id").is_some())
        && key.team_id.is_some()
        && may(actor, Wish::UseKey(key, "/key/list"), directory).is_ok();
    own || made && may(actor, Wish::SeeKey(id, key), directory).is_ok() || of_team
}

fn fits(form: &Form, id: &str, key: &Key, now: i64) -> bool {
    let same = |name: &str, value: Option<&str>| form.text(name).is_none_or(|wanted| value == Some(wanted));
    let extra = |name: &str| key.extra.get(name).and_then(Value::as_str);
    let search = form.text("search").is_none_or(|part| {
        let part = part.to_lowercase();
        let texts = [key.key_alias.as_deref(), Some(&key.key_name), Some(id), key.user_id.as_deref()];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&part))
    });
    let group = form.text("access_group_id").is_none_or(|wanted| {
        let groups = key.extra.get("access_group_ids").and_then(Value::as_array).into_iter().flatten();
        groups.into_iter().any(|group| group == wanted)
    });
    let expired = key.expires.is_some_and(|expires| expires <= now);
    let alive = match form.text("status").or(form.text("expires")) {
        Some("expired") => expired,
        Some("active") => !expired && !key.blocked,
        Some("blocked") => key.blocked,
        _ => true,
    };
    same("user_id", key.user_id.as_deref())
        && same("team_id", key.team_id.as_deref())
        && same("organization_id", key.organization_id.as_deref())
        && same("project_id", key.project_id.as_deref())
        && same("agent_id", extra("agent_id"))
        && same("key_alias", key.key_alias.as_deref())
        && form.text("key_hash").is_none_or(|wanted| id_of(wanted) == id)
        && search
        && group
        && alive
}
