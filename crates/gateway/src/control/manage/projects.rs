//! Projects: parts of a team's work. Whoever manages the team manages them; their keys are the team's.

use serde_json::{Value, json};
use store::records::{Project, Team};
use store::{Directory, Held, Kind};

use super::actor::Actor;
use super::draft::Draft;
use super::form::{Field, Form, Reads, Takes, optional, required};
use super::moment;
use super::people::bounds_row;
use super::record::{ALLOWANCE, RULES, blank, filled, metadata, missing, need, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::spend::Spend;
use super::visit::{Answer, Visit, answer};

const FIELDS: &[Field] = &[
    optional("project_alias", Takes::Name),
    optional("description", Takes::Text),
    optional("models", Takes::TEXTS),
    optional("blocked", Takes::Flag),
    optional("metadata", Takes::Map),
    optional("object_permission", Takes::Map),
];
const NEW: &[Field] = &[required("team_id", Takes::Name), optional("project_id", Takes::Id)];
const ID: &[Field] = &[required("project_id", Takes::Name)];
const IDS: &[Field] = &[required("project_ids", Takes::TEXTS)];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[NEW, FIELDS, RULES, ALLOWANCE]);

/// `POST /project/new`
pub async fn create(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let id = form.text("project_id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    form.take("project_id");
    let row = visit
        .change(|draft| {
            let team = form.needed("team_id");
            need::<Team>(draft, Some(team), "team_id")?;
            may(draft.actor, Wish::ManageTeam(team), draft.directory)?;
            if draft.find::<Project>(&id).is_some() {
                return Err(Refusal::bad_param("project_id", format!("Project {id} already exists.")));
            }
            let project = filled(draft, &blank(draft), form.clone(), &[RULES])?;
            draft.create(&id, &project)?;
            Ok(row(&id, &project, draft.directory, draft.spend))
        })
        .await?;
    answer(row)
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[ID, FIELDS, RULES, ALLOWANCE]);

/// `POST /project/update`: everything but whose it is.
pub async fn update(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let id = form.needed("project_id").to_owned();
    form.take("project_id");
    let row = visit
        .change(|draft| {
            let held = find(draft, &id)?;
            let project = filled(draft, &touched(draft, &*held.record), form.clone(), &[RULES])?;
            draft.replace(&id, held, &project)?;
            Ok(row(&id, &project, draft.directory, draft.spend))
        })
        .await?;
    answer(row)
}

/// A project, if the actor manages it.
fn find<'d>(draft: &Draft<'d>, id: &str) -> Result<&'d Held<Project>> {
    let held = draft.find::<Project>(id).ok_or_else(|| missing(Kind::Project, "project_id", id))?;
    may(draft.actor, Wish::ManageTeam(&held.record.team_id), draft.directory)?;
    Ok(held)
}

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[IDS]);

/// `DELETE /project/delete`: not while there are keys for it.
pub async fn delete(visit: Visit) -> Answer {
    let ids = visit.form()?.texts("project_ids").unwrap_or_default();
    let rows = visit
        .change(|draft| {
            let mut rows = Vec::new();
            for id in &ids {
                let held = find(draft, id)?;
                let keys =
                    draft.directory.keys.values().filter(|key| key.record.project_id.as_ref() == Some(id)).count();
                if keys > 0 {
                    let message =
                        format!("Project {id} has {keys} keys. Delete them first, or give them to another one.");
                    return Err(Refusal::bad_param("project_ids", message));
                }
                rows.push(row(id, &held.record, draft.directory, draft.spend));
                draft.remove(id, held)?;
            }
            Ok(rows)
        })
        .await?;
    answer(json!(rows))
}

/// Plans the end of a team's projects.
pub fn remove_of(draft: &mut Draft, team: &str) -> Result<()> {
    let directory = draft.directory;
    let own = directory.projects.iter().filter(|(_, held)| held.record.team_id == team);
    own.into_iter().try_for_each(|(id, held)| draft.remove(id, held))
}

/// Refuses a key for a project that is not its team's.
pub fn fits(directory: &Directory, project: Option<&str>, team: Option<&str>) -> Result<()> {
    let Some(id) = project else { return Ok(()) };
    let held = directory.projects.get(id).ok_or_else(|| missing(Kind::Project, "project_id", id))?;
    match team == Some(&*held.record.team_id) {
        true => Ok(()),
        false => Err(Refusal::bad_param("project_id", "the project belongs to another team than the key")),
    }
}

/// What `info` reads.
pub const INFO_FORM: Reads = Reads::Query(&[ID]);

/// `GET /project/info`
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("project_id");
    let row = visit.read(|directory| {
        let held = directory.projects.get(id).ok_or_else(|| missing(Kind::Project, "project_id", id))?;
        may(&visit.actor, Wish::SeeTeam(&held.record.team_id), directory)?;
        Ok(row(id, &held.record, directory, &visit.spend))
    })?;
    answer(row)
}

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[&[optional("team_id", Takes::Text)]]);

/// `GET /project/list`: those of all teams that the caller may see.
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let rows = visit.read(|directory| Ok(rows(&visit.actor, &form, directory, &visit.spend)))?;
    answer(json!(rows))
}

fn rows(actor: &Actor, form: &Form, directory: &Directory, spend: &Spend) -> Vec<Value> {
    let wanted = |held: &Held<Project>| {
        form.text("team_id").is_none_or(|team| team == held.record.team_id)
            && may(actor, Wish::SeeTeam(&held.record.team_id), directory).is_ok()
    };
    let mut all: Vec<_> = directory.projects.iter().filter(|(_, held)| wanted(held)).collect();
    all.sort_by_key(|(id, held)| (held.record.origin.created_at, (*id).clone()));
    all.into_iter().map(|(id, held)| row(id, &held.record, directory, spend)).collect()
}

/// A project as a row of the incumbent's table.
fn row(id: &str, project: &Project, directory: &Directory, spend: &Spend) -> Value {
    let allowance = &project.allowance;
    json!({
        "project_id": id,
        "project_alias": project.project_alias,
        "description": project.description,
        "team_id": project.team_id,
        "models": project.models,
        "blocked": project.blocked,
        "metadata": metadata(&project.metadata, allowance),
        "spend": spend.of(&format!("project:{id}"), allowance, directory),
        "model_spend": {},
        "model_rpm_limit": allowance.model_rpm_limit,
        "model_tpm_limit": allowance.model_tpm_limit,
        "budget_id": allowance.budget_id,
        "litellm_budget_table": bounds_row(directory, allowance, &project.origin, spend),
        "object_permission": project.extra.get("object_permission"),
        "object_permission_id": null,
        "created_at": moment::shown(project.origin.created_at),
        "created_by": project.origin.created_by,
        "updated_at": moment::shown(project.origin.updated_at),
        "updated_by": project.origin.updated_by,
    })
}
