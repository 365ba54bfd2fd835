//! Users who leave: their keys and memberships go with them.

use serde_json::json;
use store::Held;
use store::records::User;

use super::super::draft::Draft;
use super::super::form::{Field, Reads, Takes, required};
use super::super::keys;
use super::super::people::readdress;
use super::super::record::missing;
use super::super::refusal::Result;
use super::super::rights::{Wish, may};
use super::super::visit::{Answer, Visit, answer};

const FIELDS: &[Field] = &[required("user_ids", Takes::TEXTS)];

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[FIELDS]);

/// `POST /user/delete`: all of the users who are named, or none. Answers how many there were.
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let mut ids = form.texts("user_ids").unwrap_or_default();
    ids.sort();
    ids.dedup();
    let count = visit
        .change(|draft| {
            for id in &ids {
                let held = draft.find::<User>(id).ok_or_else(|| missing(store::Kind::User, "user_ids", id))?;
                may(draft.actor, Wish::ManageUser(id), draft.directory)?;
                remove(draft, id, held)?;
            }
            Ok(ids.len())
        })
        .await?;
    answer(json!(count))
}

/// Plans the end of a user.
fn remove(draft: &mut Draft, id: &str, held: &Held<User>) -> Result<()> {
    let directory = draft.directory;
    for (hash, key) in directory.keys.iter().filter(|(_, key)| key.record.user_id.as_deref() == Some(id)) {
        keys::remove(draft, hash, key)?;
    }
    for (member, place) in directory.teams_of(id) {
        draft.remove(member, place)?;
    }
    for (member, place) in directory.organizations_of(id) {
        draft.remove(member, place)?;
    }
    readdress(draft, id, held.record.user_email.as_deref(), None)?;
    draft.remove(id, held)
}
