//! Credentials of providers: kept sealed, used by name, never shown again.

use serde_json::{Value, json};
use store::records::{Credential, Fields};
use store::{Held, Kind};

use super::draft::Draft;
use super::form::{Field, Reads, Takes, optional, required};
use super::models::{close, open, seal, serve};
use super::record::missing;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::config::is_secret;
use crate::seal::Seal;

const FIELDS: &[Field] = &[
    required("credential_name", Takes::Name),
    optional("credential_values", Takes::MapOf(&Takes::Any)),
    optional("credential_info", Takes::Map),
    optional("model_id", Takes::Name),
];
const UPDATE: &[Field] = &[
    optional("credential_name", Takes::Name),
    optional("credential_values", Takes::MapOf(&Takes::Any)),
    optional("credential_info", Takes::Map),
];

/// Values of a model that make up a credential.
const OF_MODEL: [&str; 5] = ["api_key", "api_base", "base_url", "api_version", "organization"];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[FIELDS]);

/// `POST /credentials`: with values, or with those of a model.
pub async fn create(visit: Visit) -> Answer {
    let form = visit.form()?;
    let seal = seal(&visit)?;
    let name = form.needed("credential_name").to_owned();
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            if draft.find::<Credential>(&name).is_some() {
                return Err(Refusal::bad_param("credential_name", format!("Credential {name} already exists.")));
            }
            let values = match (form.object("credential_values"), form.text("model_id")) {
                (Some(values), _) => values.clone(),
                (None, Some(id)) => values_of(draft, id, &seal)?,
                (None, None) => return Err(Refusal::bad("Either credential_values or model_id must be provided")),
            };
            let credential = Credential {
                values: close(&seal, &values)?,
                credential_info: form.object("credential_info").cloned().unwrap_or_default(),
                origin: draft.origin(),
                ..Credential::default()
            };
            draft.create(&name, &credential)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "success": true, "message": "Credential created successfully" }))
}

fn values_of(draft: &Draft, model: &str, seal: &Seal) -> Result<Fields> {
    let held = draft.find::<store::records::Model>(model).ok_or_else(|| missing(Kind::Model, "model_id", model))?;
    let mut params = open(seal, &held.record.params)?;
    params.retain(|name, _| OF_MODEL.contains(&name.as_str()));
    Ok(params)
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[UPDATE]);

/// `PATCH /credentials/{credential_name}`: values come on top of those that are there; null takes one away.
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let seal = seal(&visit)?;
    let name = visit.segment("credential_name").to_owned();
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, &name)?;
            let mut credential = Credential::clone(&held.record);
            if let Some(given) = form.object("credential_values") {
                let mut values = open(&seal, &credential.values)?;
                for (name, value) in given {
                    match value {
                        Value::Null => drop(values.remove(name)),
                        value => drop(values.insert(name.clone(), value.clone())),
                    }
                }
                credential.values = close(&seal, &values)?;
            }
            if let Some(info) = form.object("credential_info") {
                credential.credential_info.extend(info.clone());
            }
            credential.origin = draft.changed(&credential.origin);
            draft.replace(&name, held, &credential)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "success": true, "message": "Credential updated successfully" }))
}

fn find<'d>(draft: &Draft<'d>, name: &str) -> Result<&'d Held<Credential>> {
    draft.find::<Credential>(name).ok_or_else(|| missing(Kind::Credential, "credential_name", name))
}

/// `DELETE /credentials/{credential_name}`: models that need it are served no more.
pub async fn delete(visit: Visit) -> Answer {
    let name = visit.segment("credential_name").to_owned();
    visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, &name)?;
            draft.remove(&name, held)
        })
        .await?;
    serve(&visit).await?;
    answer(json!({ "success": true, "message": "Credential deleted successfully" }))
}

/// `GET /credentials`
pub async fn list(visit: Visit) -> Answer {
    let seal = seal(&visit)?;
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let mut all: Vec<_> = directory.credentials.iter().collect();
        all.sort_by_key(|(name, _)| *name);
        Ok(all.into_iter().map(|(name, held)| row(name, &held.record, &seal)).collect::<Vec<_>>())
    })?;
    answer(json!({ "success": true, "credentials": rows }))
}

/// `GET /credentials/by_name/{credential_name}`
pub async fn by_name(visit: Visit) -> Answer {
    let seal = seal(&visit)?;
    let name = visit.segment("credential_name");
    let row = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let held = directory.credentials.get(name).ok_or_else(|| missing(Kind::Credential, "credential_name", name))?;
        Ok(row(name, &held.record, &seal))
    })?;
    answer(row)
}

/// `GET /credentials/by_model/{model_id}`: what a model of the database is called with.
pub async fn by_model(visit: Visit) -> Answer {
    let seal = seal(&visit)?;
    let id = visit.segment("model_id");
    let row = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let held = directory.models.get(id).ok_or_else(|| missing(Kind::Model, "model_id", id))?;
        let mut params = open(&seal, &held.record.params)?;
        params.retain(|name, _| OF_MODEL.contains(&name.as_str()));
        let name = format!("{}-credential", held.record.model_name);
        Ok(json!({ "credential_name": name, "credential_values": masked(&params), "credential_info": {} }))
    })?;
    answer(row)
}

fn row(name: &str, credential: &Credential, seal: &Seal) -> Value {
    let values = open(seal, &credential.values).map(|values| masked(&values)).unwrap_or_default();
    json!({ "credential_name": name, "credential_values": values, "credential_info": credential.credential_info })
}

/// Values with stars in the place of what is secret.
fn masked(values: &Fields) -> Fields {
    let hide = |(name, value): (&String, &Value)| {
        let hidden = is_secret(name, value) || value.is_object() || value.is_array();
        let shown = if hidden { "****".into() } else { value.clone() };
        (name.clone(), shown)
    };
    values.iter().map(hide).collect()
}
