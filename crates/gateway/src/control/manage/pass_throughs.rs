//! Paths that are passed on: those of the configuration are shown, and changed there; others are added while running.
//! Headers, and whatever else may be a secret, are kept sealed and never shown again.

use std::sync::Arc;

use engine::{FieldGuard, Passage};
use serde_json::{Value, json};
use store::records::{Fields, PassThrough};
use store::{Directory, Held, Kind};

use super::draft::Draft;
use super::form::{Field, Reads, Takes, optional, required};
use super::models::{close, open, seal, serve};
use super::moment;
use super::record::missing;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::visit::{Answer, Visit, answer};
use crate::config::{Added, is_secret};
use crate::seal::Seal;

const NEW: &[Field] = &[optional("id", Takes::Name), required("path", Takes::Name), required("target", Takes::Text)];
const CHANGED: &[Field] =
    &[optional("id", Takes::Name), optional("path", Takes::Name), optional("target", Takes::Text)];
const SETTINGS: &[Field] = &[
    optional("headers", Takes::MapOf(&Takes::Text)),
    optional("default_query_params", Takes::Map),
    optional("include_subpath", Takes::Flag),
    optional("auth", Takes::Flag),
    optional("forward_headers", Takes::Flag),
    optional("cost_per_request", Takes::Dollars),
    optional("methods", Takes::TEXTS),
    optional("timeout", Takes::Positive),
    optional("guardrails", Takes::Any),
    optional("is_from_config", Takes::Flag),
];
const WHICH: &[Field] = &[optional("endpoint_id", Takes::Name)];
const ONE: &[Field] = &[required("endpoint_id", Takes::Name)];

/// What stands in the place of a secret. Whoever sends it back leaves the secret as it is.
const STARS: &str = "****";
/// Fields that are in the record itself, or that nobody sets.
const APART: [&str; 3] = ["id", "path", "is_from_config"];
/// The list of a team with the paths that its keys have.
const OF_TEAM: &str = "allowed_passthrough_routes";

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[NEW, SETTINGS]);

/// `POST /config/pass_through_endpoint`
pub async fn create(visit: Visit) -> Answer {
    let form = visit.form()?;
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))?;
    let seal = seal(&visit)?;
    let id = form.text("id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    let path = form.needed("path").to_owned();
    let mut params = form.into_fields();
    params.retain(|name, value| !APART.contains(&name.as_str()) && !value.is_null());
    let record = PassThrough { path, params: close(&seal, &params)?, ..PassThrough::default() };
    try_out(&visit, &id, &record).await?;
    let made = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            if draft.find::<PassThrough>(&id).is_some() {
                return Err(Refusal::bad_param("id", format!("Endpoint with id={id} already exists.")));
            }
            let record = PassThrough { origin: draft.origin(), ..record.clone() };
            draft.create(&id, &record)?;
            Ok(record)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "endpoints": [row(&id, &made, &seal)] }))
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[CHANGED, SETTINGS]);

/// `POST /config/pass_through_endpoint/{endpoint_id}`: what is sent comes in the place of what is there; null takes
/// something away.
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = visit.segment("endpoint_id").to_owned();
    let seal = seal(&visit)?;
    let path = form.text("path").map(str::to_owned);
    let given = form.into_fields();
    let planned = |held: &Held<PassThrough>| {
        let mut record = PassThrough::clone(&held.record);
        let mut params = open(&seal, &record.params)?;
        for (name, value) in given.iter().filter(|(name, _)| !APART.contains(&name.as_str())) {
            match value {
                Value::Null => drop(params.remove(name)),
                value => {
                    let kept = kept(name, value, params.get(name));
                    params.insert(name.clone(), kept);
                }
            }
        }
        record.params = close(&seal, &params)?;
        record.path = path.clone().unwrap_or(record.path);
        Ok(record)
    };
    let record = visit.read(|directory| {
        may(&visit.actor, Wish::ManageAll, directory)?;
        planned(find(&visit, directory, &id)?)
    })?;
    try_out(&visit, &id, &record).await?;
    let made = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(&visit, draft.directory, &id)?;
            let record = PassThrough { origin: draft.changed(&held.record.origin), ..planned(held)? };
            draft.replace(&id, held, &record)?;
            Ok(record)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "endpoints": [row(&id, &made, &seal)] }))
}

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Query(&[ONE]);

/// `DELETE /config/pass_through_endpoint`
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (id, seal) = (form.needed("endpoint_id").to_owned(), seal(&visit)?);
    let gone = visit
        .change(|draft: &mut Draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(&visit, draft.directory, &id)?;
            draft.remove(&id, held)?;
            Ok(held.record.clone())
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "endpoints": [row(&id, &gone, &seal)] }))
}

/// What `list` and `of_team` read.
pub const LIST_FORM: Reads = Reads::Query(&[WHICH]);

/// `GET /config/pass_through_endpoint`: all, or the one with this id.
pub async fn list(visit: Visit) -> Answer {
    shown(visit, |_, _| Ok(true))
}

/// `GET /config/pass_through_endpoint/team/{team_id}`: those that keys of a team have, if its metadata names some.
pub async fn of_team(visit: Visit) -> Answer {
    let id = visit.segment("team_id").to_owned();
    shown(visit, move |path, directory| {
        let team = directory.teams.get(&id).ok_or_else(|| missing(Kind::Team, "team_id", &id))?;
        let Some(Value::Array(named)) = team.record.metadata.get(OF_TEAM) else { return Ok(true) };
        let covers = |entry: &str| policy::routes::covers(entry, path) || path == entry.trim_end_matches(['*', '/']);
        Ok(named.iter().filter_map(Value::as_str).any(covers))
    })
}

fn shown(visit: Visit, is_meant: impl Fn(&str, &Directory) -> Result<bool>) -> Answer {
    let form = visit.form()?;
    let (id, seal) = (form.text("endpoint_id"), seal(&visit)?);
    let setup = visit.desk.live.setup();
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let of_file = setup.passages.declared().filter(|passage| !directory.pass_throughs.contains_key(id_of(passage)));
        let mut rows: Vec<(String, Value)> =
            of_file.map(|passage| (passage.prefix.clone(), declared(passage))).collect();
        let mut own: Vec<_> = directory.pass_throughs.iter().collect();
        own.sort_by_key(|(id, held)| (held.record.origin.created_at, *id));
        rows.extend(own.into_iter().map(|(id, held)| (held.record.path.clone(), row(id, &held.record, &seal))));
        let mut meant = Vec::new();
        for (path, row) in rows {
            if id.is_none_or(|id| row["id"] == id) && is_meant(&path, directory)? {
                meant.push(row);
            }
        }
        match (id, meant.is_empty()) {
            (Some(id), true) => Err(not_found(id)),
            _ => Ok(meant),
        }
    })?;
    answer(json!({ "endpoints": rows }))
}

/// One that was added, or why it is not there to be changed.
fn find<'d>(visit: &Visit, directory: &'d Directory, id: &str) -> Result<&'d Held<PassThrough>> {
    directory.pass_throughs.get(id).ok_or_else(|| {
        let setup = visit.desk.live.setup();
        match setup.passages.declared().any(|passage| id_of(passage) == id) {
            true => {
                Refusal::bad_param("endpoint_id", format!("{id} is declared in the configuration: change it there."))
            }
            false => not_found(id),
        }
    })
}

fn not_found(id: &str) -> Refusal {
    missing(Kind::PassThrough, "endpoint_id", id)
}

/// Refuses what could not be served.
async fn try_out(visit: &Visit, id: &str, record: &PassThrough) -> Result<()> {
    let mut added = visit.read(|directory| Ok(Added::of(directory)))?;
    added.passages.retain(|(other, _)| other != id);
    added.passages.push((id.to_owned(), Arc::new(record.clone())));
    let live = visit.desk.live.clone();
    let loaded = tokio::task::spawn_blocking(move || live.try_out(&added)).await;
    let left_out = loaded.map_err(|_| Refusal::internal())?.map(|loaded| loaded.left_out).unwrap_or_default();
    match left_out.into_iter().find(|(other, _)| other == id) {
        Some((_, why)) => Err(Refusal::bad(format!("This path cannot be served: {why}"))),
        None => Ok(()),
    }
}

/// A value as it is kept: where stars were sent back, what is there.
fn kept(name: &str, value: &Value, before: Option<&Value>) -> Value {
    match (value, before) {
        (Value::Object(fields), Some(Value::Object(before))) => {
            let kept = |(name, value): (&String, &Value)| {
                let old = before.get(name).filter(|_| value == STARS);
                (name.clone(), old.unwrap_or(value).clone())
            };
            Value::Object(fields.iter().map(kept).collect())
        }
        (Value::String(text), Some(Value::String(before))) if name == "target" && *text == bare(before) => {
            before.as_str().into()
        }
        (value, _) => value.clone(),
    }
}

/// One of the database as its row.
fn row(id: &str, record: &PassThrough, seal: &Seal) -> Value {
    let params = open(seal, &record.params).unwrap_or_default();
    let get = |name: &str| params.get(name).cloned().unwrap_or(Value::Null);
    let map = |name: &str| params.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let flag = |name: &str, usual: bool| params.get(name).and_then(Value::as_bool).unwrap_or(usual);
    let query = map("default_query_params");
    json!({
        "id": id,
        "path": record.path,
        "target": params.get("target").and_then(Value::as_str).map(bare),
        "headers": map("headers").keys().map(|name| (name.clone(), STARS.into())).collect::<Fields>(),
        "default_query_params": query.iter().map(|(name, value)| hidden(name, value)).collect::<Fields>(),
        "include_subpath": flag("include_subpath", false),
        "auth": flag("auth", true),
        "forward_headers": flag("forward_headers", false),
        "cost_per_request": get("cost_per_request"),
        "methods": get("methods"),
        "timeout": get("timeout"),
        "guardrails": get("guardrails"),
        "is_from_config": false,
        "created_at": moment::shown(record.origin.created_at),
        "created_by": record.origin.created_by,
        "updated_at": moment::shown(record.origin.updated_at),
        "updated_by": record.origin.updated_by,
    })
}

/// One of the configuration as such a row.
fn declared(passage: &Passage) -> Value {
    let lender = passage.lenders.first();
    let headers = lender.into_iter().flat_map(|lender| lender.headers.keys());
    let query = passage.query.iter().map(|(name, value)| hidden(name, &value.as_str().into()));
    let names: Vec<&str> = passage.guards.iter().map(|FieldGuard { name, .. }| name.as_str()).collect();
    json!({
        "id": id_of(passage),
        "path": passage.prefix,
        "target": lender.map(|lender| lender.endpoint.url()),
        "headers": headers.map(|name| (name.to_string(), STARS.into())).collect::<Fields>(),
        "default_query_params": query.collect::<Fields>(),
        "include_subpath": passage.subpaths,
        "auth": !passage.is_open,
        "forward_headers": passage.forwards_headers,
        "cost_per_request": passage.cost.map(types::Usd::dollars),
        "methods": Some(&passage.methods).filter(|methods| !methods.is_empty()),
        "timeout": passage.timeout.map(|timeout| timeout.as_secs_f64()),
        "guardrails": Some(names).filter(|names| !names.is_empty()),
        "is_from_config": true,
    })
}

fn id_of(passage: &Passage) -> &str {
    passage.lenders.first().map_or(&*passage.prefix, |lender| &*lender.id)
}

fn hidden(name: &str, value: &Value) -> (String, Value) {
    let shown = if is_secret(name, value) || name == "key" { STARS.into() } else { value.clone() };
    (name.to_owned(), shown)
}

/// An address without what may be a secret in its query.
fn bare(target: &str) -> String {
    let Some((address, query)) = target.split_once('?') else { return target.to_owned() };
    let field = |field: &str| match field.split_once('=') {
        Some((name, _)) if is_secret(name, &Value::from("")) || name == "key" => format!("{name}={STARS}"),
        _ => field.to_owned(),
    };
    format!("{address}?{}", query.split('&').map(field).collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_stars_and_stars_that_come_back_are_the_secrets() {
        assert_eq!(bare("https://a.b/c?api_key=s&x=1&key=t"), "https://a.b/c?api_key=****&x=1&key=****");
        assert_eq!(hidden("token", &"s".into()), ("token".to_owned(), "****".into()));
        assert_eq!(hidden("lang", &"de".into()), ("lang".to_owned(), "de".into()));
        let (before, sent) = (json!({ "a": "1", "b": "2" }), json!({ "a": "****", "c": "****", "d": "3" }));
        let expected = json!({ "a": "1", "c": "****", "d": "3" });
        assert_eq!(kept("headers", &sent, Some(&before)), expected);
        let target = json!("https://a.b?key=s");
        assert_eq!(kept("target", &"https://a.b?key=****".into(), Some(&target)), target);
        assert_eq!(kept("target", &"https://x.y".into(), Some(&target)), json!("https://x.y"));
    }
}
