//! Models that are added, changed and taken away.

use std::sync::Arc;

use serde_json::{Value, json};
use store::records::{Fields, Model, Team};
use store::{Held, Kind};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, optional, required};
use super::super::record::missing;
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::secret;
use super::super::visit::{Answer, Visit, answer};
use super::{close, open, row, seal, serve, try_out};
use crate::config::Added;
use crate::seal::Seal;

const NEW: &[Field] =
    &[required("model_name", Takes::Name), required("litellm_params", Takes::Map), optional("model_info", Takes::Map)];
const UPDATE: &[Field] =
    &[optional("model_name", Takes::Name), optional("litellm_params", Takes::Map), optional("model_info", Takes::Map)];
const ID: &[Field] = &[optional("id", Takes::Name), optional("model_id", Takes::Name)];
const INFO: &[Field] = &[optional("id", Takes::Name), optional("team_id", Takes::Name)];

/// What a value begins with that comes from the environment of the gateway.
const FROM_ENVIRONMENT: &str = "os.environ/";

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[NEW]);

/// `POST /model/new`
pub async fn create(visit: Visit) -> Answer {
    let form = visit.form()?;
    let info = form.object("model_info").cloned().unwrap_or_default();
    let named = Form::of(Value::Object(info.clone()), &[INFO])?;
    let (id, team) = (named.text("id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?, named.text("team_id"));
    let params = form.object("litellm_params").cloned().unwrap_or_default();
    visit.read(|directory| {
        may(&visit.actor, team.map_or(Wish::ManageAll, Wish::ManageTeam), directory)?;
        modest(visit.actor.is_admin(), &params)
    })?;
    let seal = seal(&visit)?;
    let mut model = Model {
        model_name: form.needed("model_name").to_owned(),
        params: close(&seal, &params)?,
        model_info: info,
        ..Model::default()
    };
    let public = model.model_name.clone();
    if let Some(team) = team {
        // Nobody else comes across it by its name, and nobody chooses one that is another team's.
        model.model_name = format!("model_name_{team}_{}", secret::new_id()?);
        model.model_info.insert("team_public_model_name".to_owned(), public.as_str().into());
    }
    try_out(&visit, &id, with(&visit, &id, &model)?).await?;
    let made = visit
        .change(|draft| {
            may(draft.actor, team.map_or(Wish::ManageAll, Wish::ManageTeam), draft.directory)?;
            if draft.find::<Model>(&id).is_some() {
                return Err(Refusal::bad_param("model_info", format!("Model with id={id} already exists.")));
            }
            if let Some(team) = team {
                rename_in_team(draft, team, &public, Some(&model.model_name))?;
            }
            let model = Model { origin: draft.origin(), ..model.clone() };
            draft.create(&id, &model)?;
            Ok(model)
        })
        .await?;
    serve(&visit).await?;
    answer(row(&id, &made, &params))
}

/// The team's name for one of its models, or none any more.
fn rename_in_team(draft: &mut Draft, id: &str, public: &str, internal: Option<&str>) -> Result<()> {
    let held: &Held<Team> = draft.find::<Team>(id).ok_or_else(|| missing(Kind::Team, "team_id", id))?;
    let mut team = Team { origin: draft.changed(&held.record.origin), ..Team::clone(&held.record) };
    let before = match internal {
        Some(internal) => team.model_aliases.insert(public.to_owned(), internal.to_owned()),
        None => team.model_aliases.remove(public),
    };
    if let (Some(_), Some(_)) = (internal, &before) {
        return Err(Refusal::bad_param("model_name", format!("The team has a model called {public} already.")));
    }
    if !team.models.is_empty() {
        team.models.retain(|model| Some(model) != before.as_ref());
        team.models.extend(internal.map(str::to_owned));
        if team.models.is_empty() {
            team.models.push("no-default-models".to_owned());
        }
    }
    draft.replace(id, held, &team)
}

/// Refuses what somebody may not use who is no administrator: with the gateway's variables, credentials and keys, and
/// an address of their own, they could have them sent to themselves.
fn modest(is_admin: bool, params: &Fields) -> Result<()> {
    if is_admin {
        return Ok(());
    }
    let refuse = |why: &str| Err(Refusal::forbidden(why));
    if Value::Object(params.clone()).to_string().contains(FROM_ENVIRONMENT) {
        return refuse("Only proxy admins refer to variables of the gateway's environment.");
    }
    if params.contains_key("litellm_credential_name") {
        return refuse("Only proxy admins use credentials of the gateway.");
    }
    match params.get("api_key").and_then(Value::as_str) {
        Some(key) if !key.trim().is_empty() => Ok(()),
        _ => refuse("A team's model needs an api_key of its own."),
    }
}

/// What is in the database, and this model.
fn with(visit: &Visit, id: &str, model: &Model) -> Result<Added> {
    visit.read(|directory| {
        let mut added = Added::of(directory);
        added.models.retain(|(other, _)| other != id);
        added.models.push((id.to_owned(), Arc::new(model.clone())));
        Ok(added)
    })
}

/// What `update` and `patch` read.
pub const UPDATE_FORM: Reads = Reads::Body(&[UPDATE]);

/// `POST /model/update`
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let info = form.object("model_info").cloned().unwrap_or_default();
    let id = info.get("id").and_then(Value::as_str).map(str::to_owned);
    let id = id.ok_or_else(|| Refusal::bad_param("model_info", "model_info.id is required"))?;
    change(visit, &id, form).await
}

/// `PATCH /model/{model_id}/update`
pub async fn patch(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = visit.segment("model_id").to_owned();
    change(visit, &id, form).await
}

async fn change(visit: Visit, id: &str, form: Form) -> Answer {
    let seal = seal(&visit)?;
    let is_admin = visit.actor.is_admin();
    let (planned, _) = visit.read(|directory| {
        let held = directory.models.get(id).ok_or_else(|| missing(Kind::Model, "id", id))?;
        may(&visit.actor, wish(&held.record), directory)?;
        changed(&held.record, &form, is_admin, &seal)
    })?;
    try_out(&visit, id, with(&visit, id, &planned)?).await?;
    let (made, params) = visit
        .change(|draft| {
            let held = find(draft, id)?;
            let (mut model, params) = changed(&held.record, &form, is_admin, &seal)?;
            model.origin = draft.changed(&held.record.origin);
            draft.replace(id, held, &model)?;
            Ok((model, params))
        })
        .await?;
    serve(&visit).await?;
    answer(row(id, &made, &params))
}

/// The model as it will be. An administrator's values come on top of those that are there; whoever else changes it
/// says all of them, as the key that is there is not theirs.
fn changed(before: &Model, form: &Form, is_admin: bool, seal: &Seal) -> Result<(Model, Fields)> {
    let mut model = before.clone();
    let mut params = open(seal, &before.params)?;
    if let Some(given) = form.object("litellm_params") {
        if !is_admin {
            params = Fields::new();
        }
        merge(&mut params, given);
        modest(is_admin, &params)?;
        model.params = close(seal, &params)?;
    } else if !is_admin {
        // What is in it, its prices among it, belongs to whoever pays for the key.
        return Err(Refusal::forbidden("Only proxy admins change a model without giving its litellm_params anew."));
    }
    if let Some(given) = form.object("model_info") {
        // Whose it is stays as it is.
        let given =
            given.iter().filter(|(name, _)| !["id", "team_id", "team_public_model_name"].contains(&name.as_str()));
        merge(&mut model.model_info, &given.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
    if let Some(name) = form.text("model_name").filter(|_| !model.model_info.contains_key("team_id")) {
        model.model_name = name.to_owned();
    }
    Ok((model, params))
}

fn merge(fields: &mut Fields, given: &Fields) {
    for (name, value) in given {
        match value {
            Value::Null => drop(fields.remove(name)),
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
}

/// What somebody must be allowed to do who changes a model.
fn wish(model: &Model) -> Wish<'_> {
    model.model_info.get("team_id").and_then(Value::as_str).map_or(Wish::ManageAll, Wish::ManageTeam)
}

/// A kept model, if the actor may change it.
fn find<'d>(draft: &Draft<'d>, id: &str) -> Result<&'d Held<Model>> {
    let held = draft.find::<Model>(id).ok_or_else(|| {
        Refusal::not_found(
            "id",
            format!("Model with id={id} not found in db. Models of the configuration are changed there."),
        )
    })?;
    may(draft.actor, wish(&held.record), draft.directory)?;
    Ok(held)
}

fn named(form: &Form) -> Result<String> {
    let id = form.text("id").or(form.text("model_id"));
    id.map(str::to_owned).ok_or_else(|| Refusal::bad_param("id", "id is required"))
}

/// What `delete`, `block` and `unblock` read.
pub const DELETE_FORM: Reads = Reads::Body(&[ID]);

/// `POST /model/delete`
pub async fn delete(visit: Visit) -> Answer {
    let id = named(&visit.form()?)?;
    visit
        .change(|draft| {
            let held = find(draft, &id)?;
            let info = |name: &str| held.record.model_info.get(name).and_then(Value::as_str);
            if let (Some(team), Some(public)) = (info("team_id"), info("team_public_model_name"))
                && draft.find::<Team>(team).is_some()
            {
                rename_in_team(draft, team, public, None)?;
            }
            draft.remove(&id, held)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "message": format!("Model: {id} deleted successfully") }))
}

/// `POST /model/block`
pub async fn block(visit: Visit) -> Answer {
    set_blocked(visit, true).await
}

/// `POST /model/unblock`
pub async fn unblock(visit: Visit) -> Answer {
    set_blocked(visit, false).await
}

async fn set_blocked(visit: Visit, blocked: bool) -> Answer {
    let id = named(&visit.form()?)?;
    let seal = seal(&visit)?;
    let (model, params) = visit
        .change(|draft| {
            let held = find(draft, &id)?;
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            draft.action = Some(if blocked { "blocked" } else { "unblocked" });
            let model = Model { blocked, origin: draft.changed(&held.record.origin), ..Model::clone(&held.record) };
            draft.replace(&id, held, &model)?;
            let params = open(&seal, &model.params)?;
            Ok((model, params))
        })
        .await?;
    serve(&visit).await?;
    answer(row(&id, &model, &params))
}
