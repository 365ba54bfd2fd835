//! Changes of teams.

use serde_json::{Value, json};
use store::records::{Fields, Key, Organization, Team, TeamMember};
use store::{Held, Kind};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, joined, optional, required};
use super::super::keys::loosened;
use super::super::people::Members;
use super::super::record::{filled, missing, need, touched};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{PERMISSIONS, Wish, may};
use super::super::secret;
use super::super::visit::{Answer, Visit, answer};
use super::create::{budget_of_each, show_budget_of_each};
use super::{ALL, IN_METADATA, row};

/// A word that names no model: a list with nothing else in it allows nothing, while an empty one allows everything.
const NO_MODELS: &str = "no-default-models";

const ID: &[Field] = &[required("team_id", Takes::Name)];
const SAME_ID: &[Field] = &[optional("team_id", Takes::Name)];

/// What `update` reads.
pub const UPDATE_FORM: Reads = Reads::Body(&joined::<6>(&[ID], &ALL));

/// `POST /team/update`
pub async fn update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = form.needed("team_id").to_owned();
    change(visit, &id, form).await
}

/// What `patch` reads.
pub const PATCH_FORM: Reads = Reads::Body(&joined::<6>(&[SAME_ID], &ALL));

/// `PATCH /team/{team_id}`
pub async fn patch(visit: Visit) -> Answer {
    let form = visit.form()?;
    let id = visit.segment("team_id").to_owned();
    change(visit, &id, form).await
}

async fn change(visit: Visit, id: &str, mut form: Form) -> Answer {
    form.take("team_id");
    let budget = secret::new_id()?;
    let row = visit.change(|draft| revise(draft, id, form.clone(), &budget)).await?;
    answer(json!({ "team_id": id, "data": row }))
}

/// A team, if it is there.
pub(super) fn find<'d>(draft: &Draft<'d>, id: &str) -> Result<&'d Held<Team>> {
    draft.find::<Team>(id).ok_or_else(|| missing(Kind::Team, "team_id", id))
}

fn revise(draft: &mut Draft, id: &str, mut form: Form, new_budget: &str) -> Result<Value> {
    let held = find(draft, id)?;
    may(draft.actor, Wish::ManageTeam(id), draft.directory)?;
    let before = &held.record;
    let each = budget_of_each(draft, &mut form, before.team_member_budget_id.as_deref(), new_budget)?;
    let each_id = each.as_ref().map(|(id, _)| id.clone());
    if each_id != before.team_member_budget_id {
        give_to_members(draft, id, each_id.as_deref())?;
    }
    let base = Team { team_member_budget_id: each_id, ..touched(draft, &**before) };
    let team = filled(draft, &base, form, &IN_METADATA)?;
    stays_within(draft, id, before, &team)?;
    let mut row = replace(draft, id, held, &team)?;
    show_budget_of_each(&mut row, each, draft);
    Ok(Value::Object(row))
}

fn replace(draft: &mut Draft, id: &str, held: &Held<Team>, team: &Team) -> Result<Fields> {
    draft.replace(id, held, team)?;
    Ok(row(id, team, &Members::of(draft.directory), draft.directory, draft.spend))
}

/// Members without a budget of their own get the one that each member has from now on.
fn give_to_members(draft: &mut Draft, team: &str, budget: Option<&str>) -> Result<()> {
    for (id, held) in draft.directory.team_members.iter().filter(|(_, held)| held.record.team_id == team) {
        let own = &held.record.allowance;
        if own.budget_id.is_none() && own.max_budget.is_none() {
            let mut member = TeamMember::clone(&held.record);
            member.allowance.budget_id = budget.map(str::to_owned);
            draft.replace(id, held, &member)?;
        }
    }
    Ok(())
}

/// Whoever manages a team from within may only tighten what holds it back; a team moves between organizations only by
/// whoever manages both.
fn stays_within(draft: &Draft, id: &str, before: &Team, after: &Team) -> Result<()> {
    if before.organization_id != after.organization_id {
        need::<Organization>(draft, after.organization_id.as_deref(), "organization_id")?;
        may(draft.actor, Wish::CreateTeam(after.organization_id.as_deref()), draft.directory)?;
        may(draft.actor, Wish::EndTeam(id), draft.directory)?;
    }
    if may(draft.actor, Wish::EndTeam(id), draft.directory).is_ok() {
        return Ok(());
    }
    // What holds a team back is what holds a key back.
    let bounds = |team: &Team| Key {
        models: team.models.clone(),
        blocked: team.blocked,
        allowance: team.allowance.clone(),
        metadata: team.metadata.clone(),
        ..Key::default()
    };
    match loosened(&bounds(before), &bounds(after), draft.directory).first() {
        Some(field) => {
            Err(Refusal::forbidden(format!("{field}: only an administrator above the team may loosen this")))
        }
        None => Ok(()),
    }
}

/// `POST /team/block`
pub async fn block(visit: Visit) -> Answer {
    set_blocked(visit, true).await
}

/// `POST /team/unblock`
pub async fn unblock(visit: Visit) -> Answer {
    set_blocked(visit, false).await
}

/// What `block` and `unblock` read.
pub const BLOCK_FORM: Reads = Reads::Body(&[ID]);

async fn set_blocked(visit: Visit, blocked: bool) -> Answer {
    let form = visit.form()?;
    let row = visit
        .change(|draft| {
            let id = form.needed("team_id");
            let held = find(draft, id)?;
            may(draft.actor, Wish::EndTeam(id), draft.directory)?;
            draft.action = Some(if blocked { "blocked" } else { "unblocked" });
            let team = Team { blocked, ..touched(draft, &held.record) };
            replace(draft, id, held, &team)
        })
        .await?;
    answer(Value::Object(row))
}

const MODELS: &[Field] = &[required("team_id", Takes::Name), required("models", Takes::TEXTS)];

/// `POST /team/model/add`
pub async fn add_models(visit: Visit) -> Answer {
    change_models(visit, |models, named| {
        models.retain(|model| model != NO_MODELS);
        models.extend(named.iter().filter(|model| !models.contains(model)).cloned().collect::<Vec<_>>());
    })
    .await
}

/// `POST /team/model/delete`
pub async fn remove_models(visit: Visit) -> Answer {
    change_models(visit, |models, named| {
        let some = !models.is_empty();
        models.retain(|model| !named.contains(model));
        if some && models.is_empty() {
            // Without a model it may call none, instead of all.
            models.push(NO_MODELS.to_owned());
        }
    })
    .await
}

/// What `add_models` and `remove_models` read.
pub const MODELS_FORM: Reads = Reads::Body(&[MODELS]);

async fn change_models(visit: Visit, change: impl Fn(&mut Vec<String>, &[String])) -> Answer {
    let form = visit.form()?;
    let named = form.texts("models").unwrap_or_default();
    let row = visit
        .change(|draft| {
            let id = form.needed("team_id");
            let held = find(draft, id)?;
            may(draft.actor, Wish::EndTeam(id), draft.directory)?;
            let mut team: Team = touched(draft, &held.record);
            change(&mut team.models, &named);
            replace(draft, id, held, &team)
        })
        .await?;
    answer(Value::Object(row))
}

const MAY: &[Field] = &[
    required("team_id", Takes::Name),
    required("team_member_permissions", Takes::ListOf(&Takes::OneOf(&PERMISSIONS))),
];

/// What `permissions_update` reads.
pub const PERMISSIONS_UPDATE_FORM: Reads = Reads::Body(&[MAY]);

/// `POST /team/permissions_update`
pub async fn permissions_update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let permissions = form.texts("team_member_permissions").unwrap_or_default();
    let row = visit.change(|draft| permit(draft, form.needed("team_id"), &permissions)).await?;
    answer(Value::Object(row))
}

const MAY_IN_ALL: &[Field] = &[
    optional("team_ids", Takes::NAMES),
    required("permissions", Takes::ListOf(&Takes::OneOf(&PERMISSIONS))),
    optional("apply_to_all_teams", Takes::Flag),
];

/// What `permissions_bulk_update` reads.
pub const PERMISSIONS_BULK_UPDATE_FORM: Reads = Reads::Body(&[MAY_IN_ALL]);

/// `POST /team/permissions_bulk_update`: adds permissions in several teams.
pub async fn permissions_bulk_update(visit: Visit) -> Answer {
    let form = visit.form()?;
    let permissions = form.texts("permissions").unwrap_or_default();
    let count = visit
        .change(|draft| {
            let mut teams = form.texts("team_ids").unwrap_or_default();
            if form.flag("apply_to_all_teams") == Some(true) {
                may(draft.actor, Wish::ManageAll, draft.directory)?;
                teams = draft.directory.teams.keys().cloned().collect();
            }
            teams.sort();
            teams.dedup();
            for id in &teams {
                let mut all = find(draft, id)?.record.team_member_permissions.clone();
                all.extend(
                    permissions.iter().filter(|permission| !all.contains(permission)).cloned().collect::<Vec<_>>(),
                );
                permit(draft, id, &all)?;
            }
            Ok(teams.len())
        })
        .await?;
    answer(
        json!({ "message": "Team permissions updated", "teams_updated": count, "permissions_appended": permissions }),
    )
}

fn permit(draft: &mut Draft, id: &str, permissions: &[String]) -> Result<Fields> {
    let held = find(draft, id)?;
    may(draft.actor, Wish::ManageTeam(id), draft.directory)?;
    let team = Team { team_member_permissions: permissions.to_vec(), ..touched(draft, &held.record) };
    replace(draft, id, held, &team)
}
