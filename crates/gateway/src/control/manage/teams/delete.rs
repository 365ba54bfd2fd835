//! Teams that end: their keys and memberships end with them.

use serde_json::json;
use store::Held;
use store::records::{Budget, Team};

use super::super::draft::Draft;
use super::super::form::{Field, Reads, Takes, required};
use super::super::keys;
use super::super::projects;
use super::super::refusal::Result;
use super::super::rights::{Wish, may};
use super::super::visit::{Answer, Visit, answer};
use super::change::find;

const FIELDS: &[Field] = &[required("team_ids", Takes::TEXTS)];

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[FIELDS]);

/// `POST /team/delete`: all of the teams that are named, or none.
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let mut ids = form.texts("team_ids").unwrap_or_default();
    ids.sort();
    ids.dedup();
    visit
        .change(|draft| {
            for id in &ids {
                let held = find(draft, id)?;
                may(draft.actor, Wish::EndTeam(id), draft.directory)?;
                remove(draft, id, held)?;
            }
            Ok(())
        })
        .await?;
    answer(json!({ "deleted_teams": ids }))
}

/// Plans the end of a team.
pub fn remove(draft: &mut Draft, id: &str, held: &Held<Team>) -> Result<()> {
    let directory = draft.directory;
    for (hash, key) in directory.keys.iter().filter(|(_, key)| key.record.team_id.as_deref() == Some(id)) {
        keys::remove(draft, hash, key)?;
    }
    for (member, place) in directory.team_members.iter().filter(|(_, held)| held.record.team_id == id) {
        draft.remove(member, place)?;
    }
    projects::remove_of(draft, id)?;
    // The budget that only its members had.
    if let Some(budget) = held.record.team_member_budget_id.as_deref()
        && let Some(there) = draft.find::<Budget>(budget)
    {
        draft.remove(budget, there)?;
    }
    draft.remove(id, held)
}
