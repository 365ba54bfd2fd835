//! Organizations: several teams that pay together, and who manages them.

mod members;

use serde_json::{Value, json};
use store::records::{Fields, Organization};
use store::{Directory, Held, Kind};

pub use members::{ADD_MEMBER_FORM, REMOVE_MEMBER_FORM, UPDATE_MEMBER_FORM, add_member, remove_member, update_member};

use super::actor::Actor;
use super::draft::Draft;
use super::form::{Field, Form, Reads, Takes, optional, required};
use super::keys;
use super::moment;
use super::people::{Members, bounds_row};
use super::record::{ALLOWANCE, blank, filled, metadata, missing, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::spend::Spend;
use super::teams;
use super::visit::{Answer, Visit, answer};

/// What an organization has beside budgets and limits.
const FIELDS: &[Field] = &[
    optional("organization_alias", Takes::Name),
    optional("models", Takes::TEXTS),
    optional("metadata", Takes::Map),
    optional("object_permission", Takes::Map),
];
const NEW: &[Field] = &[optional("organization_id", Takes::Id), required("organization_alias", Takes::Name)];
const ID: &[Field] = &[required("organization_id", Takes::Name)];
const SAME_ID: &[Field] = &[optional("organization_id", Takes::Name)];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[NEW, FIELDS, ALLOWANCE]);

/// `POST /organization/new`
pub async fn create(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let id = form.text("organization_id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    form.take("organization_id");
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            if draft.find::<Organization>(&id).is_some() {
                return Err(Refusal::bad_param("organization_id", format!("Organization {id} already exists.")));
            }
            let organization = filled(draft, &blank(draft), form.clone(), &[])?;
            draft.create(&id, &organization)?;
            Ok(row(&id, &organization, draft.directory, draft.spend))
        })
        .await?;
    answer(Value::Object(row))
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[ID, FIELDS, ALLOWANCE]);

/// `PATCH /organization/update`
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("organization_id").to_owned();
    change(visit, &id, form).await
}

/// What `patch` reads.
pub const PATCH_FORM: Reads = Reads::Body(&[SAME_ID, FIELDS, ALLOWANCE]);

/// `PATCH /v2/organization/{organization_id}`
pub async fn patch(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = visit.segment("organization_id").to_owned();
    change(visit, &id, form).await
}

async fn change(visit: Visit, id: &str, mut form: Form) -> Answer {
    form.take("organization_id");
    let row = visit
        .change(|draft| {
            let held = find(draft, id)?;
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let after = filled(draft, &touched(draft, &*held.record), form.clone(), &[])?;
            draft.replace(id, held, &after)?;
            Ok(full(draft.actor, id, &after, &Members::of(draft.directory), draft.directory, draft.spend))
        })
        .await?;
    answer(Value::Object(row))
}

fn find<'d>(draft: &Draft<'d>, id: &str) -> Result<&'d Held<Organization>> {
    draft.find::<Organization>(id).ok_or_else(|| missing(Kind::Organization, "organization_id", id))
}

const IDS: &[Field] = &[required("organization_ids", Takes::TEXTS)];

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[IDS]);

/// `DELETE /organization/delete`: their teams, and all keys, go with them.
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let mut ids = form.texts("organization_ids").unwrap_or_default();
    ids.sort();
    ids.dedup();
    let rows = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let mut rows = Vec::new();
            for id in &ids {
                let held = find(draft, id)?;
                rows.push(row(id, &held.record, draft.directory, draft.spend));
                remove(draft, id, held)?;
            }
            Ok(rows)
        })
        .await?;
    answer(json!(rows))
}

fn remove(draft: &mut Draft, id: &str, held: &Held<Organization>) -> Result<()> {
    let directory = draft.directory;
    for (team, place) in directory.teams.iter().filter(|(_, held)| held.record.organization_id.as_deref() == Some(id)) {
        teams::remove(draft, team, place)?;
    }
    for (hash, key) in directory.keys.iter().filter(|(_, held)| held.record.organization_id.as_deref() == Some(id)) {
        keys::remove(draft, hash, key)?;
    }
    for (member, place) in directory.organization_members.iter().filter(|(_, held)| held.record.organization_id == id) {
        draft.remove(member, place)?;
    }
    draft.remove(id, held)
}

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[&[optional("org_id", Takes::Text), optional("org_alias", Takes::Text)]]);

/// `GET /organization/list`: those that somebody may see.
pub async fn list(visit: Visit) -> Answer {
    let form = visit.form()?;
    let rows = visit.read(|directory| {
        let members = Members::of(directory);
        let fits = |id: &str, held: &Held<Organization>| {
            let alias = held.record.organization_alias.as_deref().unwrap_or_default().to_lowercase();
            form.text("org_id").is_none_or(|wanted| wanted == id)
                && form.text("org_alias").is_none_or(|part| alias.contains(&part.to_lowercase()))
                && may(&visit.actor, Wish::SeeOrganization(id), directory).is_ok()
        };
        let mut found: Vec<_> = directory.organizations.iter().filter(|(id, held)| fits(id, held)).collect();
        found.sort_by_key(|(id, held)| (held.record.origin.created_at, (*id).clone()));
        let rows =
            found.into_iter().map(|(id, held)| full(&visit.actor, id, &held.record, &members, directory, &visit.spend));
        Ok(rows.collect::<Vec<_>>())
    })?;
    answer(json!(rows))
}

/// What `info` reads.
pub const INFO_FORM: Reads = Reads::Query(&[ID]);

/// `GET /organization/info`
pub async fn info(visit: Visit) -> Answer {
    let form = visit.form()?;
    let row = visit.read(|directory| see(&visit, form.needed("organization_id"), directory))?;
    answer(Value::Object(row))
}

/// What `infos` reads.
pub const INFOS_FORM: Reads = Reads::Body(&[&[required("organizations", Takes::TEXTS)]]);

/// `POST /organization/info`: several of them.
pub async fn infos(visit: Visit) -> Answer {
    let mut ids = visit.form()?.texts("organizations").unwrap_or_default();
    ids.sort();
    ids.dedup();
    let rows = visit.read(|directory| ids.iter().map(|id| see(&visit, id, directory)).collect::<Result<Vec<_>>>())?;
    answer(json!(rows))
}

fn see(visit: &Visit, id: &str, directory: &Directory) -> Result<Fields> {
    let held = directory.organizations.get(id).ok_or_else(|| missing(Kind::Organization, "organization_id", id))?;
    may(&visit.actor, Wish::SeeOrganization(id), directory)?;
    Ok(full(&visit.actor, id, &held.record, &Members::of(directory), directory, &visit.spend))
}

/// An organization as a row of the incumbent's table; its budgets and limits are shown as a table of their own.
fn row(id: &str, organization: &Organization, directory: &Directory, spend: &Spend) -> Fields {
    let allowance = &organization.allowance;
    let fields = json!({
        "organization_id": id,
        "organization_alias": organization.organization_alias,
        "budget_id": allowance.budget_id.as_deref().unwrap_or_default(),
        "metadata": metadata(&organization.metadata, allowance),
        "models": organization.models,
        "spend": spend.of(&format!("organization:{id}"), allowance, directory),
        "model_spend": {},
        "object_permission_id": null,
        "object_permission": organization.extra.get("object_permission"),
        "litellm_budget_table": bounds_row(directory, allowance, &organization.origin, spend),
        "created_at": moment::shown(organization.origin.created_at),
        "created_by": organization.origin.created_by,
        "updated_at": moment::shown(organization.origin.updated_at),
        "updated_by": organization.origin.updated_by,
    });
    match fields {
        Value::Object(row) => row,
        _ => Fields::new(),
    }
}

/// The same with its members and teams.
fn full(
    actor: &Actor,
    id: &str,
    organization: &Organization,
    members: &Members,
    directory: &Directory,
    spend: &Spend,
) -> Fields {
    let mut row = row(id, organization, directory, spend);
    let own = directory.organization_members.values().filter(|held| held.record.organization_id == id);
    let mut people: Vec<_> = own.map(|held| &*held.record).collect();
    people.sort_by_key(|member| (member.origin.created_at, member.user_id.clone()));
    let people = people.into_iter().map(|member| members::row(actor, member, directory, spend));
    row.insert("members".to_owned(), people.collect::<Vec<_>>().into());
    let own = directory.teams.iter().filter(|(_, held)| held.record.organization_id.as_deref() == Some(id));
    let mut teams: Vec<_> = own.collect();
    teams.sort_by_key(|(id, held)| (held.record.origin.created_at, (*id).clone()));
    let teams =
        teams.into_iter().map(|(id, held)| Value::Object(teams::row(id, &held.record, members, directory, spend)));
    row.insert("teams".to_owned(), teams.collect::<Vec<_>>().into());
    row
}
