//! Access groups: names for several models, which lists of models may name instead. Those of the configuration are
//! shown, and changed there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::Kind;

use super::draft::Draft;
use super::form::{Field, Form, Reads, Takes, optional, required};
use super::models::serve;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::config::{ACCESS_GROUP, access_groups};

const MODELS: &[Field] = &[optional("model_names", Takes::NAMES), optional("model_ids", Takes::NAMES)];
const NEW: &[Field] = &[required("access_group", Takes::Id)];

/// Most models of a group.
const MOST: usize = 1000;

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[NEW, MODELS]);

/// `POST /access_group/new`
pub async fn create(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (name, models) = (form.needed("access_group").to_owned(), models(&visit, &form)?);
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))?;
    if groups(&visit).contains_key(&name) {
        return Err(Refusal::conflict(format!("Access group '{name}' already exists.")));
    }
    put(&visit, &name, &models).await?;
    answer(json!({ "access_group": name, "model_names": models, "models_updated": models.len() }))
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[MODELS]);

/// `PUT /access_group/{access_group}/update`: all models that are in it from now on.
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (name, models) = (visit.segment("access_group").to_owned(), models(&visit, &form)?);
    must_be_ours(&visit, &name)?;
    put(&visit, &name, &models).await?;
    answer(json!({ "access_group": name, "model_names": models, "models_updated": models.len() }))
}

async fn put(visit: &Visit, name: &str, models: &[String]) -> Result<()> {
    let body = json!({ "models": models });
    visit.change(|draft| change(draft, |draft| draft.set(&format!("{ACCESS_GROUP}{name}"), &body))).await?;
    serve(visit).await
}

fn change(draft: &mut Draft, change: impl Fn(&mut Draft) -> Result<()>) -> Result<()> {
    may(draft.actor, Wish::ManageAll, draft.directory)?;
    change(draft)
}

/// `DELETE /access_group/{access_group}/delete`: lists that name it allow nothing by it any more.
pub async fn delete(visit: Visit) -> Answer {
    let name = visit.segment("access_group").to_owned();
    let models = must_be_ours(&visit, &name)?;
    visit.change(|draft| change(draft, |draft| draft.unset(&format!("{ACCESS_GROUP}{name}")))).await?;
    serve(&visit).await?;
    let message = format!("Access group '{name}' deleted successfully");
    answer(json!({ "access_group": name, "models_updated": models.len(), "message": message }))
}

/// The models of a group that was made while running, if the caller may change it.
fn must_be_ours(visit: &Visit, name: &str) -> Result<Vec<String>> {
    visit.read(|directory| {
        may(&visit.actor, Wish::ManageAll, directory)?;
        let id = (Kind::Setting, format!("{ACCESS_GROUP}{name}"));
        if !directory.others.contains_key(&id) {
            let message = format!(
                "Access group '{name}' was not made while running; those of the configuration are changed there."
            );
            return Err(Refusal::not_found("access_group", message));
        }
        let all = access_groups(directory);
        Ok(all.into_iter().find(|(known, _)| known == name).map(|(_, models)| models).unwrap_or_default())
    })
}

/// `GET /access_group/list`
pub async fn list(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let rows: Vec<Value> = groups(&visit).iter().map(|(name, models)| row(&visit, name, models)).collect();
    answer(json!({ "access_groups": rows }))
}

/// `GET /access_group/{access_group}/info`
pub async fn info(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let name = visit.segment("access_group");
    match groups(&visit).get(name) {
        Some(models) => answer(row(&visit, name, models)),
        None => Err(Refusal::not_found("access_group", format!("Access group '{name}' not found"))),
    }
}

/// All groups with their models, those of the configuration among them.
fn groups(visit: &Visit) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> =
        visit.read(|directory| Ok(access_groups(directory))).unwrap_or_default().into_iter().collect();
    for (model, names) in &visit.desk.live.setup().access_groups {
        for name in names {
            let models = groups.entry(name.clone()).or_default();
            if !models.contains(model) {
                models.push(model.clone());
            }
        }
    }
    groups.values_mut().for_each(|models| models.sort());
    groups
}

fn row(visit: &Visit, name: &str, models: &[String]) -> Value {
    let setup = visit.desk.live.setup();
    let deployments = |model: &String| setup.find(model).map_or(0, |(group, _)| group.deployments.len());
    let count: usize = models.iter().map(deployments).sum();
    json!({ "access_group": name, "model_names": models, "deployment_count": count })
}

/// The models that a form names, all of which must be served: by name, or by the id of a deployment.
fn models(visit: &Visit, form: &Form) -> Result<Vec<String>> {
    let setup = visit.desk.live.setup();
    let ids = form.texts("model_ids").unwrap_or_default();
    let mut models = form.texts("model_names").unwrap_or_default();
    if let Some(name) = models.iter().find(|name| setup.group_name(name) != Some(name)) {
        return Err(Refusal::bad_param("model_names", format!("No model is called {name} here.")));
    }
    for id in &ids {
        let unknown = || Refusal::bad_param("model_ids", format!("No model has the id {id} here."));
        models.push(setup.group_name(id).ok_or_else(unknown)?.to_owned());
    }
    models.sort();
    models.dedup();
    match models.len() {
        0 => Err(Refusal::bad_param("model_names", "model_names is required and must not be empty")),
        1..=MOST => Ok(models),
        _ => Err(Refusal::bad_param("model_names", format!("at most {MOST} models are in a group"))),
    }
}
