//! Tags: what calls are for.

use serde_json::{Map, Value, json};
use store::records::Tag;
use store::{Directory, Held, Kind};

use super::draft::Draft;
use super::form::{Field, Form, Reads, Takes, optional, required};
use super::moment;
use super::people::bounds_row;
use super::record::{ALLOWANCE, blank, filled, missing, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::spend::Spend;
use super::visit::{Answer, Visit, answer};

const FIELDS: &[Field] = &[
    required("name", Takes::Name),
    optional("description", Takes::Text),
    optional("models", Takes::TEXTS),
    optional("model_info", Takes::Map),
];
const NAME: &[Field] = &[required("name", Takes::Name)];
const NAMES: &[Field] = &[required("names", Takes::TEXTS)];

/// What `create` and `update` read.
pub const CHANGE_FORM: Reads = Reads::Body(&[FIELDS, ALLOWANCE]);

/// The tag that a form names, and what it says about it.
fn named(visit: &Visit) -> Result<(String, Form)> {
    let mut form = visit.form()?;
    let name = form.needed("name").to_owned();
    form.take("name");
    Ok((name, form))
}

/// `POST /tag/new`
pub async fn create(visit: Visit) -> Answer {
    let (name, form) = named(&visit)?;
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            if draft.find::<Tag>(&name).is_some() {
                return Err(Refusal::bad_param("name", format!("Tag {name} already exists")));
            }
            let tag = filled(draft, &blank(draft), form.clone(), &[])?;
            draft.create(&name, &tag)?;
            Ok(row(&name, &tag, draft.directory, draft.spend))
        })
        .await?;
    answer(json!({ "message": format!("Tag {name} created successfully"), "tag": row }))
}

/// `POST /tag/update`
pub async fn update(visit: Visit) -> Answer {
    let (name, form) = named(&visit)?;
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, &name)?;
            let after = filled(draft, &touched(draft, &*held.record), form.clone(), &[])?;
            draft.replace(&name, held, &after)?;
            Ok(row(&name, &after, draft.directory, draft.spend))
        })
        .await?;
    answer(json!({ "message": format!("Tag {name} updated successfully"), "tag": row }))
}

fn find<'d>(draft: &Draft<'d>, name: &str) -> Result<&'d Held<Tag>> {
    draft.find::<Tag>(name).ok_or_else(|| missing(Kind::Tag, "name", name))
}

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[NAME]);

/// `POST /tag/delete`
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let name = form.needed("name");
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, name)?;
            draft.remove(name, held)
        })
        .await?;
    answer(json!({ "message": format!("Tag {name} deleted successfully") }))
}

/// What `infos` reads.
pub const INFOS_FORM: Reads = Reads::Body(&[NAMES]);

/// `POST /tag/info`: several of them, by name; those that are not there are left out.
pub async fn infos(visit: Visit) -> Answer {
    let names = visit.form()?.texts("names").unwrap_or_default();
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let found = names.iter().filter_map(|name| Some((name, directory.tags.get(name)?)));
        let rows = found.map(|(name, held)| (name.clone(), row(name, &held.record, directory, &visit.spend)));
        let rows = Map::from_iter(rows);
        match rows.is_empty() {
            true => Err(missing(Kind::Tag, "names", &names.join(", "))),
            false => Ok(rows),
        }
    })?;
    answer(Value::Object(rows))
}

/// `GET /tag/list`
pub async fn list(visit: Visit) -> Answer {
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let mut all: Vec<_> = directory.tags.iter().collect();
        all.sort_by_key(|(name, held)| (held.record.origin.created_at, (*name).clone()));
        Ok(all.into_iter().map(|(name, held)| row(name, &held.record, directory, &visit.spend)).collect::<Vec<_>>())
    })?;
    answer(json!(rows))
}

/// A tag as a row of the incumbent's table.
fn row(name: &str, tag: &Tag, directory: &Directory, spend: &Spend) -> Value {
    json!({
        "name": name,
        "description": tag.description,
        "models": tag.models,
        "model_info": tag.extra.get("model_info").cloned().unwrap_or_else(|| json!({})),
        "spend": spend.of(&format!("tag:{name}"), &tag.allowance, directory),
        "budget_id": tag.allowance.budget_id,
        "litellm_budget_table": bounds_row(directory, &tag.allowance, &tag.origin, spend),
        "created_at": moment::shown(tag.origin.created_at),
        "created_by": tag.origin.created_by,
        "updated_at": moment::shown(tag.origin.updated_at),
    })
}
