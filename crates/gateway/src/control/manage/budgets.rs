//! Budgets that several keys, teams or customers share by id: the values are shared, the money is not.

use serde_json::{Value, json};
use store::records::{Budget, OrganizationMember};
use store::{Directory, Held, Kind};

use super::draft::Draft;
use super::form::{Field, Reads, Takes, optional, required};
use super::record::{ADDITION, ALLOWANCE, blank, budget_row, filled, missing, touched};
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::visit::{Answer, Visit, answer};

const FIELDS: &[Field] = &[optional("allowed_models", Takes::TEXTS)];
const ID: &[Field] = &[required("id", Takes::Name)];

/// What `create` reads.
pub const CREATE_FORM: Reads = Reads::Body(&[ALLOWANCE, FIELDS]);

/// `POST /budget/new`
pub async fn create(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let id = form.text("budget_id").map_or_else(secret::new_id, |id| Ok(id.to_owned()))?;
    form.take("budget_id");
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            if draft.find::<Budget>(&id).is_some() {
                return Err(Refusal::bad_param("budget_id", format!("Budget {id} already exists.")));
            }
            let budget = filled(draft, &blank(draft), form.clone(), &[])?;
            draft.create(&id, &budget)?;
            Ok(budget_row(&id, &budget, draft.spend))
        })
        .await?;
    answer(row)
}

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&[ALLOWANCE, ADDITION, FIELDS]);

/// `POST /budget/update`
pub async fn update(visit: Visit) -> Answer {
    let mut form = visit.form()?;
    let id = form.text("budget_id").ok_or_else(|| Refusal::bad_param("budget_id", "budget_id is required"))?.to_owned();
    form.take("budget_id");
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, &id)?;
            let after = filled(draft, &touched(draft, &*held.record), form.clone(), &[])?;
            draft.replace(&id, held, &after)?;
            Ok(budget_row(&id, &after, draft.spend))
        })
        .await?;
    answer(row)
}

fn find<'d>(draft: &Draft<'d>, id: &str) -> Result<&'d Held<Budget>> {
    draft.find::<Budget>(id).ok_or_else(|| missing(Kind::Budget, "budget_id", id))
}

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[ID]);

/// `POST /budget/delete`: not while somebody has it, who could spend without end then.
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("id");
    let row = visit
        .change(|draft| {
            may(draft.actor, Wish::ManageAll, draft.directory)?;
            let held = find(draft, id)?;
            let users = uses(draft.directory, id);
            if users > 0 {
                let message = format!("Budget {id} is in use by {users} keys, users, teams, members, projects, organizations, customers or tags. Give them another one first.");
                return Err(Refusal::bad_param("id", message));
            }
            draft.remove(id, held)?;
            Ok(budget_row(id, &held.record, draft.spend))
        })
        .await?;
    answer(row)
}

/// What `infos` reads.
pub const INFOS_FORM: Reads = Reads::Body(&[&[required("budgets", Takes::TEXTS)]]);

/// `POST /budget/info`: several of them; those that are not there are left out.
pub async fn infos(visit: Visit) -> Answer {
    let ids = visit.form()?.texts("budgets").unwrap_or_default();
    if ids.is_empty() {
        return Err(Refusal::bad_param("budgets", "Specify list of budget id's to query. Passed in=[]"));
    }
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let found = ids.iter().filter_map(|id| Some((id, directory.budgets.get(id)?)));
        Ok(found.map(|(id, held)| budget_row(id, &held.record, &visit.spend)).collect::<Vec<_>>())
    })?;
    answer(json!(rows))
}

/// `GET /budget/list`
pub async fn list(visit: Visit) -> Answer {
    let rows = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let mut all: Vec<_> = directory.budgets.iter().collect();
        all.sort_by_key(|(id, held)| (held.record.origin.created_at, (*id).clone()));
        Ok(all.into_iter().map(|(id, held)| budget_row(id, &held.record, &visit.spend)).collect::<Vec<_>>())
    })?;
    answer(json!(rows))
}

/// What can be set in a budget: name, type, and what it is.
const SETTINGS: [(&str, &str, &str); 5] = [
    ("max_budget", "Float", "Requests will fail if this budget (in USD) is exceeded."),
    ("soft_budget", "Float", "Requests will NOT fail if this is exceeded. Will fire alerting though."),
    ("max_parallel_requests", "Integer", "Max concurrent requests allowed for this budget id."),
    ("tpm_limit", "Integer", "Max tokens per minute, allowed for this budget id."),
    ("rpm_limit", "Integer", "Max requests per minute, allowed for this budget id."),
];

/// What `settings` reads.
pub const SETTINGS_FORM: Reads = Reads::Query(&[&[required("budget_id", Takes::Text)]]);

/// `GET /budget/settings`: what a form for a budget needs to know.
pub async fn settings(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("budget_id");
    let shown = visit.read(|directory| {
        may(&visit.actor, Wish::SeeAll, directory)?;
        let held = directory.budgets.get(id).ok_or_else(|| missing(Kind::Budget, "budget_id", id))?;
        let row = budget_row(id, &held.record, &visit.spend);
        let setting = |(name, kind, what): &(&str, &str, &str)| {
            let value = row[*name].clone();
            json!({
                "field_name": name,
                "field_type": kind,
                "field_description": what,
                "field_value": value,
                "stored_in_db": !value.is_null(),
                "field_default_value": null,
            })
        };
        Ok(SETTINGS.iter().map(setting).collect::<Vec<Value>>())
    })?;
    answer(json!(shown))
}

/// How many refer to a budget.
fn uses(directory: &Directory, id: &str) -> usize {
    fn count<'d, T: 'd>(entries: impl Iterator<Item = &'d Held<T>>, budget: impl Fn(&T) -> bool) -> usize {
        entries.filter(|held| budget(&held.record)).count()
    }
    let same = |budget: &Option<String>| budget.as_deref() == Some(id);
    count(directory.keys.values(), |key| same(&key.allowance.budget_id))
        + count(directory.users.values(), |user| same(&user.allowance.budget_id))
        + count(directory.teams.values(), |team| same(&team.allowance.budget_id) || same(&team.team_member_budget_id))
        + count(directory.team_members.values(), |member| same(&member.allowance.budget_id))
        + count(directory.projects.values(), |project| same(&project.allowance.budget_id))
        + count(directory.organizations.values(), |organization| same(&organization.allowance.budget_id))
        + count(directory.organization_members.values(), |member: &OrganizationMember| {
            same(&member.allowance.budget_id)
        })
        + count(directory.customers.values(), |customer| same(&customer.allowance.budget_id))
        + count(directory.tags.values(), |tag| same(&tag.allowance.budget_id))
        + count(directory.budgets.values(), |budget: &Budget| same(&budget.allowance.budget_id))
}
